#include "apps/commands/tokenizer.h"

#include <charconv>
#include <memory>
#include <ostream>

#include "apps/commands.h"
#include "apps/flags.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "core/text.h"

namespace attend {
namespace {

struct TokenizerEncodeOptions {
  CommonOptions common;
  std::filesystem::path tokenizer;
  std::optional<Side> side;  ///< source where not given
  bool ids = false, special = false, pair = false;
};

struct TokenizerDecodeOptions {
  CommonOptions common;
  std::filesystem::path tokenizer;
  std::optional<Side> side;  ///< target where not given
  bool pieces = false;
};

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

template <class Options>
void add_tokenizer_flags(CLI::App& command, Options& options, const std::string& usual_side) {
  command
      .add_option("--tokenizer", options.tokenizer,
                  "folder with a tokenizer (SentencePiece, WordPiece or byte-level BPE), or a SentencePiece model file")
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

Encoded encode_plain(const TokenizerEncodeOptions& options, const OpenTokenizer& open, const std::string& line) {
  Encoded encoded;
  if (options.ids || options.common.json) encoded.ids = open.tokenizer->encode(line);
  if (!options.ids || options.common.json) encoded.pieces = open.tokenizer->pieces(line);
  if (!options.special || line.empty()) return encoded;  // an empty line answers an empty line
  if (open.bos) {
    encoded.ids.insert(encoded.ids.begin(), *open.bos);
    encoded.pieces.insert(encoded.pieces.begin(), open.bos_piece);
  }
  if (open.eos) {
    encoded.ids.push_back(*open.eos);
    encoded.pieces.push_back(open.eos_piece);
  }
  return encoded;
}

/// A line of pieces or ids for each line of text, or of two texts with a tab between them.
int run_tokenizer_encode(const TokenizerEncodeOptions& options, std::istream& in, std::ostream& out) {
  apply_common(options.common);
  const OpenTokenizer open = open_tokenizer(options.tokenizer, options.side, Side::kSource);
  if (options.special && !open.bos && !open.eos && !open.wordpiece)
    throw UserError("--special has no effect: " + options.tokenizer.string() + " has no template that adds tokens", "leave --special out");
  if (options.pair && !open.wordpiece)
    throw UserError("--pair has no effect: the model of " + options.tokenizer.string() + " takes one text", "leave --pair out");
  answer_lines(in, out, [&](const std::string& line, std::uint64_t number) -> std::string {
    Encoded encoded;
    if (!is_valid_utf8(line))
      log_warning("line " + std::to_string(number) + " is not UTF-8; the bytes that are wrong were replaced by U+FFFD");
    try {
      if (open.wordpiece && !line.empty())
        encoded = encode_wordpiece(options, *open.wordpiece, line);
      else if (!open.wordpiece)
        encoded = encode_plain(options, open, line);
    } catch (const UserError& error) {
      throw UserError("standard input, line " + std::to_string(number) + ": " + error.what(), error.hint());
    }
    if (!options.common.json) return options.ids ? joined(encoded.ids) : joined(encoded.pieces);
    Json json{{"ids", encoded.ids}, {"pieces", encoded.pieces}};
    if (open.wordpiece) json["type_ids"] = encoded.type_ids;
    return one_line(json);
  });
  return static_cast<int>(ExitCode::kDone);
}

/// A line of text for each line of ids or pieces. Throws UserError, with the line, for one that the vocabulary lacks.
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
    if (options.common.json) return one_line(Json{{"text", text}});
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos;) text.replace(at, 1, "\\n");  // one line out
    return text;
  });
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void add_tokenizer(CLI::App& app) {
  CLI::App* command = app.add_subcommand("tokenizer", "Learn a vocabulary, encode and decode text");
  command->require_subcommand(1);
  command->footer(
      "Examples:\n  attend tokenizer train --vocab-size 8000 --output vocabulary train.de train.en\n  attend tokenizer encode --tokenizer "
      "vocabulary < text");
  add_tokenizer_train(*command);

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
  decode_command->description("Ids to text, a line a line; a line break inside a text is written as \\n, with --json as it is");
  decode_command->footer(
      "Examples:\n  attend tokenizer decode --tokenizer vocabulary < ids\n"
      "  attend tokenizer encode --tokenizer vocabulary < text | attend tokenizer decode --tokenizer vocabulary --pieces");
  set_run(*decode_command, decode, run_tokenizer_decode);
}

}  // namespace attend
