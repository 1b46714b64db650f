// Prompts that teach by examples (Brown et al. 2020, section 2): an instruction, K examples, a query.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/task_examples.h"

namespace attend {

/// How an example is written: text around `{input}` and `{output}`.
///
/// The default is a line an example. Its arrow is a piece of its own in GPT-2's vocabulary and stands in no task's input; the line break
/// that ends an answer is one byte to any byte-level model, so generation stops without looking ahead; and a line costs five
/// characters besides its example, which is little where the context is a few hundred.
class PromptTemplate {
 public:
  static constexpr const char* kDefault = "{input} -> {output}\n";

  PromptTemplate() : PromptTemplate(kDefault, "the default template") {}
  /// `source` opens the messages. Throws UserError where {input} or {output} is missing or stands twice, {output} comes first, and for
  /// text that is not UTF-8. A template that ends with {output}, or with blanks behind it, gets a line break there: else one could not
  /// tell where an answer ends.
  explicit PromptTemplate(std::string_view text, const std::string& source = "the template");

  std::string example(const TaskExample& example) const;

  /// An example up to its output, without the blanks in front of the output: a byte-pair vocabulary has the space on the answer's first
  /// token, and a prompt that ends in a space leads away from it.
  std::string query(std::string_view input) const;

  /// The blanks that query() left out: likelihood is that of answer_prefix() + answer, and a generated answer is trimmed.
  const std::string& answer_prefix() const { return answer_prefix_; }

  /// What follows an output, where its likelihood is asked: the text behind {output}; of one that is blank, the first line.
  std::string ending() const;
  /// What ends a generated answer: the text behind {output}; a line break where that is blank.
  std::string stop() const;

  /// What is to be told of outputs in which an answer would already end, such as "3.14" where {output} is followed by ".": "" where there
  /// are none.
  std::string ambiguity(std::span<const TaskExample> examples) const;

 private:
  std::string before_input_, before_output_, answer_prefix_, after_output_;
};

/// The text of a small file as a template, without its byte-order mark, CRLF as LF. "-" is not accepted. Throws UserError.
PromptTemplate read_prompt_template(const std::filesystem::path& path);

struct PromptFormat {
  std::string instruction;  ///< a line of its own at the top; "": none
  PromptTemplate form;
};

/// Instruction, examples, query: what the model continues.
std::string few_shot_prompt(const PromptFormat& format, std::span<const TaskExample> examples, std::string_view input);

/// How long a text is for the model at hand, and how long a prompt may be (its positions, less what is to be generated).
struct ContextBudget {
  std::function<std::size_t(std::string_view)> count_tokens;
  std::size_t tokens = 0;
};

/// How many of the examples, the first ones, fit with the query; nothing where the query alone does not.
std::optional<std::size_t> examples_that_fit(const PromptFormat& format, std::span<const TaskExample> examples, std::string_view input,
                                             const ContextBudget& budget);

/// Throws the UserError of examples that do not fit: how many of them do.
[[noreturn]] void report_too_long(std::size_t shots, std::optional<std::size_t> fitting, std::string_view input, std::size_t tokens);

/// few_shot_prompt, or a UserError that says how many examples fit.
std::string fitted_prompt(const PromptFormat& format, std::span<const TaskExample> examples, std::string_view input,
                          const ContextBudget& budget);

/// Where examples are drawn from.
class ExamplePool {
 public:
  explicit ExamplePool(std::vector<TaskExample> examples);

  struct Draw {
    std::size_t shots = 0;
    std::uint64_t seed = 1;
    std::uint64_t trial = 0;  ///< another trial, other examples
  };

  /// Examples for the query `examples()[query]`, of its own block, never itself nor one with an equal input; blanks at the ends make no
  /// difference. A function of (seed, trial, query); fewer shots are the first ones of more. Throws UserError where the block has too few.
  std::vector<TaskExample> draw(std::size_t query, const Draw& draw) const;

  /// Examples for a query that comes from elsewhere: of any block, none with an equal input. The same ones for every such query, but
  /// for those that are left out. Throws UserError where there are too few.
  std::vector<TaskExample> draw_for(std::string_view input, const Draw& draw) const;

  const std::vector<TaskExample>& examples() const { return examples_; }
  std::size_t num_blocks() const { return blocks_.size(); }

 private:
  struct Block {
    std::size_t first, size;  // of examples_
  };
  std::vector<TaskExample> draw_from(const Block& block, std::string_view input, std::uint64_t key, std::size_t shots) const;

  std::vector<TaskExample> examples_;
  std::vector<Block> blocks_;
};

}  // namespace attend
