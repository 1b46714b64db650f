// Flags of the commands on models that read text: lines, and the columns of tables.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/common.h"
#include "apps/text_input.h"
#include "core/fields.h"
#include "data/table.h"
#include "inference/folders.h"
#include "inference/translator.h"
#include "models/text_model.h"
#include "tokenizers/input_encoder.h"
#include "tokenizers/unknown_tokens.h"

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

/// --text, --text-pair, --label, --header and --bad-rows.
void add_table_columns(CLI::App& command, TextColumns& columns, TableForm& form);

/// Throws UserError for pairs where they need more segments than the model has.
void require_segments(const TextModel& model, const InputEncoder& encoder, const TextColumns& columns);

inline constexpr const char* kMaxLengthHelp =
    "most tokens of a text, special ones counted [the tokenizer's model_max_length, which is that of training]";

/// What every command is told that answers text line by line.
struct LineOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::filesystem::path text = "-";
  std::optional<std::int64_t> max_length;  ///< tokens of a line; else length_to_read()
};

/// --model, FILE and --max-length; `lines` says what a line holds.
void add_line_flags(CLI::App& command, LineOptions& options, const std::string& lines);

/// The folder of a model that continues text, with what it says and is not followed told.
CausalFolder open_causal_folder(const std::filesystem::path& folder, const LoadOptions& options);

/// Tells what is to be told of lines' answers.
class LineWarnings {
 public:
  void tell(std::uint64_t line_number, const std::vector<std::string>& warnings, const UnknownShare& unknown = {});
  void tell(std::uint64_t line_number, const TranslatedLine& line);

 private:
  UnknownLines unknown_;
  bool code_was_told_ = false;
};

/// What is to be told of a folder.
void tell_folder(const std::vector<std::string>& warnings);

/// The texts of lines.
std::vector<std::string> texts_of(const std::vector<InputLine>& lines);

}  // namespace attend
