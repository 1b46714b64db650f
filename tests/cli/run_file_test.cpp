// run.toml says everything that a training command was told: a setting that is left out is a run that nobody can repeat.
#include <algorithm>
#include <set>
#include <sstream>

#include "core/field_io.h"
#include "core/json.h"
#include "tests/cli/process.h"

using namespace attend;

namespace {

/// Settings of no run: they say where it is told of, or what is to be done with it.
const std::set<std::string> kNoSettings{"--help",    "--resume",  "--config", "--json",  "--quiet",
                                        "--verbose", "--version", "--seeds",  "--nproc", "--peer-timeout"};

constexpr const char* kSquad = R"({"data": [{"paragraphs": [
  {"context": "ann lives in rome .", "qas": [{"id": "1", "question": "who ?", "answers": [{"text": "ann", "answer_start": 0}]}]},
  {"context": "bob goes to york .", "qas": [{"id": "2", "question": "where ?", "answers": [{"text": "york", "answer_start": 12}]}]}]}]})";

/// The first long name of each flag that a command's help lists.
std::vector<std::string> flags_of(const Arguments& command) {
  std::istringstream help(run(command + Arguments{"--help"}).out);
  std::vector<std::string> flags;
  for (std::string line; std::getline(help, line);) {
    if (!line.starts_with("  -")) continue;
    const std::size_t begin = line.find("--");
    flags.push_back(line.substr(begin, line.find_first_of(" ,{=", begin) - begin));
  }
  REQUIRE(flags.size() > 20);
  return flags;
}

struct World {
  TempFolder folder;

  World() {
    std::string documents, german, english, rows, tags;
    for (int i = 0; i < 20; ++i) {
      documents += "ann lives in rome .\nbob goes to york .\nwho ?\nwhere ?\n\n";
      german += "hund katze\nvogel\n";
      english += "dog cat\nbird\n";
      rows += "a good film\tann\tgood\na bad film\tbob\tbad\n";
      tags += "ann\tB-PER\nlives\tO\nin\tO\nrome\tB-LOC\n\n";
    }
    for (const auto& [name, text] :
         {std::pair{"text", documents}, std::pair{"de", german}, std::pair{"en", english}, std::pair{"table", rows},
          std::pair{"conll", tags}, std::pair{"squad", std::string(kSquad)}, std::pair{"template", std::string("{input} is {output}\n")}})
      write_text(folder / name, text);
  }
  std::string path(const std::string& name) const { return (folder / name).string(); }

  /// Runs the command once with each of `ways`; every flag of its help stands in one of the files that they leave.
  void check(const Arguments& command, const std::vector<Arguments>& ways) const {
    std::set<std::string> said;
    int number = 0;
    for (const Arguments& way : ways) {
      const std::string output = path(command[0] + "-" + command[1] + (++number == 1 ? "" : std::to_string(number)));
      const Outcome outcome = run(command + way + Arguments{"--steps", "1", "--threads", "1", "--output", output, "-q"});
      INFO(outcome.err);
      REQUIRE(outcome.code == 0);
      const Json settings = toml_to_json(read_text(std::filesystem::path(output) / "run.toml"), "run.toml");
      for (const auto& item : settings.items()) said.insert(item.key());
    }
    for (const std::string& flag : flags_of(command)) {
      if (kNoSettings.contains(flag) || is_of_training(flag)) continue;
      std::string key = flag.substr(2);
      std::replace(key.begin(), key.end(), '-', '_');
      INFO(command[0] + " " + command[1] + " " + flag + ": not in run.toml (or not given in this test)");
      CHECK(said.contains(key));
    }
  }

  /// Of TrainingOptions, where optional ones are left out when they are not given: their list of fields writes them.
  static bool is_of_training(const std::string& flag) {
    static const std::set<std::string> optional{"--epochs",   "--max-minutes", "--batch-tokens", "--batch-size",
                                                "--patience", "--eval-every",  "--save-every"};
    return optional.contains(flag);
  }
};

}  // namespace

TEST_CASE("run.toml holds every flag of every training command") {
  const World w;
  const Arguments pairs{"--train-source", w.path("de"), "--train-target", w.path("en"),
                        "--valid-source", w.path("de"), "--valid-target", w.path("en")};
  w.check({"pretrain", "transformer"}, {pairs + Arguments{"--preset", "tiny", "--set", "max_positions=64", "--dropout", "0.2",
                                                          "--vocab-size", "30", "--tokenizer-model", "bpe", "--language-codes", ">>eng<<"},
                                        pairs + Arguments{"--preset", "tiny", "--tokenizer", w.path("pretrain-transformer")}});
  w.check({"pretrain", "lstm"},
          {pairs + Arguments{"--preset", "tiny", "--set", "max_positions=64", "--dropout", "0.2", "--vocab-size", "30", "--tokenizer-model",
                             "bpe", "--language-codes", ">>eng<<", "--attention", "local", "--score", "dot"},
           pairs + Arguments{"--preset", "tiny", "--tokenizer", w.path("pretrain-transformer")}});
  w.check({"finetune", "translate"}, {pairs + Arguments{"--model", w.path("pretrain-transformer")}});

  const Arguments text{"--train", w.path("text"), "--valid", w.path("text")};
  w.check({"pretrain", "bert"}, {text + Arguments{"--preset", "tiny", "--set", "max_positions=32", "--max-length", "32", "--dropout", "0.2",
                                                  "--vocab-size", "80", "--cased", "--limit-alphabet", "50"},
                                 text + Arguments{"--preset", "tiny", "--max-length", "32", "--tokenizer", w.path("pretrain-bert")},
                                 text + Arguments{"--model", w.path("pretrain-bert")}});
  const Arguments head{"--model", w.path("pretrain-bert"), "--from-scratch", "--dropout", "0.2"};
  const Arguments table{"--train", w.path("table"), "--valid", w.path("table")};
  w.check({"finetune", "classify"}, {head + table + Arguments{"--text", "0", "--text-pair", "1", "--label", "2", "--bad-rows", "skip"}});
  w.check({"finetune", "tag"}, {head + Arguments{"--train", w.path("conll"), "--valid", w.path("conll"), "--comment", "#"}});
  w.check({"finetune", "answer"},
          {head + Arguments{"--train", w.path("squad"), "--valid", w.path("squad"), "--max-length", "32", "--stride", "8"}});

  w.check({"pretrain", "gpt"},
          {text + Arguments{"--preset", "tiny", "--set", "max_positions=32", "--dropout", "0.2", "--vocab-size", "300", "--tokenizer-model",
                            "bpe"},
           Arguments{"--train", w.path("text"), "--valid-fraction", "0.2", "--preset", "tiny", "--tokenizer", w.path("pretrain-gpt")},
           table + Arguments{"--input", "0", "--output-column", "1", "--template", w.path("template"), "--bad-rows", "skip", "--preset",
                             "tiny"}});
  w.check({"finetune", "lm"}, {text + Arguments{"--model", w.path("pretrain-gpt")},
                               Arguments{"--train", w.path("text"), "--valid-fraction", "0.2", "--model", w.path("pretrain-gpt")},
                               table + Arguments{"--input", "0", "--output-column", "1", "--template", w.path("template"), "--bad-rows",
                                                 "skip", "--model", w.path("pretrain-gpt")}});
}
