#include "apps/commands/demo.h"

#include <cstdlib>
#include <memory>
#include <ostream>

#include "apps/command.h"
#include "apps/commands/demo_part.h"
#include "apps/flags.h"
#include "data/demo/corpus.h"
#include "data/demo/documents.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

/// The share of the minutes that each part trains for.
constexpr double kTranslateShare = 0.4, kBertShare = 0.3, kPromptShare = 0.3;

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
  if (!(options.minutes > 0 && options.minutes <= 1440)) throw UserError("--minutes is not above 0 and at most 1440");
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
  add_field_flag(*command, "--minutes", options->minutes, "how long to train, all parts together");
  add_field_flag(*command, "--pairs", options->pairs, "sentence pairs to translate from, drawn from a grammar");
  add_field_flag(*command, "--only", options->only,
                 "one part alone: a translator; BERT, which fills masks and is made a classifier; a GPT that finds rules in its prompt");
  command->add_option("--output", options->output, "folder for texts and models; without it one among the temporary files");
  command->add_option("--write", options->write,
                      "only write the texts into this folder: {train,valid,test}.{en,de}, bert.{train,valid}.txt, kind.{train,test}.tsv");
  add_common(*command, options->common);
  command->footer(
      "Examples:\n  attend demo\n  attend demo --only bert --minutes 2 --output runs/demo\n  attend demo --write text --pairs 20000 --seed "
      "7");
  set_run(*command, options, run_demo);
}

int run_demo(const DemoOptions& options, std::istream&, std::ostream& out) {
  apply_common(options.common);
  check(options);
  const fs::path folder = choose_folder(options.write.empty() ? options.output : options.write);
  if (!options.write.empty()) {
    write_texts(options, folder);
    return static_cast<int>(ExitCode::kDone);
  }
  if (!options.common.json) out << "Everything is kept in " << folder.string() << "\n\n" << std::flush;

  Json scores{{"folder", folder.string()}};
  const auto run_part = [&](DemoTopic topic, double share, const auto& run) {
    if (options.only && *options.only != topic) return ExitCode::kDone;
    DemoOutcome outcome =
        run(DemoPart{.common = options.common, .minutes = options.minutes * (options.only ? 1 : share), .folder = folder});
    scores[std::string(enum_name(topic))] = std::move(outcome.scores);
    if (!options.common.json) out << "\n" << std::flush;
    return outcome.code;
  };
  ExitCode code =
      run_part(DemoTopic::kTranslate, kTranslateShare, [&](const DemoPart& part) { return demo_translate(part, options.pairs, out); });
  if (code == ExitCode::kDone) code = run_part(DemoTopic::kBert, kBertShare, [&](const DemoPart& part) { return demo_bert(part, out); });
  if (code == ExitCode::kDone)
    code = run_part(DemoTopic::kPrompt, kPromptShare, [&](const DemoPart& part) { return demo_prompt(part, out); });
  if (code == ExitCode::kDone && options.common.json) out << scores.dump() << "\n";
  return static_cast<int>(code);
}

}  // namespace attend
