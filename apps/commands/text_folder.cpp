#include "apps/commands/text_folder.h"

#include <algorithm>

#include "apps/flags.h"
#include "core/error.h"
#include "core/log.h"

namespace attend {
namespace {

void require_model_folder(const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder))
    throw UserError(folder.string() + ": there is no such folder", "give --model a model's folder, as `attend pretrain` writes");
}

}  // namespace

std::shared_ptr<const WordPieceTokenizer> load_wordpiece(const std::filesystem::path& folder) {
  require_model_folder(folder);
  if (!WordPieceTokenizer::present_in(folder))
    throw UserError(folder.string() + " holds no tokenizer; expected vocab.txt or tokenizer.json",
                    "copy it beside the model from where it was trained");
  return std::make_shared<const WordPieceTokenizer>(folder);
}

std::shared_ptr<const ByteBpeTokenizer> load_byte_bpe(const std::filesystem::path& folder) {
  require_model_folder(folder);
  if (!ByteBpeTokenizer::present_in(folder))
    throw UserError(folder.string() + " holds no tokenizer; expected tokenizer.json, or vocab.json and merges.txt",
                    "copy it beside the model from where it was trained");
  return std::make_shared<const ByteBpeTokenizer>(folder);
}

std::shared_ptr<const InputEncoder> load_encoder(const std::filesystem::path& folder) {
  require_model_folder(folder);
  return load_input_encoder(folder);
}

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

std::int64_t reading_length(const TextModel& model, std::int64_t model_max_length) {
  return model_max_length > 0 ? std::min(model_max_length, model.max_positions()) : model.max_positions();
}

void require_vocabulary(const TextModel& model, std::int64_t vocab_size) {
  if (vocab_size > model.vocab_size())
    throw UserError("the tokenizer has " + std::to_string(vocab_size) + " ids, the model " + std::to_string(model.vocab_size()),
                    "use the tokenizer the model was made with");
}

void add_line_flags(CLI::App& command, LineOptions& options, const std::string& lines) {
  command.add_option("--model", options.model, "model folder")->required();
  command.add_option("FILE", options.text, lines + "; - is standard input")->capture_default_str();
  add_field_flag(command, "--max-length,--max-seq-length", options.max_length, kMaxLengthHelp);
}

std::int64_t length_to_read(const LineOptions& options, const TextModel& model, std::int64_t model_max_length) {
  return chosen_length(options.max_length, reading_length(model, model_max_length), model.max_positions());
}

TextExample encode_line(const InputEncoder& encoder, const TextModel& model, const InputLine& line, std::int64_t length) {
  const std::string_view text = line.text;
  const std::size_t tab = text.find('\t');
  const std::string place = "line " + std::to_string(line.number);
  std::optional<std::string_view> second;
  if (tab != std::string_view::npos) {
    second = text.substr(tab + 1);
    if (second->find('\t') != std::string_view::npos) throw UserError(place + ": expected a text, or text<TAB>text; there is a second TAB");
    if (model.num_segments() < encoder.num_pair_segments())
      throw UserError(place + ": a pair of texts, and the model has one segment only (type_vocab_size 1)");
  }
  EncodedText input = encoder.encode(text.substr(0, tab), second, length);
  if (input.num_removed > 0)
    log_warning(place + " is longer than the " + std::to_string(length) + " tokens that are read; " + std::to_string(input.num_removed) +
                " tokens were cut");
  return {std::move(input.ids), std::move(input.type_ids)};
}

}  // namespace attend
