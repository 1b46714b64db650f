#include "apps/commands/demo.h"

#include <cmath>
#include <cstdlib>
#include <memory>
#include <ostream>

#include "apps/command.h"
#include "apps/commands.h"
#include "apps/commands/demo_part.h"
#include "apps/flags.h"
#include "core/progress.h"
#include "data/demo/corpus.h"
#include "data/demo/documents.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

/// The same on every machine, since sums are in another order with another number; models as small as these gain little from more.
constexpr std::int64_t kThreads = 2;

fs::path choose_folder(const fs::path& asked_for) {
  if (!asked_for.empty()) {
    std::error_code failed;
    fs::create_directories(asked_for, failed);
    if (failed) throw UserError(asked_for.string() + ": cannot make this folder: " + failed.message(), "choose another --output");
    return asked_for;
  }
  std::string name = (fs::temp_directory_path() / "attend-demo-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw StorageError(name + ": cannot make a folder; give one with --output");
  return name;
}

void check(const DemoOptions& options) {
  if (options.steps && *options.steps < 1) throw UserError("--steps is " + std::to_string(*options.steps) + "; expected 1 or more");
  if (options.pairs < 1000 || options.pairs > 2'000'000)
    throw UserError("--pairs " + std::to_string(options.pairs) + " is not between 1000 and 2000000");
}

void write_texts(const DemoOptions& options, const fs::path& folder) {
  demo::write_corpus(demo::make_corpus({.train = static_cast<std::size_t>(options.pairs)}, options.common.seed), folder);
  demo::write_documents(demo::make_documents({}, options.common.seed), folder);
  demo::write_labelled(demo::make_labelled({}, options.common.seed), folder);
}

}  // namespace

void add_demo(CLI::App& app) {
  auto options = std::make_shared<DemoOptions>();
  CLI::App* command = app.add_subcommand("demo", "Train small models here and now, and show what they learnt");
  add_field_flag(*command, "--steps", options->steps, "steps of each part's pretraining, instead of as many as it needs: to try it out");
  add_field_flag(*command, "--pairs", options->pairs, "sentence pairs to translate from, drawn from a grammar");
  add_field_flag(*command, "--only", options->only,
                 "one part alone: a translator; BERT, which fills masks and is made a classifier; a GPT that finds rules in its prompt");
  command->add_option("--output", options->output, "folder for texts and models; without it one among the temporary files");
  command->add_option("--write", options->write,
                      "only write the texts into this folder: {train,valid,test}.{en,de}, bert.{train,valid}.txt, kind.{train,test}.tsv");
  add_common(*command, options->common);
  command->get_option("--threads")->default_str("2");
  command->footer(
      "All of it takes about five minutes on two idle cores. It counts steps and not time, with two threads unless told otherwise, so\n"
      "that a seed gives the same result on every machine of a kind, however busy.\n\n"
      "Examples:\n  attend demo\n  attend demo --only bert --output runs/demo\n  attend demo --write text --pairs 20000 --seed 7");
  set_run(*command, options, run_demo);
}

std::string announcement(const DemoPart& part, const DemoPlan& plan) {
  const std::int64_t steps = part.steps.value_or(plan.steps);
  const double share = static_cast<double>(steps) / static_cast<double>(plan.steps);
  return "It makes " + std::to_string(steps) + " steps: about " + format_duration(std::ceil(share * plan.idle_seconds / 5) * 5) +
         " minutes with two threads on idle cores, longer on a busy machine.";
}

std::string run_flags(const DemoPart& part, const DemoPlan& plan) {
  return "--steps " + std::to_string(part.steps.value_or(plan.steps)) + " --threads " + std::to_string(part.common.threads) + " --seed " +
         std::to_string(part.common.seed);
}

int run_demo(const DemoOptions& given, std::istream&, std::ostream& out) {
  DemoOptions options = given;
  if (options.common.threads == 0) options.common.threads = kThreads;
  apply_common(options.common);
  check(options);
  const fs::path folder = choose_folder(options.write.empty() ? options.output : options.write);
  if (!options.write.empty()) {
    write_texts(options, folder);
    return static_cast<int>(ExitCode::kDone);
  }
  if (!options.common.json) out << "Everything is kept in " << folder.string() << "\n\n" << std::flush;

  Json scores{{"folder", folder.string()}};
  const auto run_part = [&](DemoTopic topic, const auto& run) {
    if (options.only && *options.only != topic) return ExitCode::kDone;
    DemoOutcome outcome = run(DemoPart{.common = options.common, .steps = options.steps, .folder = folder});
    scores[std::string(enum_name(topic))] = std::move(outcome.scores);
    if (!options.common.json) out << "\n" << std::flush;
    return outcome.code;
  };
  ExitCode code = run_part(DemoTopic::kTranslate, [&](const DemoPart& part) { return demo_translate(part, options.pairs, out); });
  if (code == ExitCode::kDone) code = run_part(DemoTopic::kBert, [&](const DemoPart& part) { return demo_bert(part, out); });
  if (code == ExitCode::kDone) code = run_part(DemoTopic::kPrompt, [&](const DemoPart& part) { return demo_prompt(part, out); });
  if (code == ExitCode::kDone && options.common.json) out << one_line(scores) << "\n";
  return static_cast<int>(code);
}

}  // namespace attend
