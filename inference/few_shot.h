// Accuracy of a language model against the number of examples in its prompt (Brown et al. 2020, figure 1.2).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/fields.h"
#include "data/few_shot.h"
#include "inference/folders.h"
#include "metrics/few_shot_accuracy.h"

namespace attend {

/// What an answer is: the text the model writes; or, of the outputs that the task has, the one it finds most probable.
enum class JudgeBy { kGeneration, kLikelihood };
template <>
struct EnumNames<JudgeBy> {
  static constexpr std::array values{std::pair{JudgeBy::kGeneration, "generation"}, std::pair{JudgeBy::kLikelihood, "likelihood"}};
};

/// What likelihoods of outputs of different lengths are compared by: as they are, or the logarithm divided by the tokens or bytes of what
/// is scored.
enum class LikelihoodNorm { kNone, kTokens, kBytes };
template <>
struct EnumNames<LikelihoodNorm> {
  static constexpr std::array values{std::pair{LikelihoodNorm::kNone, "none"}, std::pair{LikelihoodNorm::kTokens, "tokens"},
                                     std::pair{LikelihoodNorm::kBytes, "bytes"}};
};

struct FewShotSettings {
  PromptFormat format;
  std::vector<std::int64_t> shots;
  std::int64_t trials = 1;   ///< draws of examples for each query
  std::int64_t queries = 0;  ///< evenly taken; 0: all
  JudgeBy by = JudgeBy::kGeneration;
  bool calibrate = false;                            ///< of likelihood: divide by what inputs without content get (Zhao et al. 2021)
  LikelihoodNorm normalize = LikelihoodNorm::kNone;  ///< of likelihood; not together with calibrate
  std::optional<std::int64_t> max_new_tokens;        ///< of an answer; else what the longest output needs, kUsualNewTokens at least
  std::uint64_t seed = 1;
  std::int64_t samples = 1;  ///< prompts kept for each number of shots
};

struct ShotResult {
  std::int64_t shots = 0;
  AccuracyEstimate estimate;
};

/// A prompt as the model saw it, what it answered, and what was expected.
struct PromptSample {
  std::int64_t shots = 0;
  std::string prompt, answer, expected;
};

struct TaskResult {
  std::string name;              ///< of the file
  std::optional<double> chance;  ///< accuracy of guessing, where it is known
  std::vector<ShotResult> results;
  std::vector<PromptSample> samples;
};

inline constexpr std::int64_t kUsualNewTokens = 32;

/// What is known before anything is computed.
struct FewShotPlan {
  std::int64_t max_new_tokens = 0;    ///< that a generated answer may take
  std::vector<std::string> warnings;  ///< why some answers cannot be right
};
/// Throws what evaluate_few_shot() would throw.
FewShotPlan check_few_shot(const CausalFolder& folder, const std::vector<TaskExample>& examples, const FewShotSettings& settings);

/// Every example of the task is a query in turn; its prompt's examples are others of its own block. Greedy generation up to the template's
/// stop, compared after trimming; or the likelihood of each output of the query's block, the template's ending included, since one output
/// may begin another. Throws UserError where a block has too few examples for the shots, and where a prompt is too long for the model, with
/// how many examples would fit. `on_answers` is told how many answers have come since the last time.
TaskResult evaluate_few_shot(const CausalFolder& folder, const std::string& name, const std::vector<TaskExample>& examples,
                             const FewShotSettings& settings, const std::function<void(std::size_t answers)>& on_answers = {});
/// How many answers that takes.
std::size_t num_few_shot_answers(std::size_t examples, const FewShotSettings& settings);

}  // namespace attend
