// What `attend pretrain transformer` and `attend pretrain lstm` have in common: a translation model of one's own from sentence pairs.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/commands/pretrain_model.h"
#include "apps/commands/translation_data.h"
#include "models/interfaces.h"
#include "tokenizers/marian_tokenizer.h"

namespace attend {

struct PretrainSeq2SeqOptions {
  TrainingRun run;
  TranslationData data;
  PretrainModel model{.preset = "small"};
  std::string tokenizer_model;              ///< unigram, bpe, char, word; "": unigram
  std::vector<std::string> language_codes;  ///< of a learnt tokenizer; none: found in the text
};

/// The fields of every seq2seq configuration that the tokenizer decides.
constexpr auto kDecidedByMarianTokenizer = {"vocab_size", "pad_id", "eos_id", "decoder_start_id"};

/// The configuration with the tokenizer's ids, as MarianMT has them: decoding starts from the padding token.
template <class Config>
Config with_tokenizer(Config config, const MarianTokenizer& tokenizer) {
  config.vocab_size = tokenizer.vocab_size();
  config.pad_id = config.decoder_start_id = tokenizer.pad_id();
  config.eos_id = tokenizer.eos_id();
  config.validate();
  return config;
}

/// The flags of all families: sentence pairs, sizes, tokenizer, training.
void add_pretrain_seq2seq(CLI::App& command, PretrainSeq2SeqOptions& options, const PretrainModelHelp& help);

/// What a family adds.
struct Seq2SeqPretraining {
  std::string command;  ///< "attend pretrain transformer"
  std::function<std::shared_ptr<Seq2SeqModel>(const MarianTokenizer&, std::uint64_t seed, torch::Device device)>
      make;                        ///< a model, its parameters drawn
  Json settings = Json::object();  ///< its own flags, for run.toml
};

/// Learns or copies the tokenizer, makes the model, trains. The caller has checked the sizes. Throws UserError.
int pretrain_seq2seq(PretrainSeq2SeqOptions options, const Seq2SeqPretraining& family, std::ostream& out);

}  // namespace attend
