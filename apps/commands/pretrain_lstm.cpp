// attend pretrain lstm: what translated before the Transformer, with each kind of attention that it had.
#include <algorithm>
#include <memory>

#include "apps/command.h"
#include "apps/commands.h"
#include "apps/commands/pretrain_seq2seq.h"
#include "apps/flags.h"
#include "core/error.h"
#include "core/log.h"
#include "models/lstm/config.h"
#include "models/lstm/model.h"

namespace attend {
namespace {

struct PretrainLstmOptions {
  PretrainSeq2SeqOptions pretraining;
  SourceAttention attention = SourceAttention::kGlobal;
  AlignmentScore score = AlignmentScore::kGeneral;
};

LstmConfig chosen_sizes(const PretrainLstmOptions& options) {
  const PretrainModel& model = options.pretraining.model;
  LstmConfig config = configured(lstm_preset(model.preset), model, kDecidedByMarianTokenizer);
  for (std::string setting : model.settings) {
    std::replace(setting.begin(), setting.begin() + static_cast<std::ptrdiff_t>(std::min(setting.find('='), setting.size())), '-', '_');
    if (setting.starts_with("attention=") || setting.starts_with("score="))
      throw UserError("--set " + setting + " has no effect: the flag of that name decides", "write --" + setting);
    for (const auto& [prefix, kind] : {std::pair{"local_", SourceAttention::kLocal}, {"hard_", SourceAttention::kHard}})
      if (setting.starts_with(prefix) && options.attention != kind)
        throw UserError("--set " + setting + " has no effect with --attention " + std::string(enum_name(options.attention)),
                        "leave it out");
  }
  config.attention = options.attention;
  config.score = options.score;
  if (options.score != AlignmentScore::kGeneral && !config.looks())
    throw UserError("--score has no effect without attention", "write --score general, or name another --attention");
  return config;
}

int run_pretrain_lstm(const PretrainLstmOptions& options, std::istream&, std::ostream& out) {
  const LstmConfig sizes = chosen_sizes(options);
  check_before_learning(sizes);
  if (sizes.attention == SourceAttention::kHard && sizes.hard_baseline == HardBaseline::kNone)
    log_warning("hard_baseline is none: REINFORCE without a baseline learns slowly or not at all; mean is the default");
  Seq2SeqPretraining family{.command = "attend pretrain lstm",
                            .make = [&](const MarianTokenizer& tokenizer, std::uint64_t seed, torch::Device device) {
                              return make_lstm(with_tokenizer(sizes, tokenizer), seed, device);
                            }};
  family.settings["attention"] = std::string(enum_name(options.attention));
  family.settings["score"] = std::string(enum_name(options.score));
  return pretrain_seq2seq(options.pretraining, family, out);
}

}  // namespace

void add_pretrain_lstm(CLI::App& pretrain) {
  auto options = std::make_shared<PretrainLstmOptions>();
  CLI::App* command = pretrain.add_subcommand("lstm", "An LSTM with or without attention (Luong et al. 2015), for translation");
  add_pretrain_seq2seq(*command, options->pretraining,
                       {.presets = lstm_preset_names(), .sizes = "sizes of the model; luong is the paper's", .tokenizer = "a tokenizer"});
  add_field_flag(*command, "--attention", options->attention, "what the decoder sees of the source");
  add_field_flag(*command, "--score", options->score, "how well a source state fits the decoder's");
  command->footer(
      "Examples:\n"
      "  attend pretrain lstm --train-source train.de --train-target train.en --valid-source valid.de --valid-target valid.en \\\n"
      "      --attention global --epochs 10 --output runs/lstm\n"
      "  attend pretrain lstm --train-source train.de --train-target train.en --attention hard --set hard_reward=0.5 --output runs/hard\n"
      "  attend pretrain lstm --config runs/lstm/run.toml --resume");
  set_run(*command, options, run_pretrain_lstm);
}

}  // namespace attend
