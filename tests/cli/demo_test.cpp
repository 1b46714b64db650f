// attend demo, from start to end in a few seconds, and the commands it tells one to use.
#include <algorithm>
#include <set>
#include <sstream>

#include "core/field_io.h"
#include "core/json.h"
#include "tests/cli/process.h"

using namespace attend;
using Catch::Contains;

namespace {

std::set<std::string> lines_of(const std::filesystem::path& path) {
  std::set<std::string> lines;
  std::istringstream text(read_text(path));
  for (std::string line; std::getline(text, line);) lines.insert(line);
  return lines;
}

/// The commands printed at the end, each on one line.
std::vector<std::string> commands_in(const std::string& output) {
  std::string text = output;
  for (std::size_t at; (at = text.find("\\\n")) != std::string::npos;) text.replace(at, 2, "");
  std::vector<std::string> commands;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("  attend ")) commands.push_back(line.substr(2));
  return commands;
}

Outcome shell(const std::string& command) {
  const std::string path = std::filesystem::path(ATTEND_BINARY).parent_path().string();
  return run(Invocation{.arguments = {"-c", "PATH=" + path + ":$PATH; " + command}, .program = "/bin/sh"});
}

Json settings_of(const std::filesystem::path& run_folder) {
  Json settings = toml_to_json(read_text(run_folder / "run.toml"), "run.toml");
  settings.erase("output");
  return settings;
}

}  // namespace

TEST_CASE("the demo trains, translates, scores, and prints commands that do the same") {
  TempFolder folder;
  const std::string output = (folder / "demo").string();
  const Outcome demo = run({"demo", "--only", "translate", "--steps", "30", "--pairs", "1000", "--output", output});
  INFO(demo.out << demo.err);
  REQUIRE(demo.code == 0);
  CHECK_THAT(demo.out, Contains("1000 sentence pairs") && Contains("It makes 30 steps: about ") && Contains("  -> ") && Contains("BLEU "));
  CHECK(std::count(demo.out.begin(), demo.out.end(), '>') >= 12);
  for (const std::string& sentence : lines_of(folder / "demo/test.en")) CHECK(lines_of(folder / "demo/train.en").count(sentence) == 0);

  const auto commands = commands_in(demo.out);
  REQUIRE(commands.size() == 4);
  std::string pretrain = commands[0];
  const std::string again = (folder / "again").string();
  pretrain.replace(pretrain.find("my-model"), 8, again);
  const Outcome trained = shell(pretrain);
  INFO(pretrain << "\n" << trained.err);
  CHECK(trained.code == 0);
  CHECK(settings_of(folder / "again") == settings_of(folder / "demo/translator"));
  const Outcome translated = shell(commands[1] + " --max-length 5 --beam 1");
  CHECK(translated.code == 0);
  CHECK(std::count(translated.out.begin(), translated.out.end(), '\n') == 500);
  CHECK(shell(commands[3]).code == 0);
}

TEST_CASE("the demo pretrains BERT, fills masks, fine-tunes it, and prints commands that do the same") {
  TempFolder folder;
  const Outcome demo = run({"demo", "--only", "bert", "--steps", "20", "--output", (folder / "demo").string()});
  INFO(demo.out << demo.err);
  REQUIRE(demo.code == 0);
  CHECK_THAT(demo.out, Contains("[MASK]") && Contains("It makes 20 steps: about ") && Contains("from random weights") && !Contains("BLEU"));
  const auto commands = commands_in(demo.out);
  REQUIRE(commands.size() == 3);  // and one that begins with echo
  for (const std::size_t i : {0, 1}) {
    std::string command = commands[i];
    const std::string name = i == 0 ? "my-bert" : "my-classifier", again = (folder / name).string();
    command.replace(command.find(name), name.size(), again);
    const Outcome trained = shell(command);
    INFO(command << "\n" << trained.err);
    CHECK(trained.code == 0);
    CHECK(settings_of(folder / name) == settings_of(folder / "demo" / (i == 0 ? "bert" : "classifier")));
  }
  const Outcome evaluated = shell(commands[2] + " --json");
  CHECK(parse_json(evaluated.out, "evaluation")["examples"] == 300);
  const std::string fill = demo.out.substr(demo.out.rfind("  echo "));
  const Outcome filled = shell(fill.substr(0, fill.find('\n')));
  INFO(fill << filled.err);
  CHECK(std::count(filled.out.begin(), filled.out.end(), '\t') == 7);
}

TEST_CASE("the demo pretrains a GPT on episodes, prompts it, and prints commands that do the same") {
  TempFolder folder;
  const Outcome demo = run({"demo", "--only", "prompt", "--steps", "20", "--output", (folder / "demo").string()});
  INFO(demo.out << demo.err);
  REQUIRE(demo.code == 0);
  CHECK_THAT(demo.out, Contains(" -> ") && Contains("It makes 20 steps: about "));
  CHECK_THAT(demo.out, Contains("0 examples: ") && Contains("8 examples: ") && Contains("of 600 queries"));
  const auto commands = commands_in(demo.out);
  REQUIRE(commands.size() == 2);
  std::string command = commands[0];
  command.replace(command.find("my-gpt"), 6, (folder / "my-gpt").string());
  const Outcome trained = shell(command);
  INFO(command << "\n" << trained.err);
  CHECK(trained.code == 0);
  CHECK(settings_of(folder / "my-gpt") == settings_of(folder / "demo/gpt"));
  CHECK(read_text(folder / "my-gpt/model.safetensors") == read_text(folder / "demo/gpt/model.safetensors"));
  const Outcome evaluated = shell(commands[1] + " --json");
  CHECK(parse_json(evaluated.out, "evaluation")[1]["shots"] == 8);
}

TEST_CASE("the demo writes its sentences alone where asked to") {
  TempFolder folder;
  const auto write = [&](const std::string& name, const std::string& seed) {
    CHECK(run({"demo", "--write", (folder / name).string(), "--pairs", "1500", "--seed", seed}).code == 0);
    return read_text(folder / name / "train.de");
  };
  const std::string first = write("one", "1");
  CHECK(std::count(first.begin(), first.end(), '\n') == 1500);
  CHECK(write("again", "1") == first);
  CHECK(write("other", "2") != first);
  CHECK_FALSE(std::filesystem::exists(folder / "one/translator"));
  CHECK(lines_of(folder / "one/kind.train.tsv").size() == 401);
  CHECK(lines_of(folder / "one/bert.train.txt").count("") == 1);
}

TEST_CASE("the demo refuses settings that make no sense") {
  CHECK(run({"demo", "--steps", "0"}).code == 2);
  CHECK(run({"demo", "--pairs", "10"}).code == 2);
  CHECK(run({"demo", "--write", "/proc/nowhere"}).code == 2);
}
