#include <catch2/catch.hpp>

#include "tests/support/temp_folder.h"
#include "training/model_card.h"

using namespace attend;

namespace {

ModelCard example() {
  ModelCard card;
  card.facts = {.title = "Translation model",
                .library_tag = "translation",
                .data = {{"training", "train.de (5 pairs)"}},
                .usage = "use --model {folder}"};
  card.command = "attend pretrain transformer";
  card.settings = Json{{"steps", 10}, {"schedule", "cosine"}};
  card.metrics = Json{{"loss", 1.25}, {"bleu", 30.5}};
  card.steps = 10;
  card.tokens = 1234;
  return card;
}

}  // namespace

TEST_CASE("The model card says what the model is, how well it does and how to use it") {
  const TempFolder folder;
  write_model_card(folder.path(), example());
  const std::string text = read_text(folder / "README.md");
  CHECK(text.starts_with("---\nlibrary_name: transformers\npipeline_tag: translation\ntags:\n- attend\n---\n\n# Translation model\n"));
  CHECK(text.find("for 10 steps on 1234 tokens.") != std::string::npos);
  CHECK(text.find("| loss | 1.25 |\n| bleu | 30.5 |\n") != std::string::npos);
  CHECK(text.find("use --model " + folder.path().string()) != std::string::npos);
  CHECK(text.find("| training | `train.de (5 pairs)` |") != std::string::npos);
  CHECK(text.find("steps = 10\n") != std::string::npos);
}

TEST_CASE("The model card of an averaged, unevaluated model says so, and claims no results") {
  const TempFolder folder;
  ModelCard card = example();
  card.metrics = Json::object();
  card.averaged = 5;
  write_model_card(folder.path(), card);
  const std::string text = read_text(folder / "README.md");
  CHECK(text.find("the mean of the last 5 checkpoints") != std::string::npos);
  CHECK(text.find("Results") == std::string::npos);
}
