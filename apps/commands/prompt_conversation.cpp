#include "apps/commands/prompt_conversation.h"

#include <algorithm>
#include <ostream>

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

class Conversation {
 public:
  Conversation(PromptSession& session, std::ostream& out) : session_(session), out_(out) {}
  void run(LineReader& lines);

 private:
  bool obey(std::string_view line);  // false: the session ends
  void set_shots(std::string_view argument);
  void add(std::string_view argument);
  void remove(std::string_view argument);
  void list();

  PromptSession& session_;
  std::ostream& out_;
  std::string last_query_;
};

void Conversation::run(LineReader& lines) {
  for (std::string line; lines.next(line);) {
    if (trimmed(line).empty()) continue;
    try {
      if (line.front() == '/') {
        if (!obey(line)) return;
      } else {
        last_query_ = trimmed(line);
        if (!is_valid_utf8(last_query_)) throw UserError("the query is not UTF-8");
        const AskedQuery query{.text = last_query_, .number = lines.line_number()};
        out_ << one_line(session_.answer(std::span(&query, 1)).front().text) << '\n';
      }
    } catch (const UserError& error) {
      log_error(error.what() + (error.hint().empty() ? "" : "\n" + error.hint()));
    }
    out_.flush();
  }
}

bool Conversation::obey(std::string_view line) {
  const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
  const std::string command(line.substr(0, end));
  const std::string_view argument = trimmed(line.substr(end));
  if (command == "/quit" || command == "/exit") return false;
  if (command == "/help") {
    out_ << kHelp;
  } else if (command == "/examples") {
    list();
  } else if (command == "/shots") {
    set_shots(argument);
  } else if (command == "/add") {
    add(argument);
  } else if (command == "/remove") {
    remove(argument);
  } else if (command == "/show") {
    const std::string query(argument.empty() ? last_query_.empty() ? "..." : last_query_ : argument);
    out_ << session_.prompt_for(query) << '\n';
  } else {
    const std::string near = nearest(command, {"/help", "/examples", "/shots", "/add", "/remove", "/show", "/quit"});
    throw UserError("there is no command '" + excerpt(command) + "'" + (near.empty() ? "" : "; did you mean '" + near + "'?"),
                    "/help lists the commands");
  }
  return true;
}

void Conversation::set_shots(std::string_view argument) {
  session_.set_shots(number_of(argument, "/shots", 0, session_.num_examples()));
  out_ << counted(session_.shown().size()) << " of " << session_.num_examples() << " in the prompt\n";
}

void Conversation::add(std::string_view argument) {
  constexpr std::string_view kArrow = "->";
  const bool has_tab = argument.find('\t') != std::string_view::npos;
  const std::size_t mark = has_tab ? argument.find('\t') : argument.find(kArrow);
  const std::string_view input = trimmed(argument.substr(0, std::min(mark, argument.size())));
  const std::string_view output =
      mark == std::string_view::npos ? std::string_view() : trimmed(argument.substr(mark + (has_tab ? 1 : kArrow.size())));
  if (input.empty() || output.empty()) throw UserError("/add '" + excerpt(argument) + "': expected an input, -> or a TAB, and its output");
  if (!is_valid_utf8(argument)) throw UserError("/add: the example is not UTF-8");
  session_.add({.input = std::string(input), .output = std::string(output)});
  out_ << "example " << session_.shown().size() << ": " << input << " -> " << output << '\n';
}

void Conversation::remove(std::string_view argument) {
  if (session_.shown().empty()) throw UserError("/remove: there is no example in the prompt");
  session_.remove(number_of(argument, "/remove", 1, session_.shown().size()) - 1);
  out_ << counted(session_.shown().size()) << " of " << session_.num_examples() << " in the prompt\n";
}

void Conversation::list() {
  const auto shown = session_.shown();
  for (std::size_t i = 0; i < shown.size(); ++i) out_ << i + 1 << ": " << shown[i].input << " -> " << shown[i].output << '\n';
  out_ << counted(session_.shown().size()) << " of " << session_.num_examples() << " in the prompt\n";
}

}  // namespace

void converse(PromptSession& session, LineReader& lines, std::ostream& out) { Conversation(session, out).run(lines); }

}  // namespace attend
