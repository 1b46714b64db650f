#include "apps/commands/tokenizer.h"

#include <charconv>
#include <memory>
#include <ostream>

#include "apps/flags.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "tokenizers/marian_tokenizer.h"
#include "tokenizers/sentencepiece_tokenizer.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

/// A tokenizer of either kind, and the token that ends a sentence where the model has a template.
struct OpenTokenizer {
  std::shared_ptr<const Tokenizer> tokenizer;
  std::optional<std::int32_t> eos;
  std::string eos_piece;
};

/// The one SentencePiece file of a folder.
fs::path lone_model(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".spm" || entry.path().extension() == ".model") found.push_back(entry.path());
  if (found.size() == 1) return found.front();
  throw UserError(folder.string() + " holds " + (found.empty() ? "no" : std::to_string(found.size())) +
                      " SentencePiece models; expected source.spm, target.spm and vocab.json, or one .spm or .model file",
                  "make one with 'attend tokenizer train', or name the file");
}

OpenTokenizer open_tokenizer(const fs::path& path, std::optional<Side> side, Side usual_side) {
  if (!fs::exists(path)) throw UserError("--tokenizer " + path.string() + ": there is no such file or folder");
  if (fs::is_directory(path) && MarianTokenizer::present_in(path)) {
    const auto marian = std::make_shared<const MarianTokenizer>(path);
    const Tokenizer& tokenizer = side.value_or(usual_side) == Side::kSource ? marian->source() : marian->target();
    return {{marian, &tokenizer}, static_cast<std::int32_t>(marian->eos_id()), marian->eos_piece()};
  }
  if (side)
    throw UserError("--side " + std::string(enum_name(*side)) + " has no effect: " + path.string() + " has one side only",
                    "leave --side out");
  return {std::make_shared<const SentencePieceTokenizer>(fs::is_directory(path) ? lone_model(path) : path), std::nullopt, {}};
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

void check_train_options(const TokenizerTrainOptions& options) {
  if (options.type == "wordpiece" || options.type == "byte-bpe")
    throw UserError("--type " + options.type + " cannot be trained yet", "use --type sentencepiece");
  if (options.type != "sentencepiece") throw UserError("--type '" + options.type + "' is unknown", "use --type sentencepiece");
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
  command->add_option("--type", options->type, "kind of tokenizer: sentencepiece")->capture_default_str();
  add_config_flags(*command, options->vocabulary);
  command->add_option("--source-lang", options->source_language, "name of the source language, for the folder");
  command->add_option("--target-lang", options->target_language, "name of the target language, for the folder");
  add_common(*command, options->common);
  command->footer(
      "Examples:\n"
      "  attend tokenizer train --vocab-size 8000 --output vocabulary train.de train.en\n"
      "  attend tokenizer train --model bpe --vocab-size 8000 --output vocabulary --source train.de --target train.en");
  set_run(*command, options, run_tokenizer_train);
}

template <class Options>
void add_tokenizer_flags(CLI::App& command, Options& options, const std::string& usual_side) {
  command.add_option("--tokenizer", options.tokenizer, "folder with a tokenizer, or a SentencePiece model file")->required();
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
  encode_command->footer(
      "Examples:\n  echo 'Two dogs are playing.' | attend tokenizer encode --tokenizer vocabulary\n"
      "  attend tokenizer encode --tokenizer runs/de-en --ids --side target < text.en");
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
  const bool joint = options.source.empty();
  const std::int64_t size = train_marian_tokenizer({.source_files = joint ? options.files : options.source,
                                                    .target_files = options.target,
                                                    .sides = joint ? Sides::kJoint : Sides::kSeparate,
                                                    .vocabulary = options.vocabulary,
                                                    .source_language = options.source_language,
                                                    .target_language = options.target_language},
                                                   options.output);
  if (options.common.json)
    out << Json{{"output", options.output.string()}, {"vocab_size", size}}.dump() << '\n';
  else
    out << "vocabulary of " << size << " ids in " << options.output.string() << '\n';
  log_info("use it:  attend tokenizer encode --tokenizer " + options.output.string() + " < text");
  return static_cast<int>(ExitCode::kDone);
}

int run_tokenizer_encode(const TokenizerEncodeOptions& options, std::istream& in, std::ostream& out) {
  apply_common(options.common);
  const auto [tokenizer, eos, eos_piece] = open_tokenizer(options.tokenizer, options.side, Side::kSource);
  if (options.special && !eos)
    throw UserError("--special has no effect: " + options.tokenizer.string() + " is a model file without a template",
                    "leave --special out");
  answer_lines(in, out,
               [&, &tokenizer = *tokenizer, eos = eos, &eos_piece = eos_piece](const std::string& line, std::uint64_t) -> std::string {
                 const bool special = options.special && !line.empty();  // an empty line answers an empty line
                 std::vector<std::int32_t> ids;
                 std::vector<std::string> pieces;
                 if (options.ids || options.common.json) ids = tokenizer.encode(line);
                 if (!options.ids || options.common.json) pieces = tokenizer.pieces(line);
                 if (special) {
                   ids.push_back(*eos);
                   pieces.push_back(eos_piece);
                 }
                 if (options.common.json)
                   return Json{{"ids", ids}, {"pieces", pieces}}.dump(-1, ' ', false, Json::error_handler_t::replace);
                 return options.ids ? joined(ids) : joined(pieces);
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
