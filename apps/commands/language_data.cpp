#include "apps/commands/language_data.h"

#include "apps/commands/text_flags.h"
#include "apps/flags.h"
#include "core/error.h"
#include "inference/folders.h"

namespace attend {
namespace {

bool has_table(const LanguageData& data) { return !data.input.empty() || !data.output.empty(); }

void check_combination(const LanguageData& data) {
  validate(data.language);
  if (data.valid_fraction && !data.valid.empty()) throw UserError("both --valid and --valid-fraction are given", "leave one out");
  if (data.input.empty() != data.output.empty())
    throw UserError(std::string("--") + (data.input.empty() ? "output-column" : "input") + " is given alone; a table needs both columns",
                    "give --input and --output-column");
  if (has_table(data) && data.valid_fraction)
    throw UserError("--valid-fraction is for text, and --input names a column of a table",
                    "cut the table into two files, and give --valid");
  if (!has_table(data) && !data.prompt_template.empty())
    throw UserError("--template has no effect without --input and --output-column", "leave it out");
  if (!has_table(data) && data.header != Header::kAuto)
    throw UserError("--header has no effect without --input and --output-column", "leave it out");
  if (!has_table(data) && data.bad_rows != BadRows::kRefuse)
    throw UserError("--bad-rows has no effect without --input and --output-column", "leave it out");
}

}  // namespace

void add_language_data(CLI::App& command, LanguageData& data) {
  command.add_option("--train", data.train, "training text, or table; several files")->required();
  command.add_option("--valid", data.valid, "validation text, or table; without it the last model is kept, not the best");
  add_field_flag(command, "--valid-fraction", data.valid_fraction,
                 "keep this share of the training text, its last characters, apart for validation");
  const std::string group = "Table";
  command
      .add_option("--input", data.input,
                  "the files are tab-separated, and this column is what is given: its name where there is a header, else a number from 0")
      ->group(group);
  command.add_option("--output-column", data.output, "column of what is to be written; only this is learnt")->group(group);
  add_field_flag(command, "--header", data.header, "whether the first line names the columns")->group(group);
  add_field_flag(command, "--bad-rows", data.bad_rows, kBadRowsHelp)->group(group);
  command
      .add_option("--template", data.prompt_template, "file with {input} and {output}: how a row is written [{input} -> {output}, a line]")
      ->group(group);
  add_config_flags(command, data.language, {.group = "Language model", .aliases = {{"max_length", "--block-size"}}});
}

std::optional<TaskColumns> task_columns(const LanguageData& data) {
  if (!has_table(data)) return std::nullopt;
  TaskColumns columns{.input = data.input, .output = data.output, .header = data.header, .bad_rows = data.bad_rows};
  if (!data.prompt_template.empty()) columns.form = read_prompt_template(data.prompt_template);
  return columns;
}

torch::Device begin_language_training(TrainingRun& run, const LanguageData& data) {
  check_combination(data);
  std::vector<InputFile> files;
  for (const auto& file : data.train) files.push_back({"--train", file});
  for (const auto& file : data.valid) files.push_back({"--valid", file});
  files.push_back({"--template", data.prompt_template});
  const bool has_validation = !data.valid.empty() || data.valid_fraction;
  return begin_training(run, has_validation ? Validation::kPresent : Validation::kAbsent, files);
}

LanguageSetup language_setup(const TrainingRun& run, const LanguageData& data) {
  LanguageSetup setup{.train = whole_files(data.train), .valid = whole_files(data.valid)};
  setup.cache = run.output / "data";
  setup.settings["device"] = run.common.device;
  if (data.valid_fraction) {
    TextSplit split = split_text(data.train, *data.valid_fraction);
    setup.train = std::move(split.train);
    setup.valid = std::move(split.valid);
    setup.settings["valid_fraction"] = *data.valid_fraction;
    for (const auto& file : data.train) setup.settings["train"].push_back(file.string());
  }
  setup.columns = task_columns(data);
  if (setup.columns) {
    setup.settings.update({{"input", data.input}, {"output_column", data.output}, {"header", std::string(enum_name(data.header))}});
    if (data.bad_rows == BadRows::kSkip) setup.settings["bad_rows"] = std::string(enum_name(data.bad_rows));
    if (!data.prompt_template.empty()) setup.settings["template"] = data.prompt_template.string();
  }
  const TrainingOptions& training = run.training;
  setup.budget = batch_budget(training);
  setup.seed = training.seed;
  setup.process = run.ranks->process();
  setup.options = data.language;
  return setup;
}

}  // namespace attend
