#include "apps/arguments.h"

#include <algorithm>

#include "core/text.h"

namespace attend {
namespace {

std::string full_name(const CLI::App& command) {
  if (command.get_parent() == nullptr) return command.get_name();
  return full_name(*command.get_parent()) + " " + command.get_name();
}

std::string suggestion(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string near = nearest(word, candidates);
  return near.empty() ? "" : "; did you mean '" + near + "'?";
}

std::vector<std::string> flags_of(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    for (const auto& name : option->get_lnames()) flags.push_back("--" + name);
    for (const auto& name : option->get_snames()) flags.push_back("-" + name);
  }
  return flags;
}

std::vector<std::string> names_of_subcommands(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) names.push_back(sub->get_name());
  return names;
}

}  // namespace

std::vector<std::string> normalise_arguments(int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  for (std::string& argument : arguments) {
    if (argument == "--") break;
    if (!argument.starts_with("--")) continue;
    const auto name_end = argument.begin() + static_cast<std::ptrdiff_t>(std::min(argument.find('='), argument.size()));
    std::replace(argument.begin(), name_end, '_', '-');
  }
  return arguments;
}

std::string config_argument(const std::vector<std::string>& arguments) {
  std::string file;
  for (std::size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
    if (arguments[i] == "--config" && i + 1 < arguments.size()) file = arguments[i + 1];
    if (arguments[i].starts_with("--config=")) file = arguments[i].substr(9);
  }
  return file;
}

CLI::App* chosen_command(CLI::App& app) {
  CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return command;
}

bool has_unknown_word(CLI::App& app) {
  if (names_of_subcommands(*chosen_command(app)).empty()) return false;
  const auto words = app.remaining(true);
  return std::any_of(words.begin(), words.end(), [](const std::string& word) { return word.empty() || word.front() != '-'; });
}

UserError explain_parse_error(CLI::App& app, const CLI::ParseError& error) {
  CLI::App& command = *chosen_command(app);
  const std::string name = full_name(command);
  const std::string see_help = "see `" + name + " --help`";
  // A mistyped word also makes something required go missing, which CLI11 notices first: look for the word before all else.
  for (const std::string& word : app.remaining(true)) {
    if (word.size() > 1 && word.front() == '-') {
      const std::string flag = word.substr(0, word.find('='));
      return UserError(name + " has no flag '" + flag + "'" + suggestion(flag, flags_of(command)), see_help);
    }
    const auto subcommands = names_of_subcommands(command);
    if (!subcommands.empty()) return UserError(name + " has no command '" + word + "'" + suggestion(word, subcommands), see_help);
    return UserError(name + " takes no argument '" + word + "' here", see_help);
  }
  std::string message = error.what();
  if (const auto at = message.find(": At Most 1 required but received "); at != std::string::npos)
    return UserError(name + ": " + message.substr(0, at) + " is given more than once", "give it once; " + see_help);
  if (const auto at = message.find(" excludes "); at != std::string::npos)
    return UserError(name + ": " + message.substr(0, at) + " and " + message.substr(at + 10) + " are given together",
                     "leave one out; " + see_help);
  while (!message.empty() && message.back() == '\n') message.pop_back();
  return UserError(name + ": " + message, see_help);
}

}  // namespace attend
