#include "data/task_examples.h"

#include <algorithm>

#include "core/error.h"
#include "core/log.h"
#include "core/text.h"

namespace attend {
namespace {

TaskExample example_of(std::string_view line, const std::string& place) {
  if (!is_valid_utf8(line))
    throw UserError(place + ": not valid UTF-8; expected UTF-8 text", "convert the file, for example with: iconv -f ISO-8859-1 -t UTF-8");
  const std::size_t tab = line.find('\t');
  if (tab == std::string_view::npos)
    throw UserError(place + ": no TAB in '" + excerpt(line) + "'; expected an input and its output, separated by a TAB");
  if (line.find('\t', tab + 1) != std::string_view::npos)
    throw UserError(
        place + ": " + std::to_string(std::count(line.begin(), line.end(), '\t')) + " TABs; expected one, between input and output",
        "a task's file has two columns; cut others off, for example with: cut -f 1,2");
  TaskExample example{.input = std::string(line.substr(0, tab)), .output = std::string(line.substr(tab + 1))};
  if (example.input.empty()) throw UserError(place + ": the input is empty; expected text before the TAB");
  if (trimmed(example.output).empty()) throw UserError(place + ": the output is empty; expected text after the TAB");
  return example;
}

std::vector<TaskExample> read_examples(LineReader& lines) {
  std::vector<TaskExample> examples;
  bool is_after_blank = false;
  std::size_t num_trimmed = 0;
  std::uint64_t first_trimmed = 0;
  for (std::string line; lines.next(line);) {
    if (line.empty()) {
      is_after_blank = true;
      continue;
    }
    TaskExample example = example_of(line, lines.name() + ", line " + std::to_string(lines.line_number()));
    if (!examples.empty()) example.block = examples.back().block + (is_after_blank ? 1 : 0);
    is_after_blank = false;
    if (const std::string_view output = trimmed(example.output); output.size() < example.output.size()) {
      if (num_trimmed++ == 0) first_trimmed = lines.line_number();
      example.output = std::string(output);
    }
    examples.push_back(std::move(example));
  }
  if (examples.empty())
    throw UserError(lines.name() + " holds no examples; expected an input and its output on each line, separated by a TAB");
  if (num_trimmed > 0)
    log_warning_once(lines.name() + ": " + std::to_string(num_trimmed) + " of " + std::to_string(examples.size()) +
                     " outputs have blanks at their ends, which are taken off; the first is in line " + std::to_string(first_trimmed));
  return examples;
}

}  // namespace

std::vector<TaskExample> read_task_examples(const std::filesystem::path& path) {
  LineReader lines(path);
  return read_examples(lines);
}

std::vector<TaskExample> read_task_examples(std::istream& in, const std::string& name) {
  LineReader lines(in, name);
  return read_examples(lines);
}

std::vector<std::string> output_choices(std::span<const TaskExample> examples, std::size_t block) {
  std::vector<std::string> choices;
  for (const TaskExample& example : examples)
    if (example.block == block && std::find(choices.begin(), choices.end(), example.output) == choices.end())
      choices.push_back(example.output);
  return choices;
}

}  // namespace attend
