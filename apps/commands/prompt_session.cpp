#include "apps/commands/prompt_session.h"

#include <algorithm>
#include <ostream>

#include "apps/commands/causal_folder.h"
#include "apps/flags.h"
#include "core/error.h"
#include "core/log.h"
#include "core/text.h"

namespace attend {
namespace {

constexpr std::string_view kHelp =
    "A line is a query; one that begins with a slash is a command. Put a blank in front of a query that does.\n"
    "  /examples            the examples in the prompt, numbered\n"
    "  /shots N             shows N examples\n"
    "  /add INPUT -> OUTPUT adds an example, as the last one (a TAB does for the arrow)\n"
    "  /remove N            removes example N\n"
    "  /show [QUERY]        the prompt as the model reads it\n"
    "  /quit                ends, as Ctrl-D does\n";

// "1 example", "8 examples".
std::string counted(std::size_t count) { return std::to_string(count) + (count == 1 ? " example" : " examples"); }

std::size_t number_of(std::string_view argument, const std::string& command, std::size_t least, std::size_t most) {
  const auto number = parse_number<std::size_t>(std::string(argument));
  if (!number || *number < least || *number > most)
    throw UserError(command + " '" + excerpt(argument) + "': expected a number from " + std::to_string(least) + " to " +
                    std::to_string(most));
  return *number;
}

}  // namespace

PromptSession::PromptSession(const TextGenerator& generator, const ExamplePool& pool, PromptSettings settings)
    : generator_(generator), settings_(std::move(settings)) {
  const std::size_t all = pool.examples().size();
  if (settings_.shots > all)
    throw UserError("--shots " + std::to_string(settings_.shots) + " is more than the " + counted(all) + " there are",
                    "give --shots " + std::to_string(all) + " or less");
  examples_ = pool.draw_for("", {.shots = all, .seed = settings_.seed});  // no example has an empty input
}

std::string PromptSession::prompt_for(std::string_view query) const {
  std::vector<TaskExample> shown;
  for (const TaskExample& example : examples_)
    if (shown.size() < settings_.shots && example.input != query) shown.push_back(example);
  if (shown.size() < settings_.shots)
    throw UserError("the query '" + excerpt(query) + "' is one of the examples, and leaves " + counted(shown.size()) + " of the " +
                        std::to_string(settings_.shots) + " to be shown",
                    "show fewer, or give more examples");
  const std::int64_t room = generator_.model().max_positions() - generator_.max_new_tokens(settings_.generate);
  const ContextBudget budget{.count_tokens = [&](std::string_view text) { return generator_.tokenizer().encode(text).size(); },
                             .tokens = static_cast<std::size_t>(std::max<std::int64_t>(0, room))};
  return fitted_prompt(settings_.format, shown, query, budget);
}

std::vector<Continuation> PromptSession::answer(std::span<const AskedQuery> queries) const {
  std::vector<Prompt> prompts;
  for (const AskedQuery& query : queries)
    prompts.push_back(
        {.ids = generator_.encode(prompt_for(query.text)), .number = query.number, .name = "line " + std::to_string(query.number)});
  std::vector<Continuation> answers;
  for (auto& samples : generator_.generate({.prompts = prompts, .seed = settings_.seed}, settings_.generate)) {
    answers.push_back(std::move(samples.front()));
    answers.back().text = trimmed(answers.back().text);
  }
  return answers;
}

void PromptSession::converse(LineReader& lines, std::ostream& out) {
  for (std::string line; lines.next(line);) {
    if (trimmed(line).empty()) continue;
    try {
      if (line.front() == '/') {
        if (!obey(line, out)) return;
      } else {
        last_query_ = trimmed(line);
        if (!is_valid_utf8(last_query_)) throw UserError("the query is not UTF-8");
        const AskedQuery query{.text = last_query_, .number = lines.line_number()};
        out << one_line(answer(std::span(&query, 1)).front().text) << '\n';
      }
    } catch (const UserError& error) {
      log_error(error.what() + (error.hint().empty() ? "" : "\n" + error.hint()));
    }
    out.flush();
  }
}

bool PromptSession::obey(std::string_view line, std::ostream& out) {
  const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
  const std::string command(line.substr(0, end));
  const std::string_view argument = trimmed(line.substr(end));
  if (command == "/quit" || command == "/exit") return false;
  if (command == "/help") {
    out << kHelp;
  } else if (command == "/examples") {
    list(out);
  } else if (command == "/shots") {
    set_shots(argument, out);
  } else if (command == "/add") {
    add(argument, out);
  } else if (command == "/remove") {
    remove(argument, out);
  } else if (command == "/show") {
    const std::string query(argument.empty() ? last_query_.empty() ? "..." : last_query_ : argument);
    out << prompt_for(query) << '\n';
  } else {
    const std::string near = nearest(command, {"/help", "/examples", "/shots", "/add", "/remove", "/show", "/quit"});
    throw UserError("there is no command '" + excerpt(command) + "'" + (near.empty() ? "" : "; did you mean '" + near + "'?"),
                    "/help lists the commands");
  }
  return true;
}

void PromptSession::set_shots(std::string_view argument, std::ostream& out) {
  settings_.shots = number_of(argument, "/shots", 0, examples_.size());
  out << counted(settings_.shots) << " of " << examples_.size() << " in the prompt\n";
}

void PromptSession::add(std::string_view argument, std::ostream& out) {
  constexpr std::string_view kArrow = "->";
  const bool has_tab = argument.find('\t') != std::string_view::npos;
  const std::size_t mark = has_tab ? argument.find('\t') : argument.find(kArrow);
  const std::string_view input = trimmed(argument.substr(0, std::min(mark, argument.size())));
  const std::string_view output =
      mark == std::string_view::npos ? std::string_view() : trimmed(argument.substr(mark + (has_tab ? 1 : kArrow.size())));
  if (input.empty() || output.empty()) throw UserError("/add '" + excerpt(argument) + "': expected an input, -> or a TAB, and its output");
  if (!is_valid_utf8(argument)) throw UserError("/add: the example is not UTF-8");
  examples_.insert(examples_.begin() + static_cast<std::ptrdiff_t>(settings_.shots),
                   {.input = std::string(input), .output = std::string(output)});
  out << "example " << ++settings_.shots << ": " << input << " -> " << output << '\n';
}

void PromptSession::remove(std::string_view argument, std::ostream& out) {
  if (settings_.shots == 0) throw UserError("/remove: there is no example in the prompt");
  const std::size_t number = number_of(argument, "/remove", 1, settings_.shots);
  examples_.erase(examples_.begin() + static_cast<std::ptrdiff_t>(number) - 1);
  --settings_.shots;
  out << counted(settings_.shots) << " of " << examples_.size() << " in the prompt\n";
}

void PromptSession::list(std::ostream& out) const {
  for (std::size_t i = 0; i < settings_.shots; ++i) out << i + 1 << ": " << examples_[i].input << " -> " << examples_[i].output << '\n';
  out << counted(settings_.shots) << " of " << examples_.size() << " in the prompt\n";
}

}  // namespace attend
