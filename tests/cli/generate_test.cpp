// generate, prompt and score by the binary, with tests/fixtures/gpt_text: a tiny GPT-2 of transformers, and what transformers generates
// with it.
#include <algorithm>
#include <sstream>

#include "core/json.h"
#include "tests/cli/process.h"

using namespace attend;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

const std::string kModel = (fs::path(ATTEND_SOURCE_DIR) / "tests/fixtures/gpt_text").string();

Outcome generate(std::vector<std::string> more, const std::string& input = {}) {
  more.insert(more.begin(), {"generate", "--model", kModel});
  return run(std::move(more), input);
}

Outcome prompt(std::vector<std::string> more, const std::string& input = {}) {
  more.insert(more.begin(), {"prompt", "--model", kModel});
  return run(std::move(more), input);
}

void check_refusal(const Outcome& outcome, const std::string& expected) {
  INFO(outcome.err);
  CHECK(outcome.code == 2);
  CHECK(outcome.out.empty());
  CHECK_THAT(outcome.err, Contains(expected));
  CHECK_THAT(outcome.err, !Contains("internal error") && !Contains("Exception raised from"));
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string escaped(std::string text) {
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) text.replace(at, 1, "\\n");
  return text;
}

Json cases() { return read_json_file(fs::path(kModel) / "cases.json"); }

/// Inputs and outputs in the manner the model was trained on.
std::string examples(const std::string& verb) { return "the dog\t" + verb + "\nthe hen\t" + verb + "\nthe fox\t" + verb + "\n"; }

}  // namespace

TEST_CASE("greedy continuations are transformers', as text and as ids") {
  std::string input;
  std::vector<Json> expected;
  for (const Json& one : cases()) {
    const auto text = one["prompt"].get<std::string>();
    const Outcome shown = generate({"--prompt", text, "--temperature", "0", "--max-new-tokens", "24"});
    INFO(shown.err);
    CHECK(shown.code == 0);
    CHECK(shown.out == one["text"].get<std::string>() + "\n");
    if (text.find('\n') != std::string::npos) continue;
    input += text + "\n";
    expected.push_back(one);
  }
  const Outcome plain = generate({"--temperature", "0", "--max-new-tokens", "24"}, input);
  const Outcome json = generate({"--temperature", "0", "--max-new-tokens", "24", "--json", "--log-probabilities"}, input);
  REQUIRE(lines_of(plain.out).size() == expected.size());
  REQUIRE(lines_of(json.out).size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(lines_of(plain.out)[i] == escaped(expected[i]["text"].get<std::string>()));
    const Json answer = parse_json(lines_of(json.out)[i], "answer");
    CHECK(answer["text"] == expected[i]["text"]);
    CHECK(answer["token_ids"] == expected[i]["token_ids"]);
    double sum = 0;
    for (const double one : answer["log_probabilities"]) sum += one;
    CHECK(sum == Approx(answer["log_probability"].get<double>()).margin(1e-4));
    CHECK(answer["tokens"] == answer["token_ids"].size());
  }
}

TEST_CASE("one line out for each line in, an empty one for an empty one, whatever they hold") {
  const Outcome outcome = generate({"--max-new-tokens", "5"}, "the cat\n\nbad \xff bytes\n" + std::string(5000, 'x') + "\nthe dog");
  INFO(outcome.err);
  CHECK(outcome.code == 0);
  CHECK(std::count(outcome.out.begin(), outcome.out.end(), '\n') == 5);
  CHECK(lines_of(outcome.out)[1].empty());
  CHECK_THAT(outcome.err, Contains("line 3"));
}

TEST_CASE("with --json an empty line is an object, as every line is") {
  const auto keys = [](const Json& object) {
    std::vector<std::string> names;
    for (const auto& [key, value] : object.items()) names.push_back(key);
    return names;
  };
  const auto check = [&](const Outcome& outcome, const char* of_nothing) {
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
    REQUIRE(lines_of(outcome.out).size() == 3);
    const Json filled = parse_json(lines_of(outcome.out)[0], "answer"), empty = parse_json(lines_of(outcome.out)[1], "answer");
    CHECK(keys(filled) == keys(empty));
    CHECK(empty["tokens"] == 0);
    CHECK(empty["log_probability"] == 0);
    CHECK(empty[of_nothing].is_null());
    return empty;
  };
  const std::string lines = "the cat\n\nthe dog\n";
  const Json empty = check(generate({"--json", "--max-new-tokens", "4", "--samples", "2", "--log-probabilities"}, lines), "end");
  CHECK(empty["text"] == "");
  CHECK(empty["samples"].size() == 2);
  check(run({"score", "--model", kModel, "--json", "--log-probabilities"}, lines), "perplexity");
  TempFolder folder;
  write_text(folder / "task.tsv", examples("eats"));
  const std::vector<std::string> shown{"--examples", (folder / "task.tsv").string(), "--shots", "1"};
  check(prompt(shown + Arguments{"--max-new-tokens", "4", "--json"}, "the cat\n\nthe bat\n"), "end");
}

TEST_CASE("a prompt of several lines is written with escapes, or as JSON Lines") {
  const std::string several = "the dog -> eats\nthe hen -> eats\nthe cat";
  const std::vector<std::string> flags{"--temperature", "0", "--max-new-tokens", "12", "--stop", "\\n"};
  const auto with = [&](const std::vector<std::string>& more, const std::string& input = {}) { return generate(flags + more, input); };
  const Outcome expected = with({"--prompt", several});
  REQUIRE(expected.out == " -> eats\n");
  CHECK(with({"--escapes"}, escaped(several) + "\n").out == expected.out);
  CHECK(with({"--escapes", "--prompt", escaped(several)}).out == expected.out);
  const std::string json = one_line(Json{{"prompt", several}});
  CHECK(with({"--json-input"}, json + "\n\n" + json + "\n").out == expected.out + "\n" + expected.out);
  CHECK(with({"--json-input"}, "{\"prompt\": \"\"}\n").code == 0);  // a new text
  // Without either a line is what it looks like: another prompt, so another probability.
  const auto probability = [&](const std::vector<std::string>& more) {
    return parse_json(with(more, escaped(several) + "\n").out, "the answer")["log_probability"].get<double>();
  };
  CHECK(probability({"--json"}) != probability({"--json", "--escapes"}));

  check_refusal(with({"--escapes"}, "C:\\dir\n"), "line 1: a backslash");
  check_refusal(with({"--json-input"}, "the cat\n"), "line 1");
  check_refusal(with({"--json-input"}, "[1]\n"), "line 1 is no object with the key 'prompt'");
  check_refusal(with({"--json-input"}, "{\"prompt\": 3}\n"), "prompt");
  check_refusal(with({"--json-input"}, "{\"prompt\": \"a\", \"temperature\": 2}\n"), "the key 'temperature'");
  check_refusal(with({"--json-input", "--prompt", "x"}), "--json-input has no effect on --prompt");
  check_refusal(with({"--json-input", "--escapes"}, "x\n"), "--escapes and --json-input");
}

TEST_CASE("all of a prompt as long as the positions is read") {
  const std::string exact(64, 'x');
  REQUIRE(parse_json(run({"score", "--model", kModel, "--json"}, exact + "\n").out, "score")["tokens"] == 64);
  const Outcome whole = generate({"--max-new-tokens", "1", "--context", "refuse"}, exact + "\n");
  CHECK(whole.code == 0);
  CHECK_THAT(generate({"--max-new-tokens", "1"}, exact + "\n").err, !Contains("are read"));
  const Outcome longer = generate({"--max-new-tokens", "1"}, exact + "x\n");
  CHECK_THAT(longer.err, Contains("line 1 has 65 tokens, and the model 64 positions; its last 32 are read"));
  CHECK_THAT(generate({"--max-new-tokens", "1", "--prompt", exact + "x"}).err, Contains("--prompt has 65 tokens"));
  check_refusal(generate({"--max-new-tokens", "1", "--context", "refuse", "--prompt", exact + "x"}), "64 positions");
}

TEST_CASE("a seed gives its samples again, another gives others") {
  const std::vector<std::string> flags{"--samples", "3", "--max-new-tokens", "12", "--top-p", "0.99", "--json"};
  const auto with_seed = [&](const std::string& seed, const std::string& input) {
    auto arguments = flags;
    arguments.insert(arguments.end(), {"--seed", seed});
    return generate(arguments, input).out;
  };
  const std::string first = with_seed("7", "the cat\nthe dog\n");
  CHECK(first == with_seed("7", "the cat\nthe dog\n"));
  CHECK(first != with_seed("8", "the cat\nthe dog\n"));
  // What is drawn does not depend on the other lines; log-probabilities do in their last bits.
  const Json together = parse_json(lines_of(first)[0], "answer"), alone = parse_json(lines_of(with_seed("7", "the cat\n"))[0], "answer");
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(together["samples"][i]["token_ids"] == alone["samples"][i]["token_ids"]);
    CHECK(together["samples"][i]["log_probability"].get<double>() ==
          Approx(alone["samples"][i]["log_probability"].get<double>()).margin(1e-5));
  }
  CHECK(parse_json(lines_of(first)[0], "answer")["samples"].size() == 3);
  CHECK(lines_of(generate({"--samples", "3", "--max-new-tokens", "4"}, "the cat\n").out).size() == 3);
  CHECK(lines_of(generate({"--samples", "3", "--max-new-tokens", "4"}, "the cat\n\nthe\n").out).size() == 9);
}

TEST_CASE("stop strings, echo, penalties and beams") {
  CHECK(generate({"--prompt", "the cat", "--temperature", "0", "--stop", "\\n"}).out == " -> sings\n");
  CHECK(generate({"--prompt", "the cat", "--temperature", "0", "--stop", "\\n", "--echo"}).out == "the cat -> sings\n");
  CHECK(generate({"--prompt", "the cat", "--temperature", "0", "--stop", "zzz", "--stop", "ing"}).out == " -> s\n");
  const std::string plain = generate({"--temperature", "0", "--max-new-tokens", "40"}, "the cat\n").out;
  CHECK(plain != generate({"--temperature", "0", "--max-new-tokens", "40", "--repetition-penalty", "1.5"}, "the cat\n").out);
  CHECK(plain != generate({"--temperature", "0", "--max-new-tokens", "40", "--frequency-penalty", "2"}, "the cat\n").out);
  const Outcome beams = generate({"--beam", "4", "--samples", "2", "--json", "--max-new-tokens", "20"}, "the cat\n");
  INFO(beams.err);
  const Json best = parse_json(beams.out, "answer");
  REQUIRE(best["samples"].size() == 2);
  CHECK(best["samples"][0]["text"] == best["text"]);
}

TEST_CASE("a text between two others is asked for at the mark") {
  const Outcome outcome = generate({"--fill", "--prompt", "the cat<fill>the dog", "--echo", "--max-new-tokens", "8", "--temperature", "0"});
  INFO(outcome.err);
  CHECK(outcome.code == 0);
  CHECK(outcome.out.starts_with("the cat"));
  CHECK(outcome.out.ends_with("the dog\n"));
  check_refusal(generate({"--fill", "--prompt", "no mark"}), "no <fill> mark");
  check_refusal(generate({"--fill", "--prompt", "a<fill>b<fill>c"}), "more than one");
  check_refusal(generate({"--fill", "--context", "slide", "--prompt", "a<fill>b"}), "--context slide");
}

TEST_CASE("a line that cannot be answered leaves the answers to those before it, and is named") {
  const std::vector<std::string> flags{"--context", "refuse", "--temperature", "0", "--max-new-tokens", "30"};
  const std::string good = "the cat\nthe dog\n";
  const Outcome failed = generate(flags, good + std::string(60, 'x') + "\nthe hen\n");
  CHECK(failed.code == 2);
  CHECK_THAT(failed.err, Contains("line 3"));
  CHECK(failed.out == generate(flags, good).out);
}

TEST_CASE("a folder's beams are searched where nothing else is asked for") {
  TempFolder folder;
  const std::filesystem::path copy = folder / "copy";
  std::filesystem::copy(kModel, copy);
  Json settings = read_json_file(copy / "config.json");
  write_json_file(copy / "generation_config.json", Json{{"num_beams", 4}, {"max_length", 30}, {"eos_token_id", settings["eos_token_id"]}});
  const auto answer = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments{"generate", "--model", copy.string(), "--prompt", "the cat", "--max-new-tokens", "12"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  };
  CHECK(answer({}).out == answer({"--beam", "4"}).out);
  CHECK(answer({"--temperature", "0"}).out == answer({"--beam", "1"}).out);
  CHECK_THAT(answer({}).err, Contains("max_length and min_length, which count the prompt's tokens too, are not followed"));
}

TEST_CASE("what cannot be generated is refused in a sentence") {
  check_refusal(generate({"--temperature", "-1"}, "x\n"), "--temperature -1");
  check_refusal(generate({"--temperature", "warm"}, "x\n"), "warm");
  check_refusal(generate({"--prompt", "bad \xff"}), "--prompt is not UTF-8");
  check_refusal(generate({"--prompt", "x", "--max-new-tokens", "0"}), "--max-new-tokens 0");
  check_refusal(generate({"--prompt", "x", "--top-p", "1.5"}), "--top-p 1.5");
  check_refusal(generate({"--prompt", "x", "--beam", "3", "--top-k", "4"}), "--beam 3");
  check_refusal(generate({"--prompt", "x", "--beam", "1", "--temperature", "0.5"}), "--beam 1");
  check_refusal(generate({"--prompt", "x", "--length-penalty", "3"}), "--length-penalty has no effect");
  CHECK_THAT(generate({"--prompt", "x", "--temperature", "0", "--top-k", "3"}).err, Contains("no effect at temperature 0"));
  check_refusal(generate({"--prompt", "x", "--log-probabilities"}), "--json");
  check_refusal(generate({"--prompt", "x", "--context", "refuse", "--max-new-tokens", "65"}), "64 positions");
  check_refusal(generate({"--prompt", "x", "--context", "stretch"}), "stretch");
  CHECK(generate({"--prompt", "x", "--precision", "int8", "--temperature", "0", "--max-new-tokens", "4"}).code == 0);
  check_refusal(generate({"--prompt", "x", "prompts.txt"}), "--prompt");
  check_refusal(generate({"--prompt", "x", "--stop", ""}), "stop string is empty");
  check_refusal(generate({"absent.txt"}), "absent.txt");
  TempFolder folder;
  check_refusal(run({"generate", "--model", (folder / "absent").string()}, "x\n"), "absent");
  check_refusal(run({"generate", "--model", folder.path().string()}, "x\n"), "tokenizer");
}

TEST_CASE("prompt answers as the examples do, a line a query") {
  TempFolder folder;
  for (const std::string verb : {"eats", "läuft"}) {
    write_text(folder / "task.tsv", examples(verb));
    const Outcome outcome =
        prompt({"--examples", (folder / "task.tsv").string(), "--shots", "2", "--max-new-tokens", "12"}, "the cat\n\nthe bär\n");
    INFO(outcome.err);
    CHECK(outcome.code == 0);
    CHECK(outcome.out == verb + "\n\n" + verb + "\n");
  }
  const Outcome json =
      prompt({"--examples", (folder / "task.tsv").string(), "--shots", "2", "--max-new-tokens", "12", "--json"}, "the cat\n");
  CHECK(parse_json(json.out, "answer")["text"] == "läuft");
  write_text(folder / "form.txt", "{input} -> {output}\n");
  CHECK(prompt({"--examples", (folder / "task.tsv").string(), "--shots", "2", "--max-new-tokens", "12", "--template",
                (folder / "form.txt").string()},
               "the cat\n")
            .out == "läuft\n");
}

TEST_CASE("what cannot be prompted is refused in a sentence") {
  TempFolder folder;
  const std::string task = (folder / "task.tsv").string(), form = (folder / "form.txt").string();
  write_text(task, examples("eats"));
  check_refusal(prompt({"--examples", task, "--shots", "4"}, "the cat\n"), "--shots 4 is more than the 3 examples");
  check_refusal(prompt({"--examples", task, "--shots", "-1"}, "the cat\n"), "--shots -1");
  check_refusal(prompt({"--examples", task, "--shots", "3", "--max-new-tokens", "32"}, "the cat\n"), "examples fit");
  check_refusal(prompt({"--examples", task, "--shots", "3"}, "the dog\n"), "the dog");
  check_refusal(prompt({"--examples", task, "--shots", "1", "--temperature", "-2"}, "the cat\n"), "--temperature -2");
  check_refusal(prompt({"--examples", task, "--shots", "1"}, "bad \xff\n"), "line 1 is not UTF-8");
  write_text(form, "Q: {question}\nA: {output}\n");
  check_refusal(prompt({"--examples", task, "--shots", "1", "--template", form}, "the cat\n"), "{input}");
  check_refusal(prompt({"--examples", task, "--shots", "1", "--template", (folder / "absent").string()}, "the cat\n"), "absent");
  write_text(task, "no tab\n");
  check_refusal(prompt({"--examples", task, "--shots", "1"}, "the cat\n"), "line 1");
  write_text(task, "");
  check_refusal(prompt({"--examples", task, "--shots", "1"}, "the cat\n"), "no examples");
  check_refusal(prompt({"--examples", (folder / "absent.tsv").string(), "--shots", "1"}, "the cat\n"), "absent.tsv");
}

TEST_CASE("scores are transformers'") {
  std::string input;
  std::vector<double> expected;
  for (const Json& one : cases()) {
    const auto text = one["prompt"].get<std::string>();
    if (text.find('\n') != std::string::npos) continue;
    input += text + "\n";
    expected.push_back(one["log_probability"].get<double>());
  }
  const Outcome plain = run({"score", "--model", kModel}, input + "\n");
  const Outcome json = run({"score", "--model", kModel, "--json", "--log-probabilities"}, input);
  INFO(plain.err);
  CHECK(plain.code == 0);
  CHECK_THAT(plain.err, Contains("first token") && Contains("is counted"));
  REQUIRE(lines_of(plain.out).size() == expected.size() + 1);
  CHECK(lines_of(plain.out).back().empty());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Json score = parse_json(lines_of(json.out)[i], "score");
    CHECK(score["log_probability"].get<double>() == Approx(expected[i]).margin(1e-4));
    CHECK(score["perplexity"].get<double>() == Approx(std::exp(-expected[i] / score["tokens"].get<double>())).epsilon(1e-4));
    CHECK(score["log_probabilities"].size() == score["tokens"].get<std::size_t>());
    const std::string line = lines_of(plain.out)[i];
    CHECK(std::stod(line) == Approx(expected[i]).margin(1e-4));
    CHECK(std::count(line.begin(), line.end(), '\t') == 2);
  }
  std::string endless;
  for (int i = 0; i < 300; ++i) endless += "the cat -> sings ";
  const Outcome windows = run({"score", "--model", kModel, "--json"}, endless + "\n");
  CHECK(windows.code == 0);
  CHECK(parse_json(windows.out, "score")["tokens"].get<int>() > 1000);
  check_refusal(run({"score", "--model", kModel, "--log-probabilities"}, "x\n"), "--json");
}
