// attend attention, by the binary: every family's numbers, the page, and what it refuses.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/json.h"
#include "tests/cli/refusal_check.h"

using namespace attend;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

/// Models of every family, trained for a moment.
struct World {
  TempFolder folder;

  World() {
    std::string text, source, target;
    for (int i = 0; i < 60; ++i) {
      text += i % 2 ? "the cat sleeps in the house .\nthe cat is good .\n\n" : "the dog runs in the garden .\nit is bad .\n\n";
      source += i % 2 ? "die katze schlaeft .\n" : "der hund rennt .\n";
      target += i % 2 ? "the cat sleeps .\n" : "the dog runs .\n";
    }
    write_text(folder / "text.txt", text);
    write_text(folder / "s.txt", source);
    write_text(folder / "t.txt", target);
    const Arguments of_text{"--train", path("text.txt"), "--vocab-size", "280"};
    const Arguments pairs{"--train-source", path("s.txt"), "--train-target", path("t.txt"), "--vocab-size", "60"};
    train("bert", "bert", of_text);
    train("bert", "window", of_text + Arguments{"--set", "attention=window", "--set", "attention_window=4"});
    train("bert", "linformer", of_text + Arguments{"--set", "attention=linformer", "--set", "attention_projected=8"});
    train("bert", "bigbird",
          of_text + Arguments{"--set", "attention=bigbird", "--set", "attention_block=2", "--set", "attention_random=1"});
    train("gpt", "gpt", of_text);
    train("transformer", "transformer", pairs);
    train("lstm", "lstm", pairs);
    train("lstm", "hard", pairs + Arguments{"--attention", "hard", "--set", "hard_baseline=none"});
    train("lstm", "none", pairs + Arguments{"--attention", "none"});
  }

  std::string path(const std::string& name) const { return (folder / name).string(); }
  void train(const std::string& family, const std::string& output, const Arguments& data) const {
    const Outcome done = run(
        Arguments{"pretrain", family, "--output", path(output), "--preset", "tiny", "--batch-size", "8", "--steps", "6", "--threads", "1"} +
        data);
    INFO(done.err);
    REQUIRE(done.code == 0);
    if (output == "hard") CHECK_THAT(done.err, Contains("REINFORCE without a baseline"));
  }
  Outcome look(const std::string& model, const Arguments& more) const {
    return run(Arguments{"attention", "--model", path(model), "--threads", "1"} + more);
  }
  Json numbers(const std::string& model, const Arguments& more) const {
    const Outcome done = look(model, more + Arguments{"--json"});
    INFO(done.err);
    REQUIRE(done.code == 0);
    return Json::parse(done.out);
  }
};

const World& world() {
  static const World made;
  return made;
}

/// Every row of every head sums to one; null where `hidden(query, key)`.
template <class Hidden>
void check_part(const Json& part, std::size_t layers, std::size_t heads, std::size_t queries, std::size_t keys, const Hidden& hidden) {
  REQUIRE(part.at("weights").size() == layers);
  CHECK(part.at("summary").size() == layers);
  for (const Json& layer : part.at("weights")) {
    REQUIRE(layer.size() == heads);
    for (const Json& head : layer) {
      REQUIRE(head.size() == queries);
      for (std::size_t q = 0; q < queries; ++q) {
        REQUIRE(head[q].size() == keys);
        double sum = 0;
        for (std::size_t k = 0; k < keys; ++k) {
          CHECK(head[q][k].is_null() == hidden(q, k));
          if (!head[q][k].is_null()) sum += head[q][k].get<double>();
        }
        CHECK(sum == Approx(1).margin(1e-5));
      }
    }
  }
}

bool nothing(std::size_t, std::size_t) { return false; }
bool future(std::size_t q, std::size_t k) { return k > q; }

/// All float32 numbers of a safetensors file.
std::vector<float> numbers_in(const fs::path& path) {
  const std::string bytes = read_text(path);
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  std::vector<float> numbers((bytes.size() - 8 - header) / sizeof(float));
  std::memcpy(numbers.data(), bytes.data() + 8 + header, numbers.size() * sizeof(float));
  return numbers;
}

std::size_t tokens(const Json& view, const std::string& text) { return view.at("texts").at(text).at("tokens").size(); }

}  // namespace

TEST_CASE("a reader's tokens, what they look at, and what a window leaves out") {
  const Json full = world().numbers("bert", {"--text", "the cat sleeps in the garden"});
  CHECK(full.at("family") == "bert");
  CHECK(full.at("kind") == "full");
  CHECK(full.at("texts").at("source").at("tokens").front() == "[CLS]");
  CHECK(full.at("texts").at("source").at("special") == Json({0, tokens(full, "source") - 1}));
  const std::size_t n = tokens(full, "source");
  check_part(full.at("parts").at(0), 2, 2, n, n, nothing);
  CHECK(full.at("parts").at(0).at("rollout").size() == 2);

  const Json window = world().numbers("window", {"--text", "the cat sleeps in the garden"});
  CHECK(window.at("kind") == "window");
  check_part(window.at("parts").at(0), 2, 2, n, n,
             [](std::size_t q, std::size_t k) { return std::abs(static_cast<double>(q) - static_cast<double>(k)) > 2; });
}

TEST_CASE("signed weights have no shares, and Big Bird's blocks that are not seen are null") {
  const Json linformer = world().numbers("linformer", {"--text", "the cat sleeps in the garden"});
  CHECK(linformer.at("kind") == "linformer");
  CHECK_THAT(linformer.at("notes").dump(), Contains("weights are signed"));
  CHECK(linformer.at("parts").at(0).at("rollout").is_null());
  CHECK(linformer.at("parts").at(0).at("summary").at(0).at(0).at("does") == "");

  std::string words;
  for (int i = 0; i < 10; ++i) words += "the cat sleeps . ";
  const Json view = world().numbers("bigbird", {"--text", words});
  CHECK(view.at("kind") == "bigbird");
  const Json& head = view.at("parts").at(0).at("weights").at(0).at(0);
  CHECK(!head.at(0).at(20).is_null());  // the first block sees all
  CHECK(head.at(10).at(20).is_null());  // another sees itself, its neighbours, and the first and last
  CHECK(!head.at(10).at(11).is_null());
}

TEST_CASE("a writer's tokens look back, at what it was given or writes itself") {
  const Json given = world().numbers("gpt", {"--text", "the cat", "--target", " sleeps"});
  check_part(given.at("parts").at(0), 2, 4, tokens(given, "source"), tokens(given, "source"), future);
  CHECK(given.at("notes").empty());
  const Json own = world().numbers("gpt", {"--text", "the cat", "--max-new-tokens", "3"});
  CHECK(tokens(own, "source") == tokens(world().numbers("gpt", {"--text", "the cat", "--max-new-tokens", "0"}), "source") + 3);
  CHECK_THAT(own.at("notes").dump(), Contains("The model continued with"));
}

TEST_CASE("a translator has three parts, an LSTM an alignment") {
  const Json view = world().numbers("transformer", {"--text", "die katze schlaeft .", "--target", "the cat sleeps ."});
  const std::size_t source = tokens(view, "source"), target = tokens(view, "target");
  REQUIRE(view.at("parts").size() == 3);
  CHECK(tokens(view, "read") == target);
  CHECK(view.at("texts").at("read").at("tokens").at(1) == view.at("texts").at("target").at("tokens").at(0));
  check_part(view.at("parts").at(0), 4, 4, source, source, nothing);
  check_part(view.at("parts").at(1), 4, 4, target, target, future);
  check_part(view.at("parts").at(2), 4, 4, target, source, nothing);
  CHECK(view.at("parts").at(2).at("rollout").is_null());

  const Json lstm = world().numbers("lstm", {"--text", "die katze schlaeft ."});
  REQUIRE(lstm.at("parts").size() == 1);
  CHECK(lstm.at("family") == "attend-lstm");
  CHECK_THAT(lstm.at("notes").dump(), Contains("The model translated: "));
  check_part(lstm.at("parts").at(0), 1, 1, tokens(lstm, "target"), tokens(lstm, "source"), nothing);
  const Json hard = world().numbers("hard", {"--text", "die katze schlaeft .", "--target", "the cat"});
  for (const Json& query : hard.at("parts").at(0).at("weights").at(0).at(0)) {
    CHECK(std::count(query.begin(), query.end(), Json(1.0)) == 1);
    CHECK(std::count(query.begin(), query.end(), Json(0.0)) + 1 == static_cast<std::ptrdiff_t>(query.size()));
  }
}

TEST_CASE("the page is one file that may load nothing, and long texts are cut with a word") {
  const fs::path page = world().folder / "page.html";
  const Outcome done = world().look("bert", {"--text", "a <script>alert(1)</script> & co", "--output", page.string()});
  INFO(done.err);
  REQUIRE(done.code == 0);
  const std::string html = read_text(page);
  CHECK_THAT(html, Contains("Content-Security-Policy") && Contains("default-src 'none'") && !Contains("https://") && !Contains(" src="));
  CHECK_THAT(html, !Contains("<script>alert"));

  std::string words;
  for (int i = 0; i < 5000; ++i) words += "cat ";
  const Outcome cut = world().look("bert", {"--text", words, "--max-length", "32", "--output", page.string()});
  CHECK(cut.code == 0);
  CHECK_THAT(cut.err, Contains("The text has 5002 tokens; it was cut to the first 32 before it was read."));
}

TEST_CASE("parameters of translators are drawn from --seed") {
  for (const std::string family : {"transformer", "lstm"}) {
    INFO(family);
    const auto start = [&](const std::string& name, const std::string& seed) {
      const Outcome done = run({"pretrain",
                                family,
                                "--train-source",
                                world().path("s.txt"),
                                "--train-target",
                                world().path("t.txt"),
                                "--vocab-size",
                                "60",
                                "--preset",
                                "tiny",
                                "--steps",
                                "1",
                                "--learning-rate",
                                "1e-9",
                                "--threads",
                                "1",
                                "--seed",
                                seed,
                                "--output",
                                world().path(name),
                                "-q"});
      INFO(done.err);
      REQUIRE(done.code == 0);
      return numbers_in(world().folder / name / "model.safetensors");
    };
    // The step itself moves a number by 1e-9, whatever the data.
    const std::vector<float> one = start(family + "-1", "1"), again = start(family + "-again", "1"), other = start(family + "-2", "2");
    CHECK(one == again);
    REQUIRE(one.size() == other.size());
    std::size_t differing = 0;
    for (std::size_t i = 0; i < one.size(); ++i) differing += std::abs(one[i] - other[i]) > 1e-4f;
    CHECK(differing > one.size() / 2);
  }
}

TEST_CASE("what attention cannot show is refused with a sentence") {
  const auto refused = [](const std::string& model, const Arguments& more, const std::string& expected) {
    check_refusal(world().look(model, more), expected);
  };
  refused("bert", {"--text", "the cat"}, "neither --output nor --json is given");
  refused("bert", {"--text", " ", "--json"}, "--text is empty");
  refused("bert", {"--text", "the cat", "--target", "the dog", "--json"}, "--target is what a model writes; this one reads");
  refused("gpt", {"--text", "the cat", "--target", "the dog", "--text-pair", "the hen", "--json"},
          "--target and --text-pair are both given");
  refused("transformer", {"--text", "die katze", "--text-pair", "the dog", "--json"}, "--text-pair is for models that read two texts");
  refused("transformer", {"--text", "die katze", "--target", "", "--json"}, "--target is empty");
  refused("none", {"--text", "die katze", "--json"}, "no attention to look at");
  refused("bert", {"--text", "the cat", "--output", "nowhere/page.html"}, "there is no folder nowhere");
  refused("bert", {"--text", "the cat", "--max-length", "1", "--json"}, "expected 2 or more");
  refused("nobody", {"--text", "the cat", "--json"}, "there is no such folder");
  fs::create_directories(world().folder / "bare");
  write_text(world().folder / "bare/config.json", R"({"model_type": "bert"})");
  refused("bare", {"--text", "the cat", "--json"}, "model.safetensors");
}
