#include <algorithm>
#include <filesystem>
#include <ostream>
#include <vector>

#include "apps/commands.h"
#include "apps/commands/tokenizer.h"
#include "apps/flags.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"

namespace attend {
namespace {

const std::string kSentencePiece = "sentencepiece", kWordPiece = "wordpiece", kByteBpe = "byte-bpe";

/// A flag that was given, and the types that know it.
struct GivenFlag {
  const char* name;
  bool is_given;
  std::vector<std::string> types;
};

/// A flag of another type would have no effect.
void check_flags(const TokenizerTrainOptions& options) {
  const VocabularyConfig sentencepiece_defaults;
  const WordPieceVocabularyConfig wordpiece_defaults;
  const std::vector<GivenFlag> flags{
      {"--model", options.model.has_value(), {kSentencePiece, kByteBpe}},
      {"--character-coverage", options.vocabulary.character_coverage != sentencepiece_defaults.character_coverage, {kSentencePiece}},
      {"--source and --target", !options.source.empty() || !options.target.empty(), {kSentencePiece}},
      {"--source-lang", !options.source_language.empty(), {kSentencePiece}},
      {"--target-lang", !options.target_language.empty(), {kSentencePiece}},
      {"--language-codes", !options.language_codes.empty(), {kSentencePiece}},
      {"--cased", options.cased, {kWordPiece}},
      {"--min-frequency", options.wordpiece.min_frequency != wordpiece_defaults.min_frequency, {kWordPiece, kByteBpe}},
      {"--limit-alphabet", options.wordpiece.limit_alphabet.has_value(), {kWordPiece}},
      {"--no-end-of-text", !options.end_of_text, {kByteBpe}}};
  for (const GivenFlag& flag : flags)
    if (flag.is_given && std::find(flag.types.begin(), flag.types.end(), options.type) == flag.types.end())
      throw UserError(std::string(flag.name) + " has no effect with --type " + options.type, std::string("leave ") + flag.name + " out");
}

void check_byte_bpe(const TokenizerTrainOptions& options) {
  const PieceModel model = options.model.value_or(PieceModel::kBpe);
  if (model != PieceModel::kBpe && model != PieceModel::kChar)
    throw UserError("--model " + std::string(enum_name(model)) + " cannot be had with --type byte-bpe", "use --model bpe or --model char");
  if (model == PieceModel::kChar && options.vocabulary.vocab_size != VocabularyConfig{}.vocab_size)
    throw UserError("--vocab-size has no effect with --model char: the bytes that occur in the text are the vocabulary",
                    "leave --vocab-size out");
}

void check_train_options(const TokenizerTrainOptions& options) {
  if (options.type != kSentencePiece && options.type != kWordPiece && options.type != kByteBpe)
    throw UserError("--type '" + options.type + "' is unknown", "use --type sentencepiece, --type wordpiece or --type byte-bpe");
  check_flags(options);
  if (options.type == kByteBpe) check_byte_bpe(options);
  const bool sides = !options.source.empty() || !options.target.empty();
  if (sides && !options.files.empty())
    throw UserError("files were given both with and without --source and --target",
                    "give either FILE... for one model, or both flags for two");
  if (sides && (options.source.empty() || options.target.empty()))
    throw UserError("--source and --target go together", "name the files of both sides");
  if (!sides && options.files.empty()) throw UserError("no text to learn a vocabulary from", "name one or more files");
}

std::int64_t train_sentencepiece(const TokenizerTrainOptions& options) {
  const bool joint = options.source.empty();
  VocabularyConfig vocabulary = options.vocabulary;
  vocabulary.model = options.model.value_or(vocabulary.model);
  return train_marian_tokenizer({.source_files = joint ? options.files : options.source,
                                 .target_files = options.target,
                                 .sides = joint ? Sides::kJoint : Sides::kSeparate,
                                 .vocabulary = vocabulary,
                                 .source_language = options.source_language,
                                 .target_language = options.target_language,
                                 .language_codes = options.language_codes},
                                options.output);
}

std::int64_t train_wordpiece(const TokenizerTrainOptions& options) {
  WordPieceVocabularyConfig vocabulary = options.wordpiece;
  vocabulary.vocab_size = options.vocabulary.vocab_size;
  return train_wordpiece_tokenizer(
      {.files = options.files, .vocabulary = vocabulary, .casing = options.cased ? Casing::kKeep : Casing::kLower}, options.output);
}

std::int64_t train_byte_bpe(const TokenizerTrainOptions& options) {
  const bool single_bytes = options.model == PieceModel::kChar;
  return train_byte_bpe_tokenizer({.files = options.files,
                                   .vocabulary = {.model = single_bytes ? BytePieces::kChar : BytePieces::kBpe,
                                                  .vocab_size = options.vocabulary.vocab_size,
                                                  .min_frequency = options.wordpiece.min_frequency,
                                                  .end_of_text = options.end_of_text}},
                                  options.output);
}

}  // namespace

void add_tokenizer_train(CLI::App& tokenizer) {
  auto options = std::make_shared<TokenizerTrainOptions>();
  CLI::App* command = tokenizer.add_subcommand("train", "Learn a subword vocabulary from text");
  command->add_option("FILE", options->files, "text, one sentence a line: one model of all files");
  command->add_option("--source", options->source, "text of the source language: with --target, a model a side and one vocabulary of both");
  command->add_option("--target", options->target, "text of the target language");
  command->add_option("--output,--output-dir", options->output, "folder to write")->required();
  command->add_option("--type", options->type, "kind of tokenizer: sentencepiece (translation), wordpiece (BERT), byte-bpe (GPT)")
      ->capture_default_str();
  add_field_flag(*command, "--model", options->model,
                 "how text is cut into pieces [unigram with sentencepiece; bpe with byte-bpe, where char is single bytes, no merges]");
  add_config_flags(*command, options->vocabulary, {.without = {"model"}});
  add_config_flags(*command, options->wordpiece, {.group = "WordPiece", .without = {"vocab_size", "min_frequency"}});
  command->add_flag("--cased", options->cased, "keep capitals and accents")->group("WordPiece");
  add_field_flag(*command, "--min-frequency", options->wordpiece.min_frequency, "a piece must be seen as often as this")
      ->group("WordPiece and byte-level BPE");
  add_field_flag(*command, "--end-of-text", options->end_of_text, "whether there is a token <|endoftext|>, the last id")
      ->group("Byte-level BPE");
  command->add_option("--source-lang", options->source_language, "name of the source language, for the folder");
  command->add_option("--target-lang", options->target_language, "name of the target language, for the folder");
  command->add_option("--language-codes", options->language_codes, kLanguageCodesHelp)->delimiter(',');
  add_common(*command, options->common);
  command->footer(
      "Examples:\n"
      "  attend tokenizer train --vocab-size 8000 --output vocabulary train.de train.en\n"
      "  attend tokenizer train --model bpe --vocab-size 8000 --output vocabulary --source train.de --target train.en\n"
      "  attend tokenizer train --type wordpiece --vocab-size 8000 --output vocabulary train.txt\n"
      "  attend tokenizer train --type byte-bpe --vocab-size 8000 --output vocabulary train.txt\n"
      "  attend tokenizer train --type byte-bpe --model char --output characters train.txt");
  set_run(*command, options, run_tokenizer_train);
}

int run_tokenizer_train(const TokenizerTrainOptions& options, std::istream&, std::ostream& out) {
  apply_common(options.common);
  check_train_options(options);
  if (std::filesystem::exists(options.output / "config.json"))
    throw UserError(options.output.string() + " holds a model, whose ids are those of its own vocabulary",
                    "name another folder in --output");
  const std::int64_t size = options.type == kWordPiece ? train_wordpiece(options)
                            : options.type == kByteBpe ? train_byte_bpe(options)
                                                       : train_sentencepiece(options);
  if (options.common.json)
    out << one_line(Json{{"output", options.output.string()}, {"vocab_size", size}}) << '\n';
  else
    out << "vocabulary of " << size << " ids in " << options.output.string() << '\n';
  log_info("use it:  attend tokenizer encode --tokenizer " + options.output.string() + " < text");
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace attend
