// attend completion: a completion script for a shell.
#include "apps/commands.h"

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "apps/command.h"
#include "core/fields.h"

namespace attend {
namespace {

enum class Shell { kBash, kZsh, kFish };

}  // namespace

template <>
struct EnumNames<Shell> {
  static constexpr std::array values{std::pair{Shell::kBash, "bash"}, std::pair{Shell::kZsh, "zsh"}, std::pair{Shell::kFish, "fish"}};
};

namespace {

struct CompletionOptions {
  Shell shell = Shell::kBash;
  const CLI::App* root = nullptr;
};

struct Entry {
  std::string path;                   ///< "attend pretrain transformer"
  std::vector<const CLI::App*> subs;  ///< its subcommands
  std::vector<const CLI::Option*> options;
};

std::vector<const CLI::App*> subcommands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* sub) { return !sub->get_name().empty(); });
}

void collect(const CLI::App& app, const std::string& prefix, std::vector<Entry>& entries) {
  Entry entry{prefix + app.get_name(), subcommands_of(app),
              app.get_options([](const CLI::Option* option) { return option->nonpositional(); })};
  const std::string path = entry.path;
  entries.push_back(std::move(entry));
  for (const CLI::App* sub : subcommands_of(app)) collect(*sub, path + " ", entries);
}

/// "bash|zsh|fish" of an option whose type name lists its choices, as "bash zsh fish"; else "".
std::string choices_of(const CLI::Option& option) {
  std::string choices = option.get_type_name();
  if (choices.find('|') == std::string::npos) return {};
  for (char& letter : choices)
    if (letter == '|') letter = ' ';
  return choices;
}

std::string words_of(const Entry& entry) {
  std::string words;
  for (const CLI::App* sub : entry.subs) words += (words.empty() ? "" : " ") + sub->get_name();
  for (const CLI::Option* option : entry.options)
    for (const std::string& name : option->get_lnames()) words += (words.empty() ? "--" : " --") + name;
  return words;
}

/// The command is the longest known chain of words before the cursor; files complete where no word does.
void print_bash(const std::vector<Entry>& entries, std::ostream& out) {
  out << "# bash completion of attend: source <(attend completion bash)\n"
         "_attend() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command=attend word\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case \"$command $word\" in\n";
  for (const Entry& entry : entries)
    if (entry.path.find(' ') != std::string::npos) out << "      '" << entry.path << "') command=\"$command $word\" ;;\n";
  out << "    esac\n  done\n  local words\n  case \"$command $previous\" in\n";
  for (const Entry& entry : entries)
    for (const CLI::Option* option : entry.options)
      if (const std::string choices = choices_of(*option); !choices.empty())
        for (const std::string& name : option->get_lnames())
          out << "    '" << entry.path << " --" << name << "') words='" << choices << "' ;;\n";
  out << "    *) case \"$command\" in\n";
  for (const Entry& entry : entries) out << "      '" << entry.path << "') words='" << words_of(entry) << "' ;;\n";
  out << "    esac ;;\n  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "}\n"
         "complete -o default -o bashdefault -F _attend attend\n";
}

std::string fish_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char letter : text) {
    if (letter == '\'' || letter == '\\') quoted += '\\';
    quoted += letter == '\n' ? ' ' : letter;
  }
  return quoted + "'";
}

void print_fish(const std::vector<Entry>& entries, std::ostream& out) {
  out << "# fish completion of attend: attend completion fish | source\n"
         "function __attend_at\n"
         "  set -l words (commandline -opc | string match -v -- '-*')\n"
         "  test (count $words) -ge (count $argv); and test \"$words[1..\"(count $argv)\"]\" = \"$argv\"\n"
         "end\n";
  for (const Entry& entry : entries) {
    const std::string condition = " -n '__attend_at " + entry.path + "' ";
    for (const CLI::App* sub : entry.subs)
      out << "complete -c attend -f" << condition << "-a " << sub->get_name() << " -d " << fish_quoted(sub->get_description()) << "\n";
    for (const CLI::Option* option : entry.options)
      for (const std::string& name : option->get_lnames()) {
        const std::string choices = choices_of(*option);
        out << "complete -c attend" << condition << "-l " << name << " -d " << fish_quoted(option->get_description());
        if (!choices.empty()) out << " -x -a '" << choices << "'";
        out << "\n";
      }
  }
}

int run_completion(const CompletionOptions& options, std::istream&, std::ostream& out) {
  std::vector<Entry> entries;
  collect(*options.root, "", entries);
  switch (options.shell) {
    case Shell::kZsh:
      out << "# zsh completion of attend: source <(attend completion zsh)\nautoload -U +X compinit && compinit\nautoload -U +X "
             "bashcompinit && bashcompinit\n";
      [[fallthrough]];  // zsh runs bash's functions
    case Shell::kBash:
      print_bash(entries, out);
      break;
    case Shell::kFish:
      print_fish(entries, out);
      break;
  }
  return static_cast<int>(ExitCode::kDone);
}

}  // namespace

void add_completion(CLI::App& app) {
  auto options = std::make_shared<CompletionOptions>();
  options->root = &app;
  CLI::App* command = app.add_subcommand("completion", "Print a completion script for a shell");
  command
      ->add_option_function<std::string>(
          "SHELL",
          [options](const std::string& name) {
            const auto shell = enum_from_name<Shell>(name);
            if (!shell) throw CLI::ValidationError("SHELL", "'" + name + "' is not one of " + enum_choices<Shell>());
            options->shell = *shell;
          },
          "the shell")
      ->type_name(enum_choices<Shell>())
      ->required();
  command->footer("Examples:\n  source <(attend completion bash)\n  attend completion fish > ~/.config/fish/completions/attend.fish");
  set_run(*command, options, run_completion);
}

}  // namespace attend
