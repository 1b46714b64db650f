#include "data/few_shot.h"

#include <algorithm>

#include "core/error.h"
#include "core/random.h"
#include "core/text.h"

namespace attend {
namespace {

constexpr std::string_view kInput = "{input}", kOutput = "{output}";
constexpr std::uintmax_t kTemplateBytes = 1 << 20;

std::size_t place_of(std::string_view text, std::string_view mark, const std::string& source) {
  const std::size_t place = text.find(mark);
  const auto refuse = [&](const char* found) {
    throw UserError(source + " " + found + " " + std::string(mark) + "; expected {input} and {output} once each, as in '" +
                    excerpt(PromptTemplate::kDefault) + "'");
  };
  if (place == std::string_view::npos) refuse("has no");
  if (text.find(mark, place + mark.size()) != std::string_view::npos) refuse("has more than one");
  return place;
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\n") == std::string_view::npos; }

std::string too_few(std::size_t shots, std::size_t available, const std::string& where) {
  return std::to_string(shots) + " examples are asked for and " + std::to_string(available) + " can be shown" + where +
         "; a query is never among its own examples";
}

}  // namespace

PromptTemplate::PromptTemplate(std::string_view text, const std::string& source) {
  if (!is_valid_utf8(text)) throw UserError(source + " is not valid UTF-8; expected UTF-8 text");
  const std::size_t input = place_of(text, kInput, source), output = place_of(text, kOutput, source);
  if (output < input) throw UserError(source + " has {output} before {input}; expected the answer after what is asked");
  before_input_ = text.substr(0, input);
  const std::string_view between = text.substr(input + kInput.size(), output - input - kInput.size());
  const std::size_t blanks = between.find_last_not_of(" \t") + 1;  // npos + 1 is 0
  before_output_ = between.substr(0, blanks);
  answer_prefix_ = between.substr(blanks);
  after_output_ = text.substr(output + kOutput.size());
  if (after_output_.find_first_not_of(" \t") == std::string::npos) after_output_ = "\n";
}

std::string PromptTemplate::example(const TaskExample& example) const {
  return query(example.input) + answer_prefix_ + example.output + after_output_;
}

std::string PromptTemplate::query(std::string_view input) const { return before_input_ + std::string(input) + before_output_; }

std::string PromptTemplate::ending() const {
  return is_blank(after_output_) ? after_output_.substr(0, after_output_.find('\n') + 1) : after_output_;
}

std::string PromptTemplate::stop() const { return is_blank(after_output_) ? "\n" : after_output_; }

std::string PromptTemplate::ambiguity(std::span<const TaskExample> examples) const {
  const std::string end = stop();
  std::size_t found = 0;
  std::string first;
  for (const TaskExample& example : examples) {
    const std::string answer = answer_prefix_ + example.output;
    if ((answer + end).find(end) == answer.size()) continue;
    if (found++ == 0) first = example.output;
  }
  if (found == 0) return "";
  return "the template has '" + excerpt(end) + "' behind {output}, where an answer ends, and " + std::to_string(found) + " of " +
         std::to_string(examples.size()) + " outputs hold it themselves, as '" + excerpt(first) +
         "' does: such an answer is never written whole; a line break behind {output} parts them";
}

PromptTemplate read_prompt_template(const std::filesystem::path& path) {
  std::string text = read_text_file(path, kTemplateBytes);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);  // a byte-order mark
  for (std::size_t at = 0; (at = text.find("\r\n", at)) != std::string::npos;) text.erase(at, 1);
  return PromptTemplate(text, path.string());
}

std::string few_shot_prompt(const PromptFormat& format, std::span<const TaskExample> examples, std::string_view input) {
  std::string prompt = format.instruction.empty() ? "" : format.instruction + "\n";
  for (const TaskExample& example : examples) prompt += format.form.example(example);
  return prompt + format.form.query(input);
}

std::optional<std::size_t> examples_that_fit(const PromptFormat& format, std::span<const TaskExample> examples, std::string_view input,
                                             const ContextBudget& budget) {
  const auto fits = [&](std::size_t count) {
    return budget.count_tokens(few_shot_prompt(format, examples.first(count), input)) <= budget.tokens;
  };
  if (fits(examples.size())) return examples.size();
  if (!fits(0)) return std::nullopt;
  std::size_t fitting = 0, too_many = examples.size();
  while (too_many - fitting > 1) {
    const std::size_t middle = fitting + (too_many - fitting) / 2;
    (fits(middle) ? fitting : too_many) = middle;
  }
  return fitting;
}

void report_too_long(std::size_t shots, std::optional<std::size_t> fitting, std::string_view input, std::size_t tokens) {
  const std::string room = "the " + std::to_string(tokens) + " tokens that the model leaves for a prompt";
  if (!fitting)
    throw UserError("the query '" + excerpt(input) + "' alone is longer than " + room,
                    "use a smaller --max-new-tokens, or a model with more positions");
  throw UserError(std::to_string(shots) + " examples and the query '" + excerpt(input) + "' are longer than " + room + "; " +
                      std::to_string(*fitting) + " examples fit",
                  "use at most --shots " + std::to_string(*fitting));
}

std::string fitted_prompt(const PromptFormat& format, std::span<const TaskExample> examples, std::string_view input,
                          const ContextBudget& budget) {
  const std::optional<std::size_t> fitting = examples_that_fit(format, examples, input, budget);
  if (!fitting || *fitting < examples.size()) report_too_long(examples.size(), fitting, input, budget.tokens);
  return few_shot_prompt(format, examples, input);
}

ExamplePool::ExamplePool(std::vector<TaskExample> examples) : examples_(std::move(examples)) {
  for (std::size_t i = 0; i < examples_.size(); ++i) {
    if (i == 0 || examples_[i].block != examples_[i - 1].block) blocks_.push_back({.first = i, .size = 0});
    ++blocks_.back().size;
  }
}

std::vector<TaskExample> ExamplePool::draw_from(const Block& block, std::string_view input, std::uint64_t key, std::size_t shots) const {
  std::vector<TaskExample> drawn;
  if (block.size == 0) return drawn;
  const Permutation order(block.size, key);
  const std::string_view asked = trimmed(input);
  for (std::size_t i = 0; i < block.size && drawn.size() < shots; ++i) {
    const TaskExample& example = examples_[block.first + order(i)];
    if (trimmed(example.input) != asked) drawn.push_back(example);
  }
  return drawn;
}

std::vector<TaskExample> ExamplePool::draw(std::size_t query, const Draw& draw) const {
  const TaskExample& asked = examples_.at(query);
  const auto after =
      std::upper_bound(blocks_.begin(), blocks_.end(), query, [](std::size_t at, const Block& block) { return at < block.first; });
  const Block& block = *std::prev(after);
  std::vector<TaskExample> drawn = draw_from(block, asked.input, mix_seed(draw.seed, "few-shot", {draw.trial, query}), draw.shots);
  if (drawn.size() < draw.shots) {
    const std::string where =
        blocks_.size() == 1 ? "" : " from block " + std::to_string(asked.block + 1) + " of " + std::to_string(blocks_.size());
    throw UserError(too_few(draw.shots, drawn.size(), where), "ask for fewer --shots, or give more examples");
  }
  return drawn;
}

std::vector<TaskExample> ExamplePool::draw_for(std::string_view input, const Draw& draw) const {
  std::vector<TaskExample> drawn =
      draw_from({.first = 0, .size = examples_.size()}, input, mix_seed(draw.seed, "few-shot", {draw.trial}), draw.shots);
  if (drawn.size() < draw.shots) throw UserError(too_few(draw.shots, drawn.size(), ""), "ask for fewer --shots, or give more examples");
  return drawn;
}

}  // namespace attend
