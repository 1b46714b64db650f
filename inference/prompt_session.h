// Examples, and a model that answers as they do: what `attend prompt` keeps between two queries.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/few_shot.h"
#include "inference/text_generator.h"

namespace attend {

/// A query as it came.
struct AskedQuery {
  std::string text;
  std::uint64_t number = 1;  ///< of its line
};

struct PromptSettings {
  PromptFormat format;
  std::size_t shots = 0;
  std::uint64_t seed = 1;
  GenerateOptions generate;
};

class PromptSession {
 public:
  /// Examples are shown in the order in which the pool draws them. Throws UserError where there are fewer than shots.
  PromptSession(const TextGenerator& generator, const ExamplePool& pool, PromptSettings settings);

  /// Instruction, examples, query. A query is never among its own examples. Throws UserError where that leaves too few examples, or where
  /// they do not fit the model's positions together with what is to be generated: it says how many do.
  std::string prompt_for(std::string_view query) const;
  /// The answers, blanks around each dropped.
  std::vector<Continuation> answer(std::span<const AskedQuery> queries) const;

  /// Those that stand in the prompt.
  std::span<const TaskExample> shown() const { return std::span(examples_).first(settings_.shots); }
  std::size_t num_examples() const { return examples_.size(); }
  /// Throws UserError where there are fewer examples.
  void set_shots(std::size_t shots);
  /// Shows an example more, as the last one.
  void add(TaskExample example);
  /// Forgets example `index` of those shown. Throws UserError where there is none.
  void remove(std::size_t index);

 private:
  const TextGenerator& generator_;
  PromptSettings settings_;
  std::vector<TaskExample> examples_;  // the first `shots` stand in the prompt
};

}  // namespace attend
