#include "inference/prompt_session.h"

#include <algorithm>

#include "core/error.h"
#include "core/text.h"

namespace attend {
namespace {

// "1 example", "8 examples".
std::string counted(std::size_t count) { return std::to_string(count) + (count == 1 ? " example" : " examples"); }

}  // namespace

PromptSession::PromptSession(const TextGenerator& generator, const ExamplePool& pool, PromptSettings settings)
    : generator_(generator), settings_(std::move(settings)) {
  const std::size_t all = pool.examples().size();
  if (settings_.shots > all)
    throw UserError("--shots " + std::to_string(settings_.shots) + " is more than the " + counted(all) + " there are",
                    "give --shots " + std::to_string(all) + " or less");
  examples_ = pool.draw_for("", {.shots = all, .seed = settings_.seed});  // no example has an empty input
}

std::string PromptSession::prompt_for(std::string_view query) const {
  std::vector<TaskExample> shown;
  for (const TaskExample& example : examples_)
    if (shown.size() < settings_.shots && example.input != query) shown.push_back(example);
  if (shown.size() < settings_.shots)
    throw UserError("the query '" + excerpt(query) + "' is one of the examples, and leaves " + counted(shown.size()) + " of the " +
                        std::to_string(settings_.shots) + " to be shown",
                    "show fewer, or give more examples");
  // The last token of all is not read.
  const std::int64_t room = generator_.model().max_positions() - generator_.max_new_tokens(settings_.generate) + 1;
  const ContextBudget budget{.count_tokens = [&](std::string_view text) { return generator_.tokenizer().encode(text).size(); },
                             .tokens = static_cast<std::size_t>(std::max<std::int64_t>(0, room))};
  return fitted_prompt(settings_.format, shown, query, budget);
}

std::vector<Continuation> PromptSession::answer(std::span<const AskedQuery> queries) const {
  std::vector<Prompt> prompts;
  for (const AskedQuery& query : queries)
    prompts.push_back(
        {.ids = generator_.encode(prompt_for(query.text)), .number = query.number, .name = "line " + std::to_string(query.number)});
  std::vector<Continuation> answers;
  for (auto& samples : generator_.generate({.prompts = prompts, .seed = settings_.seed}, settings_.generate)) {
    answers.push_back(std::move(samples.front()));
    answers.back().text = trimmed(answers.back().text);
  }
  return answers;
}

void PromptSession::set_shots(std::size_t shots) {
  if (shots > examples_.size())
    throw UserError("there are " + counted(examples_.size()) + ", and " + std::to_string(shots) + " are to be shown");
  settings_.shots = shots;
}

void PromptSession::add(TaskExample example) {
  examples_.insert(examples_.begin() + static_cast<std::ptrdiff_t>(settings_.shots), std::move(example));
  ++settings_.shots;
}

void PromptSession::remove(std::size_t index) {
  if (index >= settings_.shots) throw UserError("there is no example " + std::to_string(index + 1) + " in the prompt");
  examples_.erase(examples_.begin() + static_cast<std::ptrdiff_t>(index));
  --settings_.shots;
}

}  // namespace attend
