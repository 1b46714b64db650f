#include <cmath>
#include <ostream>
#include <sstream>
#include <string>

#include "apps/commands/demo_part.h"
#include "apps/commands/evaluate_classify.h"
#include "apps/commands/fill_mask.h"
#include "apps/commands/finetune_classify.h"
#include "apps/commands/pretrain_bert.h"
#include "data/demo/documents.h"
#include "metrics/score.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

constexpr DemoPlan kPlan{.steps = 2200, .idle_seconds = 120};
constexpr std::int64_t kVocabSize = 1200, kMaxLength = 48, kBatchTokens = 2048, kWarmupSteps = 100, kEvalEvery = 500, kEvalExamples = 300;
constexpr double kLearningRate = 2e-3, kTuningRate = 1e-3;
constexpr std::int64_t kTuningEpochs = 6;
constexpr const char* kMasked[] = {"The young lion [MASK] in the forest.", "My mother reads the [MASK] in the evening.",
                                   "I cannot eat the [MASK].", "The doctor will help the sick [MASK]."};

PretrainBertOptions pretraining(const DemoPart& part) {
  PretrainBertOptions pretrain;
  pretrain.run.common = part.common;
  pretrain.run.common.json = false;
  pretrain.run.output = part.folder / "bert";
  pretrain.run.training.steps = part.steps.value_or(kPlan.steps);
  pretrain.run.training.batch_tokens = kBatchTokens;
  pretrain.run.training.learning_rate = kLearningRate;
  pretrain.run.training.schedule = ScheduleKind::kCosine;
  pretrain.run.training.warmup_steps = kWarmupSteps;
  pretrain.run.training.eval_every = pretrain.run.training.save_every = kEvalEvery;
  pretrain.train = {part.folder / "bert.train.txt"};
  pretrain.valid = {part.folder / "bert.valid.txt"};
  pretrain.model.preset = "tiny";
  pretrain.model.dropout = 0;
  pretrain.model.vocab_size = kVocabSize;
  pretrain.masked.max_length = kMaxLength;
  pretrain.masked.eval_examples = kEvalExamples;
  return pretrain;
}

FinetuneClassifyOptions finetuning(const DemoPart& part, const std::string& name, bool from_scratch) {
  FinetuneClassifyOptions finetune;
  finetune.run.common = part.common;
  finetune.run.common.json = false;
  finetune.run.output = part.folder / name;
  finetune.run.training.epochs = kTuningEpochs;
  finetune.run.training.learning_rate = kTuningRate;
  finetune.run.from_scratch = from_scratch;
  finetune.model = part.folder / "bert";
  finetune.train = part.folder / "kind.train.tsv";
  finetune.columns = {.text = "sentence", .text_pair = {}, .label = "kind"};
  return finetune;
}

double accuracy_of(const DemoPart& part, const std::string& name) {
  EvaluateClassifyOptions evaluation;
  evaluation.common = part.common;
  evaluation.common.json = true;
  evaluation.model = part.folder / name;
  evaluation.data = part.folder / "kind.test.tsv";
  evaluation.columns = {.text = "sentence", .text_pair = {}, .label = "kind"};
  std::istringstream nothing;
  std::ostringstream result;
  run_evaluate_classify(evaluation, nothing, result);
  return parse_json(result.str(), "evaluation")["accuracy"].get<double>();
}

void show_masks(const DemoPart& part, std::ostream& out) {
  FillMaskOptions fill;
  fill.common = part.common;
  fill.common.json = true;
  fill.model = part.folder / "bert";
  fill.top = 4;
  std::stringstream lines, answers;
  for (const char* line : kMasked) lines << line << "\n";
  run_fill_mask(fill, lines, answers);
  for (const char* line : kMasked) {
    std::string answer;
    std::getline(answers, answer);
    const Json mask = parse_json(answer, "answer")["masks"][0];  // not in the loop's head: it would not outlive it
    out << "  " << line << "  ";
    for (const Json& candidate : mask)
      out << " " << candidate["token"].get<std::string>() << " " << std::lround(100 * candidate["probability"].get<double>()) << "%";
    out << "\n";
  }
}

void print_commands(const DemoPart& part, std::ostream& out) {
  const std::string folder = part.folder.string();
  out << "The same as commands; put your own text in their place, a sentence a line, a blank line between documents:\n\n"
      << "  attend pretrain bert --train " << folder << "/bert.train.txt --valid " << folder << "/bert.valid.txt --preset tiny \\\n"
      << "      --dropout 0 --vocab-size " << kVocabSize << " --max-length " << kMaxLength << " --batch-tokens " << kBatchTokens
      << " --learning-rate " << kLearningRate << " --schedule cosine \\\n      --warmup-steps " << kWarmupSteps << " --eval-every "
      << kEvalEvery << " --save-every " << kEvalEvery << " --eval-examples " << kEvalExamples << " \\\n      " << run_flags(part, kPlan)
      << " --output my-bert\n"
      << "  attend finetune classify --model " << folder << "/bert --train " << folder
      << "/kind.train.tsv --text sentence --label kind \\\n"
      << "      --epochs " << kTuningEpochs << " --learning-rate " << kTuningRate << " --threads " << part.common.threads << " --seed "
      << part.common.seed << " --output my-classifier\n"
      << "  attend evaluate classify --model " << folder << "/classifier --data " << folder
      << "/kind.test.tsv --text sentence --label kind\n"
      << "  echo 'The young lion [MASK].' | attend fill-mask --model " << folder << "/bert --top 4\n";
}

}  // namespace

DemoOutcome demo_bert(const DemoPart& part, std::ostream& out) {
  const demo::Documents documents = demo::make_documents({}, part.common.seed);
  const demo::LabelledSentences labelled = demo::make_labelled({}, part.common.seed);
  demo::write_documents(documents, part.folder);
  demo::write_labelled(labelled, part.folder);
  if (!part.common.json)
    out << "2. BERT (Devlin et al. 2019) is pretrained on " << documents.train.size()
        << " short texts of the same grammar: it learns the words that are hidden from it,\n"
        << "and whether a sentence goes on with another. " << announcement(part, kPlan) << "\n\n"
        << std::flush;
  std::istringstream nothing;
  std::ostringstream ignored;
  const auto stopped = [](int code) { return code != static_cast<int>(ExitCode::kDone); };
  if (const int code = run_pretrain_bert(pretraining(part), nothing, ignored); stopped(code)) return {.code = static_cast<ExitCode>(code)};
  if (!part.common.json) {
    out << "\nWhat it puts for [MASK]:\n\n";
    show_masks(part, out);
    out << "\nNow it is fine-tuned to tell what kind of thing a sentence speaks of, from " << labelled.train.size()
        << " labelled sentences; and the same model is, from random weights.\nThe test sentences are about other nouns, such as\n\n";
    for (std::size_t i = 0; i < 3; ++i) out << "  " << labelled.test[i].sentence << "  (" << labelled.test[i].label << ")\n";
    out << "\n" << std::flush;
  }
  for (const bool from_scratch : {false, true})
    if (const int code = run_finetune_classify(finetuning(part, from_scratch ? "classifier-from-scratch" : "classifier", from_scratch),
                                               nothing, ignored);
        stopped(code))
      return {.code = static_cast<ExitCode>(code)};
  const double pretrained = accuracy_of(part, "classifier"), scratch = accuracy_of(part, "classifier-from-scratch");
  if (!part.common.json) {
    out << "\nRight on " << fixed_decimals(100 * pretrained, 1) << " % of " << labelled.test.size()
        << " sentences with nouns it was not fine-tuned on; from random weights on " << fixed_decimals(100 * scratch, 1)
        << " %, and guessing would be on 20 %\n\n";
    print_commands(part, out);
  }
  return {.scores = {{"accuracy", pretrained}, {"accuracy_from_scratch", scratch}, {"examples", labelled.test.size()}}};
}

}  // namespace attend
