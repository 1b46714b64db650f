#include "apps/commands/tokenizer.h"

#include <charconv>
#include <memory>
#include <ostream>
#include <tuple>

#include "apps/flags.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "tokenizers/marian_tokenizer.h"
#include "tokenizers/sentencepiece_tokenizer.h"
#include "tokenizers/wordpiece_tokenizer.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

/// A tokenizer of any kind, and what its model's template needs: the token that ends a sentence, or BERT's own.
struct OpenTokenizer {
  std::shared_ptr<const Tokenizer> tokenizer;
  std::optional<std::int32_t> eos = {};
  std::string eos_piece = {};
  std::shared_ptr<const WordPieceTokenizer> wordpiece = {};
};

/// The one SentencePiece file of a folder.
fs::path lone_model(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".spm" || entry.path().extension() == ".model") found.push_back(entry.path());
  if (found.size() == 1) return found.front();
  throw UserError(folder.string() + " holds " + (found.empty() ? "no" : std::to_string(found.size())) +
                      " SentencePiece models; expected source.spm, target.spm and vocab.json, one .spm or .model file, or BERT's vocab.txt",
                  "make one with 'attend tokenizer train', or name the file");
}

OpenTokenizer open_tokenizer(const fs::path& path, std::optional<Side> side, Side usual_side) {
  if (!fs::exists(path)) throw UserError("--tokenizer " + path.string() + ": there is no such file or folder");
  if (fs::is_directory(path) && MarianTokenizer::present_in(path)) {
    const auto marian = std::make_shared<const MarianTokenizer>(path);
    const Tokenizer& tokenizer = side.value_or(usual_side) == Side::kSource ? marian->source() : marian->target();
    return {.tokenizer = {marian, &tokenizer}, .eos = static_cast<std::int32_t>(marian->eos_id()), .eos_piece = marian->eos_piece()};
  }
  if (side)
    throw UserError("--side " + std::string(enum_name(*side)) + " has no effect: " + path.string() + " has one side only",
                    "leave --side out");
  if (fs::is_directory(path) && WordPieceTokenizer::present_in(path)) {
    const auto wordpiece = std::make_shared<const WordPieceTokenizer>(path);
    return {.tokenizer = wordpiece, .wordpiece = wordpiece};
  }
  return {.tokenizer = std::make_shared<const SentencePieceTokenizer>(fs::is_directory(path) ? lone_model(path) : path)};
}

/// Answers each line as it comes: flushed where no further line is waiting.
template <class Answer>
void answer_lines(std::istream& in, std::ostream& out, const Answer& answer) {
  LineReader lines(in, "standard input");
  for (std::string line; lines.next(line);) {
    out << answer(line, lines.line_number()) << '\n';
    if (in.rdbuf()->in_avail() <= 0) out.flush();
  }
}

std::vector<std::string_view> split_at_spaces(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t begin = 0; (begin = line.find_first_not_of(" \t", begin)) != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(" \t", begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

template <class Items>
std::string joined(const Items& items) {
  std::string text;
  for (const auto& item : items) {
    if (!text.empty()) text += ' ';
    if constexpr (std::is_arithmetic_v<std::decay_t<decltype(item)>>)
      text += std::to_string(item);
    else
      text += item;
  }
  return text;
}

std::int32_t read_id(std::string_view word, std::int64_t vocab_size) {
  std::int32_t id = -1;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
  if (error == std::errc::invalid_argument || end != word.data() + word.size())
    throw UserError("'" + excerpt(word) + "' is not a token id", "for pieces instead of ids give --pieces");
  if (error != std::errc{} || id < 0 || id >= vocab_size)
    throw UserError("token id " + excerpt(word) + " is not in the vocabulary; expected 0 to " + std::to_string(vocab_size - 1));
  return id;
}

std::int32_t read_piece(std::string_view word, const Tokenizer& tokenizer) {
  const auto id = tokenizer.id_of(word);
  if (!id) throw UserError("the vocabulary has no piece '" + excerpt(word) + "'");
  return *id;
}

/// A flag of the other type would have no effect.
void check_type(const TokenizerTrainOptions& options) {
  if (options.type == "byte-bpe") throw UserError("--type byte-bpe cannot be trained yet", "use --type sentencepiece or --type wordpiece");
  if (options.type != "sentencepiece" && options.type != "wordpiece")
    throw UserError("--type '" + options.type + "' is unknown", "use --type sentencepiece or --type wordpiece");
  const bool wordpiece = options.type == "wordpiece";
  const VocabularyConfig sentencepiece_defaults;
  const WordPieceVocabularyConfig wordpiece_defaults;
  const std::initializer_list<std::tuple<const char*, bool, bool>> given{
      {"--model", false, options.vocabulary.model != sentencepiece_defaults.model},
      {"--character-coverage", false, options.vocabulary.character_coverage != sentencepiece_defaults.character_coverage},
      {"--source and --target", false, !options.source.empty() || !options.target.empty()},
      {"--source-lang", false, !options.source_language.empty()},
      {"--target-lang", false, !options.target_language.empty()},
      {"--cased", true, options.cased},
      {"--min-frequency", true, options.wordpiece.min_frequency != wordpiece_defaults.min_frequency},
      {"--limit-alphabet", true, options.wordpiece.limit_alphabet != wordpiece_defaults.limit_alphabet}};
  for (const auto& [flag, belongs_to_wordpiece, is_given] : given)
    if (is_given && belongs_to_wordpiece != wordpiece)
      throw UserError(std::string(flag) + " has no effect with --type " + options.type, std::string("leave ") + flag + " out");
}

void check_train_options(const TokenizerTrainOptions& options) {
  check_type(options);
  const bool sides = !options.source.empty() || !options.target.empty();
  if (sides && !options.files.empty())
    throw UserError("files were given both with and without --source and --target",
                    "give either FILE... for one model, or both flags for two");
  if (sides && (options.source.empty() || options.target.empty()))
    throw UserError("--source and --target go together", "name the files of both sides");
  if (!sides && options.files.empty()) throw UserError("no text to learn a vocabulary from", "name one or more files");
}

void add_train(CLI::App& parent) {
  auto options = std::make_shared<TokenizerTrainOptions>();
  CLI::App* command = parent.add_subcommand("train", "Learn a subword vocabulary from text");
  command->add_option("FILE", options->files, "text, one sentence a line: one model of all files");
  command->add_option("--source", options->source, "text of the source language: with --target, a model a side and one vocabulary of both");
  command->add_option("--target", options->target, "text of the target language");
  command->add_option("--output,--output-dir", options->output, "folder to write")->required();
  command->add_option("--type", options->type, "kind of tokenizer: sentencepiece (translation), wordpiece (BERT)")->capture_default_str();
  add_config_flags(*command, options->vocabulary);
  add_config_flags(*command, options->wordpiece, {.group = "WordPiece", .without = {"vocab_size"}});
  command->add_flag("--cased", options->cased, "keep capitals and accents")->group("WordPiece");
  command->add_option("--source-lang", options->source_language, "name of the source language, for the folder");
  command->add_option("--target-lang", options->target_language, "name of the target language, for the folder");
  add_common(*command, options->common);
  command->footer(
      "Examples:\n"
      "  attend tokenizer train --vocab-size 8000 --output vocabulary train.de train.en\n"
      "  attend tokenizer train --model bpe --vocab-size 8000 --output vocabulary --source train.de --target train.en\n"
      "  attend tokenizer train --type wordpiece --vocab-size 8000 --output vocabulary train.txt");
  set_run(*command, options, run_tokenizer_train);
}

template <class Options>
void add_tokenizer_flags(CLI::App& command, Options& options, const std::string& usual_side) {
  command
      .add_option("--tokenizer", options.tokenizer, "folder with a tokenizer (SentencePiece or WordPiece), or a SentencePiece model file")
      ->required();
  command
      .add_option_function<std::string>(
          "--side",
          [&options](const std::string& name) {
            options.side = enum_from_name<Side>(name);
            if (!options.side) throw CLI::ValidationError("--side", "'" + name + "' is not one of " + enum_choices<Side>());
          },
          "language side of a translation model's tokenizer [" + usual_side + "]")
      ->type_name(enum_choices<Side>());
  add_common(command, options.common);
}

std::int64_t train_sentencepiece(const TokenizerTrainOptions& options) {
  const bool joint = options.source.empty();
  return train_marian_tokenizer({.source_files = joint ? options.files : options.source,
                                 .target_files = options.target,
                                 .sides = joint ? Sides::kJoint : Sides::kSeparate,
                                 .vocabulary = options.vocabulary,
                                 .source_language = options.source_language,
                                 .target_language = options.target_language},
                                options.output);
}

std::int64_t train_wordpiece(const TokenizerTrainOptions& options) {
  WordPieceVocabularyConfig vocabulary = options.wordpiece;
  vocabulary.vocab_size = options.vocabulary.vocab_size;
  return train_wordpiece_tokenizer(
      {.files = options.files, .vocabulary = vocabulary, .casing = options.cased ? Casing::kKeep : Casing::kLower}, options.output);
}

/// What a line becomes. `type_ids` says which text an id belongs to, where the template does.
struct Encoded {
  std::vector<std::int32_t> ids, type_ids = {};
  std::vector<std::string> pieces = {};
};

Encoded encode_wordpiece(const TokenizerEncodeOptions& options, const WordPieceTokenizer& tokenizer, std::string_view line) {
  std::string_view first = line;
  std::optional<std::string_view> second;
  if (options.pair) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos) throw UserError("there is no tab; --pair expects two texts with a tab between them");
    first = line.substr(0, tab);
    second = line.substr(tab + 1);
  }
  EncodedInput input = tokenizer.encode_input(first, second);
  Encoded encoded;
  for (std::size_t i = 0; i < input.ids.size(); ++i) {
    if (!options.special && input.words[i] < 0) continue;
    encoded.ids.push_back(input.ids[i]);
    encoded.type_ids.push_back(input.type_ids[i]);
    encoded.pieces.push_back(tokenizer.piece(input.ids[i]));
  }
  return encoded;
}

Encoded encode_sentencepiece(const TokenizerEncodeOptions& options, const OpenTokenizer& open, const std::string& line) {
  Encoded encoded;
  if (options.ids || options.common.json) encoded.ids = open.tokenizer->encode(line);
  if (!options.ids || options.common.json) encoded.pieces = open.tokenizer->pieces(line);
  if (options.special && !line.empty()) {  // an empty line answers an empty line
    encoded.ids.push_back(*open.eos);
    encoded.pieces.push_back(open.eos_piece);
  }
  return encoded;
}

}  // namespace

void add_tokenizer(CLI::App& app) {
  CLI::App* command = app.add_subcommand("tokenizer", "Learn a vocabulary, encode and decode text");
  command->require_subcommand(1);
  command->footer(
      "Examples:\n  attend tokenizer train --vocab-size 8000 --output vocabulary train.de train.en\n  attend tokenizer encode --tokenizer "
      "vocabulary < text");
  add_train(*command);

  auto encode = std::make_shared<TokenizerEncodeOptions>();
  CLI::App* encode_command = command->add_subcommand("encode", "Text to pieces or ids, a line a line");
  add_tokenizer_flags(*encode_command, *encode, "source");
  encode_command->add_flag("--ids", encode->ids, "print ids instead of pieces");
  encode_command->add_flag("--special", encode->special, "add the tokens that the model puts around a sentence");
  encode_command->add_flag("--pair", encode->pair, "read two texts a line, with a tab between them");
  encode_command->footer(
      "Examples:\n  echo 'Two dogs are playing.' | attend tokenizer encode --tokenizer vocabulary\n"
      "  attend tokenizer encode --tokenizer runs/de-en --ids --side target < text.en\n"
      "  attend tokenizer encode --tokenizer models/bert --ids --special --pair < first-tab-second");
  set_run(*encode_command, encode, run_tokenizer_encode);

  auto decode = std::make_shared<TokenizerDecodeOptions>();
  CLI::App* decode_command = command->add_subcommand("decode", "Ids to text, a line a line");
  add_tokenizer_flags(*decode_command, *decode, "target");
  decode_command->add_flag("--pieces", decode->pieces, "read pieces instead of ids");
  decode_command->footer(
      "Examples:\n  attend tokenizer decode --tokenizer vocabulary < ids\n"
      "  attend tokenizer encode --tokenizer vocabulary < text | attend tokenizer decode --tokenizer vocabulary --pieces");
  set_run(*decode_command, decode, run_tokenizer_decode);
}

int run_tokenizer_train(const TokenizerTrainOptions& options, std::istream&, std::ostream& out) {
  apply_common(options.common);
  check_train_options(options);
  const std::int64_t size = options.type == "wordpiece" ? train_wordpiece(options) : train_sentencepiece(options);
  if (options.common.json)
    out << Json{{"output", options.output.string()}, {"vocab_size", size}}.dump() << '\n';
  else
    out << "vocabulary of " << size << " ids in " << options.output.string() << '\n';
  log_info("use it:  attend tokenizer encode --tokenizer " + options.output.string() + " < text");
  return static_cast<int>(ExitCode::kDone);
}

int run_tokenizer_encode(const TokenizerEncodeOptions& options, std::istream& in, std::ostream& out) {
  apply_common(options.common);
  const OpenTokenizer open = open_tokenizer(options.tokenizer, options.side, Side::kSource);
  if (options.special && !open.eos && !open.wordpiece)
    throw UserError("--special has no effect: " + options.tokenizer.string() + " is a model file without a template",
                    "leave --special out");
  if (options.pair && !open.wordpiece)
    throw UserError("--pair has no effect: the model of " + options.tokenizer.string() + " takes one text", "leave --pair out");
  answer_lines(in, out, [&](const std::string& line, std::uint64_t number) -> std::string {
    Encoded encoded;
    try {
      if (open.wordpiece && !line.empty())
        encoded = encode_wordpiece(options, *open.wordpiece, line);
      else if (!open.wordpiece)
        encoded = encode_sentencepiece(options, open, line);
    } catch (const UserError& error) {
      throw UserError("standard input, line " + std::to_string(number) + ": " + error.what(), error.hint());
    }
    if (!options.common.json) return options.ids ? joined(encoded.ids) : joined(encoded.pieces);
    Json json{{"ids", encoded.ids}, {"pieces", encoded.pieces}};
    if (open.wordpiece) json["type_ids"] = encoded.type_ids;
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  });
  return static_cast<int>(ExitCode::kDone);
}

int run_tokenizer_decode(const TokenizerDecodeOptions& options, std::istream& in, std::ostream& out) {
  apply_common(options.common);
  const OpenTokenizer open = open_tokenizer(options.tokenizer, options.side, Side::kTarget);
  answer_lines(in, out, [&](const std::string& line, std::uint64_t number) -> std::string {
    std::vector<std::int32_t> ids;
    std::string text;
    try {
      for (const std::string_view word : split_at_spaces(line))
        ids.push_back(options.pieces ? read_piece(word, *open.tokenizer) : read_id(word, open.tokenizer->vocab_size()));
      text = open.tokenizer->decode(ids);
    } catch (const UserError& error) {
      throw UserError("standard input, line " + std::to_string(number) + ": " + error.what(), error.hint());
    }
    if (options.common.json) return Json{{"text", text}}.dump(-1, ' ', false, Json::error_handler_t::replace);
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos;) text.replace(at, 1, "\\n");  // one line out
    return text;
  });
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace attend
