#include "apps/commands/pretrain_transformer.h"

#include <memory>

#include "apps/command.h"
#include "apps/commands.h"
#include "models/transformer/config.h"
#include "models/transformer/model.h"

namespace attend {
void add_pretrain_transformer(CLI::App& pretrain) {
  auto options = std::make_shared<PretrainSeq2SeqOptions>();
  CLI::App* command = pretrain.add_subcommand("transformer", "The Transformer of Vaswani et al. 2017, for translation");
  add_pretrain_seq2seq(
      *command, *options,
      {.presets = transformer_preset_names(), .sizes = "sizes of the model; base and big are the paper's", .tokenizer = "a tokenizer"});
  command->footer(
      "Examples:\n"
      "  attend pretrain transformer --train-source train.de --train-target train.en --valid-source valid.de --valid-target valid.en \\\n"
      "      --preset small --epochs 20 --output runs/de-en\n"
      "  attend pretrain transformer --config runs/de-en/run.toml --resume\n"
      "  attend pretrain transformer --config runs/de-en/run.toml --set hidden_size=256 --average 5 --output runs/wider");
  set_run(*command, options, run_pretrain_transformer);
}

int run_pretrain_transformer(const PretrainSeq2SeqOptions& options, std::istream&, std::ostream& out) {
  const auto sizes = configured(transformer_preset(options.model.preset), options.model, kDecidedByMarianTokenizer);
  check_before_learning(sizes);
  const auto make = [&](const MarianTokenizer& tokenizer, std::uint64_t seed, torch::Device device) {
    return make_transformer(with_tokenizer(sizes, tokenizer), seed, device);
  };
  return pretrain_seq2seq(options, {.command = "attend pretrain transformer", .make = make}, out);
}

}  // namespace attend
