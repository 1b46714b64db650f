// attend report: the curves of training runs, as a page to look at, and a summary.
#include <memory>
#include <ostream>

#include "apps/command.h"
#include "apps/commands.h"
#include "apps/common.h"
#include "apps/pages/report_page.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/log.h"
#include "core/run_history.h"

namespace attend {
namespace {

struct ReportOptions {
  CommonOptions common;
  std::vector<std::filesystem::path> folders;
  std::filesystem::path output;  ///< HTML; "": none
};

void check(const ReportOptions& options) {
  if (options.output.empty() && !options.common.json)
    throw UserError("nothing to do: neither --output nor --json is given", "add --output page.html");
  if (const auto folder = options.output.parent_path(); !folder.empty() && !std::filesystem::is_directory(folder))
    throw UserError("--output " + options.output.string() + ": there is no folder " + folder.string());
}

Json summary_of(const RunHistory& run, const std::string& name) {
  const auto best = best_evaluation(run);
  return {{"run", name},
          {"path", run.folder.string()},
          {"step", last_step(run)},
          {"best", best ? Json{{"step", best->step}, {"metric", best->metric}, {"value", best->value}} : Json(nullptr)},
          {"tokens_per_second", median_tokens_per_second(run)},
          {"seconds", last_second(run)},
          {"records", run.steps.size()},
          {"evaluations", run.evaluations.size()},
          {"skipped", run.skipped.size()}};
}

int run_report(const ReportOptions& options, std::istream&, std::ostream& out) {
  check(options);
  apply_common(options.common);
  std::vector<RunHistory> runs;
  for (const std::filesystem::path& folder : options.folders) runs.push_back(read_run_history(folder));
  const std::vector<std::string> names = run_names(runs);
  for (std::size_t i = 0; options.common.json && i < runs.size(); ++i) out << one_line(summary_of(runs[i], names[i])) << "\n";
  if (options.output.empty()) return static_cast<int>(ExitCode::kDone);
  write_file_atomically(options.output, report_page(runs));
  log_info(options.output.string() + ": open it in a browser");
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void add_report(CLI::App& app) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* command = app.add_subcommand("report", "The curves of training runs, as a page for the browser");
  command->add_option("DIR", options->folders, "the output folders of runs")->required();
  command->add_option("--output", options->output, "the page, one HTML file that loads nothing");
  add_common(*command, options->common);
  command->footer(
      "Examples:\n"
      "  attend report runs/de-en --output page.html\n"
      "  attend report runs/adam runs/adafactor --output page.html\n"
      "  attend report runs/* --json");
  set_run(*command, options, run_report);
}

}  // namespace attend
