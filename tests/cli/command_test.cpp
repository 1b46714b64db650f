// The command as a whole: help, versions, mistyped words, where output goes, exit codes.
#include <set>
#include <sstream>

#include "tests/cli/process.h"

using namespace attend;
using Catch::Contains;

namespace {

/// The names under "Subcommands:" of a help text.
std::vector<std::string> subcommands_in(const std::string& help) {
  std::vector<std::string> names;
  std::istringstream lines(help);
  bool listing = false;
  for (std::string line; std::getline(lines, line);) {
    if (line == "Subcommands:") {
      listing = true;
    } else if (listing && line.starts_with("  ") && line.size() > 2 && line[2] != ' ') {
      names.push_back(line.substr(2, line.find(' ', 2) - 2));
    } else if (listing && line.empty()) {
      break;
    }
  }
  return names;
}

/// Every command that has no subcommands of its own, with the path to it.
std::vector<std::vector<std::string>> all_commands(const std::vector<std::string>& path = {}) {
  std::vector<std::string> arguments = path;
  arguments.push_back("--help");
  const auto names = subcommands_in(run(arguments).out);
  if (names.empty()) return {path};
  std::vector<std::vector<std::string>> commands;
  for (const std::string& name : names) {
    std::vector<std::string> inner = path;
    inner.push_back(name);
    for (auto& command : all_commands(inner)) commands.push_back(command);
  }
  return commands;
}

}  // namespace

TEST_CASE("the help lists the commands and the exit codes") {
  const Outcome help = run({"--help"});
  CHECK(help.code == 0);
  CHECK(help.err.empty());
  CHECK_THAT(help.out, Contains("Exit codes") && Contains("75") && Contains("inspect"));
  CHECK(run({"--version"}).out.starts_with("attend 0."));
  CHECK(run({"translate", "--version"}).out == run({"--version"}).out);
}

TEST_CASE("a command that is none has no help, and a flag is given once") {
  const Outcome none = run({"trian", "--help"});
  CHECK(none.code == 2);
  CHECK(none.out.empty());
  CHECK_THAT(none.err, Contains("attend has no command 'trian'"));
  CHECK(run({"metric", "bleu", "one", "too-many", "--help"}).code == 0);
  const Outcome twice = run({"translate", "--model", "a", "--model", "b"});
  CHECK(twice.code == 2);
  CHECK_THAT(twice.err, Contains("--model is given more than once"));
}

TEST_CASE("the help of every command shows examples of that command") {
  const auto commands = all_commands();
  CHECK(commands.size() >= 6);
  for (auto command : commands) {
    std::string name = "attend";
    for (const std::string& word : command) name += " " + word;
    INFO(name);
    command.push_back("--help");
    const Outcome help = run(command);
    CHECK(help.code == 0);
    CHECK_THAT(help.out, Contains("Usage: " + name) && Contains("Example"));
    const std::string examples = help.out.substr(help.out.find("Example"));
    CHECK_THAT(examples, Contains(name));
  }
}

TEST_CASE("mistakes on the command line end with code 2 and the nearest word, and print nothing") {
  const auto check = [](std::vector<std::string> arguments, const std::string& expected) {
    const Outcome outcome = run(std::move(arguments));
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, Contains(expected));
  };
  check({}, "subcommand is required");
  check({"inspekt"}, "did you mean 'inspect'?");
  check({"inspect", "--jsno", "x"}, "did you mean '--json'?");
  check({"inspect", "--qiuet", "x"}, "did you mean '--quiet'?");
  check({"inspect"}, "DIR");
  check({"inspect", "x", "--threads", "-3"}, "--threads");
  check({"inspect", "x", "--device", "tpu"}, "unknown device 'tpu'");
  check({"inspect", "x", "--device", "cuda:99"}, "cuda:99");
  check({"inspect", "x", "--precision", "float8"}, "float32|bfloat16|int8");
  check({"inspect", "x", "--config", "/nowhere/x.toml"}, "there is no such file");
}

TEST_CASE("settings come from a TOML file, and flags win") {
  TempFolder folder;
  write_text(folder / "run.toml", "device = \"tpu\"\n");
  const std::string config = (folder / "run.toml").string();
  CHECK_THAT(run({"inspect", "x", "--config", config}).err, Contains("unknown device 'tpu'"));
  CHECK_THAT(run({"inspect", "x", "--config", config, "--device", "gpu"}).err, Contains("unknown device 'gpu'"));
  write_text(folder / "run.toml", "seed = 1\nthread = 3\n");
  const Outcome unknown = run({"inspect", "x", "--config", config});
  CHECK(unknown.code == 2);
  CHECK_THAT(unknown.err, Contains("line 2") && Contains("did you mean 'threads'?"));
  write_text(folder / "run.toml", "seed = = 1\n");
  CHECK_THAT(run({"inspect", "x", "--config", config}).err, Contains("line 1"));
}

TEST_CASE("underscores in flags are hyphens") { CHECK_THAT(run({"inspect", "x", "--de_vice", "cpu"}).err, Contains("'--de-vice'")); }

TEST_CASE("results that cannot be written are told, and a reader that leaves is not") {
  const auto shell = [](const std::string& line) { return run(Invocation{.arguments = {"-c", line}, .program = "/bin/sh"}); };
  const std::string command = std::string(ATTEND_BINARY) + " completion bash";
  const Outcome full = shell(command + " > /dev/full");
  CHECK(full.code == 75);
  CHECK_THAT(full.err, Contains("No space left"));
  const Outcome closed = shell(command + " >&-");
  CHECK(closed.code == 75);
  CHECK_THAT(closed.err, Contains("standard output"));
  const Outcome left = shell(command + " | head -n 1");
  CHECK(left.code == 0);
  CHECK(left.err.empty());
}

TEST_CASE("the completion scripts know commands, flags and choices") {
  const Outcome bash = run({"completion", "bash"});
  CHECK(bash.code == 0);
  TempFolder folder;
  write_text(folder / "script", bash.out);
  const auto complete = [&](const std::string& words, int cursor) {
    const std::string line = "source " + (folder / "script").string() + "; COMP_WORDS=(" + words +
                             "); COMP_CWORD=" + std::to_string(cursor) + "; _attend; echo ${COMPREPLY[@]}";
    return run(Invocation{.arguments = {"-c", line}, .program = "/bin/bash"}).out;
  };
  CHECK(complete("attend insp", 1) == "inspect\n");
  CHECK(complete("attend inspect --devi", 2) == "--device\n");
  CHECK(complete("attend pretrain bert --precision b", 4) == "bfloat16\n");
  CHECK_THAT(complete("attend metric \"\"", 2), Contains("bleu"));
  CHECK_THAT(run({"completion", "zsh"}).out, Contains("bashcompinit"));
  CHECK_THAT(run({"completion", "fish"}).out, Contains("complete -c attend"));
  CHECK(run({"completion", "tcsh"}).code == 2);
}
