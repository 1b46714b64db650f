// What the commands on models that read text share: the folder's tokenizer, and the columns of tables.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "apps/common.h"
#include "apps/text_input.h"
#include "core/fields.h"
#include "data/table.h"
#include "models/text_model.h"
#include "tokenizers/byte_bpe_tokenizer.h"
#include "tokenizers/wordpiece_tokenizer.h"
#include "tokenizers/input_encoder.h"
#include "training/objectives/text_examples.h"

namespace attend {

template <>
struct EnumNames<Header> {
  static constexpr std::array values{std::pair{Header::kAuto, "auto"}, std::pair{Header::kYes, "yes"}, std::pair{Header::kNo, "no"}};
};

template <>
struct EnumNames<BadRows> {
  static constexpr std::array values{std::pair{BadRows::kRefuse, "refuse"}, std::pair{BadRows::kSkip, "skip"}};
};
inline constexpr const char* kBadRowsHelp =
    "rows of another width, empty labels, ill-formed text: refuse the file with the line, or leave them out and count them";

/// Throws UserError for a folder that is not there or holds no WordPiece tokenizer.
std::shared_ptr<const WordPieceTokenizer> load_wordpiece(const std::filesystem::path& folder);

/// Throws UserError for a folder that is not there or holds no byte-level BPE tokenizer.
std::shared_ptr<const ByteBpeTokenizer> load_byte_bpe(const std::filesystem::path& folder);
/// The same of any tokenizer that load_input_encoder() knows.
std::shared_ptr<const InputEncoder> load_encoder(const std::filesystem::path& folder);

/// --text, --text-pair, --label, --header and --bad-rows.
void add_table_columns(CLI::App& command, TextColumns& columns, TableForm& form);

/// Throws UserError for pairs where they need more segments than the model has.
void require_segments(const TextModel& model, const InputEncoder& encoder, const TextColumns& columns);

/// How much of a text a model reads: as much as the folder's tokenizer says that it was trained on (model_max_length), where that says
/// anything, and at most its positions.
std::int64_t reading_length(const TextModel& model, std::int64_t model_max_length);

inline constexpr const char* kMaxLengthHelp =
    "most tokens of a text, special ones counted [the tokenizer's model_max_length, which is that of training]";

/// Throws UserError where the tokenizer has more ids than the model.
void require_vocabulary(const TextModel& model, std::int64_t vocab_size);

/// What every command is told that answers text line by line.
struct LineOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::filesystem::path text = "-";
  std::optional<std::int64_t> max_length;  ///< tokens of a line; else reading_length()
};

/// --model, FILE and --max-length; `lines` says what a line holds.
void add_line_flags(CLI::App& command, LineOptions& options, const std::string& lines);

/// --max-length, or reading_length(). Throws UserError where the model has fewer positions.
std::int64_t length_to_read(const LineOptions& options, const TextModel& model, std::int64_t model_max_length);

/// A line of text, or of text<TAB>text, with its special tokens; cut, with a warning that names the line, where it is longer than
/// `length`. Throws UserError for a second TAB, and a pair that needs more segments than the model has.
TextExample encode_line(const InputEncoder& encoder, const TextModel& model, const InputLine& line, std::int64_t length);

}  // namespace attend
