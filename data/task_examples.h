// task.tsv: what a task asks and what it expects, `input<TAB>output`, an example a line.
#pragma once

#include <cstddef>
#include <filesystem>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

namespace attend {

struct TaskExample {
  std::string input, output;
  std::size_t block = 0;  ///< from 0: examples of one block obey one rule

  bool operator==(const TaskExample&) const = default;
};

/// Reads a file of examples. It has no header. A blank line begins a new block, whose rule may be another; blank lines at the end do not
/// count. A byte-order mark and carriage returns before line breaks are dropped, and so are blanks at the ends of outputs, which is said:
/// answers are compared without them.
/// "-" is standard input. Throws UserError, with the line, for a line without a TAB or with more than one, an empty input or output,
/// ill-formed UTF-8, and where there is no example.
std::vector<TaskExample> read_task_examples(const std::filesystem::path& path);
/// The same from a stream; `name` is for messages.
std::vector<TaskExample> read_task_examples(std::istream& in, const std::string& name);

/// The different outputs of a block, in the order of their first appearance: what there is to choose from by likelihood.
std::vector<std::string> output_choices(std::span<const TaskExample> examples, std::size_t block);

}  // namespace attend
