#include "apps/commands/text_flags.h"

#include "apps/flags.h"
#include "core/error.h"
#include "core/log.h"

namespace attend {

void add_table_columns(CLI::App& command, TextColumns& columns, TableForm& form) {
  command.add_option("--text", columns.text, "column of the text: a name where the file has a header, else a number from 0")->required();
  command.add_option("--text-pair", columns.text_pair, "column of the second text of a pair");
  command.add_option("--label", columns.label, "column of the label")->required();
  add_field_flag(command, "--header", form.header, "whether the first line names the columns");
  add_field_flag(command, "--bad-rows", form.bad_rows, kBadRowsHelp);
}

void require_segments(const TextModel& model, const InputEncoder& encoder, const TextColumns& columns) {
  if (!columns.text_pair.empty() && model.num_segments() < encoder.num_pair_segments())
    throw UserError("--text-pair is given, and the model has one segment only (type_vocab_size 1)",
                    "leave --text-pair out, or use a model for pairs");
}

void add_line_flags(CLI::App& command, LineOptions& options, const std::string& lines) {
  command.add_option("--model", options.model, "model folder")->required();
  command.add_option("FILE", options.text, lines + "; - is standard input")->capture_default_str();
  add_field_flag(command, "--max-length,--max-seq-length", options.max_length, kMaxLengthHelp);
}

CausalFolder open_causal_folder(const std::filesystem::path& folder, const LoadOptions& options) {
  CausalFolder loaded = load_causal_folder(folder, options);
  tell_folder(loaded.warnings);
  return loaded;
}

void LineWarnings::tell(std::uint64_t line_number, const std::vector<std::string>& warnings, const UnknownShare& unknown) {
  unknown_.look_at(unknown, line_number);
  for (const std::string& warning : warnings) log_warning("line " + std::to_string(line_number) + " " + warning);
}

void LineWarnings::tell(std::uint64_t line_number, const TranslatedLine& line) {
  tell(line_number, line.warnings, line.unknown);
  if (line.unknown_code.empty() || code_was_told_) return;
  code_was_told_ = true;
  log_warning("line " + std::to_string(line_number) + " begins with '" + excerpt(line.unknown_code) +
              "', which is no language code of the vocabulary: it is one unknown token. With a blank in front it is read as text "
              "(further lines are not told)");
}

void tell_folder(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) log_warning(warning);
}

std::vector<std::string> texts_of(const std::vector<InputLine>& lines) {
  std::vector<std::string> texts;
  for (const InputLine& line : lines) texts.push_back(line.text);
  return texts;
}

}  // namespace attend
