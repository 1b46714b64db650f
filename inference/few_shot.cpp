#include "inference/few_shot.h"

#include <algorithm>
#include <span>

#include "core/error.h"
#include "core/text.h"
#include "inference/text_generator.h"
#include "inference/text_scorer.h"
#include "metrics/calibration.h"

namespace attend {
namespace {

/// A query with its prompt, and what the model says.
struct Asked {
  std::size_t query = 0;
  std::vector<TaskExample> shown;
  std::string prompt, answer;
};

std::size_t num_queries(std::size_t examples, const FewShotSettings& settings) {
  return settings.queries == 0 ? examples : std::min<std::size_t>(examples, settings.queries);
}

class FewShotEvaluation {
 public:
  FewShotEvaluation(const CausalFolder& folder, const std::vector<TaskExample>& examples, const FewShotSettings& settings)
      : folder_(folder),
        settings_(settings),
        pool_(examples),
        generator_(folder.model, folder.tokenizer, folder.generation),
        scorer_(folder.model, folder.tokenizer) {
    const std::size_t all = examples.size(), wanted = num_queries(all, settings);
    for (std::size_t i = 0; i < wanted; ++i) queries_.push_back(i * all / wanted);
    for (std::size_t block = 0; block < pool_.num_blocks(); ++block) choices_.push_back(output_choices(examples, block));
    max_new_tokens_ = settings.max_new_tokens.value_or(std::max(longest_answer(settings.format.form.stop()), kUsualNewTokens));
    // The inputs without content of Zhao et al. 2021, section 5, as far as the tokenizer can spell them.
    for (const char* input : {"N/A", "[MASK]", ""})
      if (can_spell(input)) content_free_.emplace_back(input);
  }

  // Every prompt is put together once.
  FewShotPlan check() const {
    for (const std::int64_t shots : settings_.shots)
      for (std::int64_t trial = 0; trial < settings_.trials; ++trial) ask(draw(shots, trial));
    FewShotPlan plan{.max_new_tokens = max_new_tokens_, .warnings = {}};
    if (settings_.by == JudgeBy::kLikelihood) return plan;
    if (const std::string told = settings_.format.form.ambiguity(pool_.examples()); !told.empty()) plan.warnings.push_back(told);
    if (const std::int64_t longest = longest_answer(""); longest > max_new_tokens_)
      plan.warnings.push_back("--max-new-tokens is " + std::to_string(max_new_tokens_) + ", and the longest output takes " +
                              std::to_string(longest) + ": such an answer cannot be right");
    return plan;
  }

  TaskResult run(const std::string& name, const std::function<void(std::size_t)>& on_answers) {
    TaskResult result{.name = name, .chance = {}, .results = {}, .samples = {}};
    if (settings_.by == JudgeBy::kLikelihood) result.chance = chance();
    for (const std::int64_t shots : settings_.shots) {
      ClusteredAccuracy accuracy;
      for (std::int64_t trial = 0; trial < settings_.trials; ++trial) {
        std::vector<Asked> asked = ask(draw(shots, trial));
        for (std::size_t begin = 0; begin < asked.size();) {
          const auto group = std::span(asked).subspan(begin, std::min(queries_at_once(asked[begin]), asked.size() - begin));
          settings_.by == JudgeBy::kGeneration ? answer_by_generation(group) : answer_by_likelihood(group);
          if (on_answers) on_answers(group.size());
          begin += group.size();
        }
        for (const Asked& one : asked) accuracy.add(cluster(one.query), is_exact_match(one.answer, pool_.examples()[one.query].output));
        if (trial == 0) keep_samples(result, shots, asked);
      }
      result.results.push_back({.shots = shots, .estimate = accuracy.estimate()});
    }
    return result;
  }

 private:
  bool can_spell(const std::string& text) const {
    try {
      folder_.tokenizer->encode(text);
      return true;
    } catch (const UserError&) {  // a vocabulary of the characters that were seen
      return false;
    }
  }

  // Tokens of the longest output with `end` behind it. What the tokenizer cannot spell is never written.
  std::int64_t longest_answer(const std::string& end) const {
    std::size_t longest = 0;
    for (const auto& outputs : choices_)
      for (const std::string& output : outputs)
        if (const std::string answer = settings_.format.form.answer_prefix() + output + end; can_spell(answer))
          longest = std::max(longest, folder_.tokenizer->encode(answer).size());
    return static_cast<std::int64_t>(longest);
  }

  ExamplePool::Draw draw(std::int64_t shots, std::int64_t trial) const {
    return {.shots = static_cast<std::size_t>(shots), .seed = settings_.seed, .trial = static_cast<std::uint64_t>(trial)};
  }

  // Queries of one rule are alike; of one rule only, it is the trials of a query that are.
  std::uint64_t cluster(std::size_t query) const { return pool_.num_blocks() > 1 ? pool_.examples()[query].block : query; }

  double chance() const {
    double sum = 0;
    for (const std::size_t query : queries_) sum += 1.0 / static_cast<double>(choices_[pool_.examples()[query].block].size());
    return sum / static_cast<double>(queries_.size());
  }

  std::vector<Asked> ask(const ExamplePool::Draw& draw) const {
    std::vector<Asked> asked;
    std::size_t fewest = draw.shots, tokens = 0, tightest = 0;  // how many examples fit with every query; where fewest do
    for (const std::size_t query : queries_) {
      const TaskExample& example = pool_.examples()[query];
      const ContextBudget budget{.count_tokens = [&](std::string_view text) { return folder_.tokenizer->encode(text).size(); },
                                 .tokens = room_for_prompt(example.block)};
      Asked one{.query = query, .shown = pool_.draw(query, draw), .prompt = {}, .answer = {}};
      std::vector<std::string> inputs{example.input};
      if (settings_.calibrate) inputs.insert(inputs.end(), content_free_.begin(), content_free_.end());
      for (const std::string& input : inputs) {
        const auto fitting = examples_that_fit(settings_.format, one.shown, input, budget);
        if (!fitting) report_too_long(draw.shots, fitting, input, budget.tokens);
        if (*fitting < fewest) fewest = *fitting, tokens = budget.tokens, tightest = query;
      }
      one.prompt = few_shot_prompt(settings_.format, one.shown, example.input);
      asked.push_back(std::move(one));
    }
    if (fewest < draw.shots) report_too_long(draw.shots, fewest, pool_.examples()[tightest].input, tokens);
    return asked;
  }

  // The positions less what comes behind the prompt: what is generated, or the longest output.
  std::size_t room_for_prompt(std::size_t block) const {
    std::int64_t behind = max_new_tokens_;
    if (settings_.by == JudgeBy::kLikelihood) {
      const PromptTemplate& form = settings_.format.form;
      behind = 0;
      for (const std::string& output : choices_[block]) {
        const auto tokens = folder_.tokenizer->encode(form.answer_prefix() + output + form.ending()).size();
        behind = std::max(behind, static_cast<std::int64_t>(tokens));
      }
    }
    const std::int64_t room = folder_.model->max_positions() - behind + 1;  // the last token of all is not read
    if (room >= 1) return static_cast<std::size_t>(room);
    const bool is_asked = settings_.by == JudgeBy::kGeneration && settings_.max_new_tokens.value_or(kUsualNewTokens) == behind;
    throw UserError((is_asked ? "--max-new-tokens is " + std::to_string(behind) : "an output has " + std::to_string(behind) + " tokens") +
                        "; the model has " + std::to_string(folder_.model->max_positions()) + " positions",
                    is_asked ? "use a smaller --max-new-tokens" : "use a model with more");
  }

  // A table may have thousands of outputs, each of which is a text to be scored with its prompt.
  std::size_t queries_at_once(const Asked& first) const {
    constexpr std::size_t kTexts = 1024;
    if (settings_.by == JudgeBy::kGeneration) return kTexts;
    const std::size_t inputs = settings_.calibrate ? 1 + content_free_.size() : 1;
    return std::max<std::size_t>(1, kTexts / (inputs * choices_[pool_.examples()[first.query].block].size()));
  }

  void answer_by_generation(std::span<Asked> asked) const {
    std::vector<Prompt> prompts;
    for (const Asked& one : asked)
      prompts.push_back({.ids = generator_.encode(one.prompt), .number = one.query + 1, .name = "query " + std::to_string(one.query + 1)});
    GenerateOptions options;
    options.max_new_tokens = max_new_tokens_;
    options.temperature = 0.0;
    options.context = ContextPolicy::kRefuse;
    options.stop = {settings_.format.form.stop()};
    const auto answers = generator_.generate({.prompts = prompts, .seed = settings_.seed}, options);
    for (std::size_t i = 0; i < asked.size(); ++i) asked[i].answer = trimmed(answers[i].front().text);
  }

  // The continuations of a prompt that are compared: each output of the block, with the template's ending.
  void append_choices(std::vector<PromptedText>& texts, const std::string& prompt, std::size_t block) const {
    const PromptTemplate& form = settings_.format.form;
    for (const std::string& output : choices_[block])
      texts.push_back({.prompt = prompt, .continuation = form.answer_prefix() + output + form.ending()});
  }

  double normalized(const TextScore& score, const PromptedText& text) const {
    if (settings_.normalize == LikelihoodNorm::kTokens) return score.log_probability / static_cast<double>(score.num_tokens);
    if (settings_.normalize == LikelihoodNorm::kBytes) return score.log_probability / static_cast<double>(text.continuation.size());
    return score.log_probability;
  }

  void answer_by_likelihood(std::span<Asked> asked) const {
    std::vector<PromptedText> texts;
    for (const Asked& one : asked) {
      const std::size_t block = pool_.examples()[one.query].block;
      append_choices(texts, one.prompt, block);
      if (settings_.calibrate)
        for (const std::string& input : content_free_) append_choices(texts, few_shot_prompt(settings_.format, one.shown, input), block);
    }
    const std::vector<TextScore> scores = scorer_.score_continuations(texts);
    std::size_t next = 0;
    for (Asked& one : asked) {
      const auto& choices = choices_[pool_.examples()[one.query].block];
      const auto take = [&] {
        std::vector<double> log_probabilities;
        for (std::size_t i = 0; i < choices.size(); ++i, ++next) log_probabilities.push_back(normalized(scores[next], texts[next]));
        return log_probabilities;
      };
      const std::vector<double> of_query = take();
      std::vector<std::vector<double>> content_free;
      while (settings_.calibrate && content_free.size() < content_free_.size()) content_free.push_back(take());
      one.answer = choices[most_probable(settings_.calibrate ? calibrated_probabilities(of_query, content_free)
                                                             : normalized_probabilities(of_query))];
    }
  }

  void keep_samples(TaskResult& result, std::int64_t shots, const std::vector<Asked>& asked) const {
    const std::size_t kept = std::min<std::size_t>(asked.size(), settings_.samples);
    for (std::size_t i = 0; i < kept; ++i) {
      const Asked& one = asked[i * asked.size() / kept];
      result.samples.push_back(
          {.shots = shots, .prompt = one.prompt, .answer = one.answer, .expected = pool_.examples()[one.query].output});
    }
  }

  const CausalFolder& folder_;
  const FewShotSettings& settings_;
  ExamplePool pool_;
  TextGenerator generator_;
  TextScorer scorer_;
  std::vector<std::size_t> queries_;
  std::vector<std::vector<std::string>> choices_;  // of each block
  std::vector<std::string> content_free_;
  std::int64_t max_new_tokens_ = 0;
};

}  // namespace

FewShotPlan check_few_shot(const CausalFolder& folder, const std::vector<TaskExample>& examples, const FewShotSettings& settings) {
  return FewShotEvaluation(folder, examples, settings).check();
}

TaskResult evaluate_few_shot(const CausalFolder& folder, const std::string& name, const std::vector<TaskExample>& examples,
                             const FewShotSettings& settings, const std::function<void(std::size_t)>& on_answers) {
  return FewShotEvaluation(folder, examples, settings).run(name, on_answers);
}

std::size_t num_few_shot_answers(std::size_t examples, const FewShotSettings& settings) {
  return settings.shots.size() * static_cast<std::size_t>(settings.trials) * num_queries(examples, settings);
}

}  // namespace attend
