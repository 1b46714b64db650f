#include <ostream>
#include <sstream>
#include <string>

#include "apps/commands/demo_part.h"
#include "apps/commands/pretrain_gpt.h"
#include "apps/commands/text_flags.h"
#include "core/atomic_file.h"
#include "core/progress.h"
#include "data/tasks/task_writer.h"
#include "inference/few_shot.h"
#include "metrics/score.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTask = "affix";
constexpr std::uint64_t kEpisodes = 60'000, kRules = 50;
constexpr std::size_t kExamplesOfRule = 12;
constexpr EpisodeSizes kSizes{.fewest = 9, .most = 12};
constexpr DemoPlan kPlan{.steps = 3400, .idle_seconds = 85};
constexpr std::int64_t kPositions = 192, kBatchTokens = 1024, kWarmupSteps = 200, kEvalEvery = 1000, kAnswerTokens = 16;
constexpr double kLearningRate = 2e-3;

TaskDraw drawing(RuleSplit split, std::uint64_t seed) {
  return {.tasks = tasks_named(kTask), .settings = {}, .seed = seed, .split = split};
}

void write_texts(const DemoPart& part) {
  const auto write = [&](const char* name, const auto& write_into) {
    std::ostringstream text;
    write_into(text);
    write_file_atomically(part.folder / name, text.str());
  };
  write("episodes.train.txt",
        [&](std::ostream& out) { write_episodes(drawing(RuleSplit::kTrain, part.common.seed), kEpisodes, kSizes, out); });
  write("episodes.valid.txt",
        [&](std::ostream& out) { write_episodes(drawing(RuleSplit::kTrain, part.common.seed + 1), 300, kSizes, out); });
  write("unseen.tsv", [&](std::ostream& out) {
    write_task_table(drawing(RuleSplit::kHeldOut, part.common.seed), kRules, kExamplesOfRule, Shortage::kRefuse, out);
  });
}

PretrainGptOptions pretraining(const DemoPart& part) {
  PretrainGptOptions pretrain;
  pretrain.run.common = part.common;
  pretrain.run.common.json = false;
  pretrain.run.output = part.folder / "gpt";
  pretrain.run.training.steps = part.steps.value_or(kPlan.steps);
  pretrain.run.training.batch_tokens = kBatchTokens;
  pretrain.run.training.learning_rate = kLearningRate;
  pretrain.run.training.schedule = ScheduleKind::kCosine;
  pretrain.run.training.warmup_steps = kWarmupSteps;
  pretrain.run.training.eval_every = pretrain.run.training.save_every = kEvalEvery;
  pretrain.data.train = {part.folder / "episodes.train.txt"};
  pretrain.data.valid = {part.folder / "episodes.valid.txt"};
  pretrain.data.language.documents = Documents::kSeparate;
  pretrain.model.preset = "tiny";
  pretrain.model.settings = {"max_positions=" + std::to_string(kPositions)};
  pretrain.tokenizer_model = BytePieces::kChar;
  return pretrain;
}

void print_commands(const DemoPart& part, std::ostream& out) {
  const std::string folder = part.folder.string();
  out << "The same as commands; put your own text and task in their place:\n\n"
      << "  attend pretrain gpt --train " << folder << "/episodes.train.txt --valid " << folder << "/episodes.valid.txt --preset tiny \\\n"
      << "      --set max_positions=" << kPositions << " --tokenizer-model char --documents separate --batch-tokens " << kBatchTokens
      << " --learning-rate " << kLearningRate << " \\\n      --schedule cosine --warmup-steps " << kWarmupSteps << " --eval-every "
      << kEvalEvery << " --save-every " << kEvalEvery << " " << run_flags(part, kPlan) << " --output my-gpt\n"
      << "  attend evaluate few-shot --model " << folder << "/gpt --data " << folder << "/unseen.tsv --shots 0,8 --max-new-tokens "
      << kAnswerTokens << "\n"
      << "  head -9 " << folder << "/unseen.tsv > " << folder << "/rule.tsv; echo tree | attend prompt --model " << folder
      << "/gpt --examples " << folder << "/rule.tsv --shots 8\n";
}

}  // namespace

DemoOutcome demo_prompt(const DemoPart& part, std::ostream& out) {
  write_texts(part);
  if (!part.common.json)
    out << "3. A GPT (Radford et al. 2019, Brown et al. 2020) learns to find a rule in its prompt: it reads " << kEpisodes
        << " short texts, each of which follows a rule of its own.\n"
        << announcement(part, kPlan) << "\n\n"
        << std::flush;
  std::istringstream nothing;
  std::ostringstream ignored;
  if (const int code = run_pretrain_gpt(pretraining(part), nothing, ignored); code != static_cast<int>(ExitCode::kDone))
    return {.code = static_cast<ExitCode>(code)};

  FewShotSettings settings;
  settings.shots = {0, 8};
  settings.max_new_tokens = kAnswerTokens;
  settings.seed = part.common.seed;
  const CausalFolder folder = open_causal_folder(part.folder / "gpt", {.device = parse_device(part.common.device)});
  const std::vector<TaskExample> unseen = read_task_examples(part.folder / "unseen.tsv");
  Progress progress("few-shot unseen.tsv", num_few_shot_answers(unseen.size(), settings), "queries");
  const TaskResult result =
      evaluate_few_shot(folder, "unseen.tsv", unseen, settings, [&](std::size_t answers) { progress.advance(answers); });
  progress.finish();
  if (!part.common.json) {
    const PromptSample& sample = result.samples.back();
    out << "\nA rule it has never seen, and what it makes of eight examples:\n\n  ";
    for (const char letter : sample.prompt) letter == '\n' ? out << "\n  " : out << letter;
    out << "   " << sample.answer << (sample.answer == sample.expected ? "   (right)" : "   (expected: " + sample.expected + ")") << "\n\n";
    for (const ShotResult& row : result.results)
      out << "  " << row.shots << " examples: " << fixed_decimals(100 * row.estimate.accuracy, 1) << " % right (95 % interval "
          << fixed_decimals(100 * row.estimate.interval.low, 1) << " to " << fixed_decimals(100 * row.estimate.interval.high, 1) << ")\n";
    out << "of " << result.results.front().estimate.examples << " queries, by " << kRules << " rules that were held out\n\n";
    print_commands(part, out);
  }
  return {.scores = {{"accuracy_0_shots", result.results[0].estimate.accuracy},
                     {"accuracy_8_shots", result.results[1].estimate.accuracy},
                     {"examples", result.results[0].estimate.examples}}};
}

}  // namespace attend
