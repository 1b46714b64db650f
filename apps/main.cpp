// The attend command: registers the subcommands, parses, runs one, and turns every failure into a sentence and an exit code.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>

#include "apps/arguments.h"
#include "apps/command.h"
#include "apps/commands.h"
#include "apps/process.h"
#include "apps/toml_config.h"
#include "apps/version.h"
#include "core/error.h"
#include "core/log.h"
#include "training/ranks.h"

namespace attend {
namespace {

int run(int argc, char** argv) {
  CLI::App app("The Transformers that changed NLP: train, translate, evaluate, from the shell.", "attend");
  app.set_version_flag("--version", version_text());
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done, 1 internal failure, 2 mistake in flags or input, 75 stopped and saved (--resume goes on),\n"
      "130 stopped by a second signal. `attend COMMAND --help` shows each command's flags with examples.");
  app.get_formatter()->column_width(38);
  add_commands(app);
  std::vector<std::string> arguments = normalise_arguments(argc, argv);
  if (const std::string config = config_argument(arguments); !config.empty()) {
    if (!std::filesystem::is_regular_file(config)) throw UserError("--config " + config + ": there is no such file");
    app.config_formatter(std::make_shared<TomlConfig>(app, config));
    app.set_config("--config", config)->group("");
  }
  try {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    app.parse(arguments);
  } catch (const CLI::Success& help_or_version) {
    if (has_unknown_word(app)) throw explain_parse_error(app, help_or_version);  // `attend trian --help`
    app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    throw explain_parse_error(app, error);
  }
  std::cout.flush();
  return command_exit_code();
}

}  // namespace
}  // namespace attend

int main(int argc, char** argv) {
  using attend::ExitCode;
  attend::prepare_process();
  std::ios::sync_with_stdio(false);
  try {
    return attend::run(argc, argv);
  } catch (const attend::UserError& error) {
    attend::log_error(error.what() + (error.hint().empty() ? "" : "\n" + error.hint()));
    return static_cast<int>(ExitCode::kUserError);
  } catch (const std::ios_base::failure&) {  // of standard output: no other stream throws
    attend::log_error(attend::unwritten_results());
    return static_cast<int>(ExitCode::kStoppedAndSaved);
  } catch (const attend::StorageError& error) {
    attend::log_error(error.what());
    return static_cast<int>(ExitCode::kStoppedAndSaved);
  } catch (const attend::PeerError& error) {  // before the training loop: within it nothing is lost
    attend::log_error(error.what());
    return static_cast<int>(ExitCode::kStoppedAndSaved);
  } catch (const std::exception& error) {
    const std::string message = error.what();  // LibTorch's holds a backtrace after the first line
    attend::log_error("internal error: " + message.substr(0, message.find("\nException raised from")));
    return static_cast<int>(ExitCode::kInternal);
  }
}
