#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "inference/translator.h"
#include "tests/inference/echo_model.h"

using namespace attend;
using namespace attend::test;

namespace {

std::shared_ptr<const MarianTokenizer> joint_tokenizer() {
  return std::make_shared<const MarianTokenizer>(std::filesystem::path(ATTEND_SOURCE_DIR) / "tests/fixtures/tokenizers/joint");
}

GenerationConfig config_of(const EchoModel& model) { return seq2seq_generation_config(model.token_roles(), model.max_positions() - 1); }

Translator make_translator(const std::shared_ptr<EchoModel>& model) { return {model, joint_tokenizer(), config_of(*model)}; }

const std::vector<std::string> kLines{"the dog sees the cat",
                                      "",
                                      "birds",
                                      "the horse follows the wolf in the garden",
                                      "   ",
                                      "at night",
                                      "the bear finds the dog behind the house",
                                      "a"};

std::string echo(const std::string& line) {
  const auto tokenizer = joint_tokenizer();
  return tokenizer->target().decode(tokenizer->source().encode(line));
}

std::string message_of(const Translator& translator, const TranslateOptions& options) {
  try {
    translator.check(options);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("translations stand in the order of the lines, whatever the batches") {
  for (const std::int64_t batch_tokens : {1, 30, 4096})
    for (const std::int64_t beam : {1, 4}) {
      const auto model = std::make_shared<EchoModel>();
      const auto translations = make_translator(model).translate(kLines, {.beam = beam, .batch_tokens = batch_tokens});
      REQUIRE(translations.size() == kLines.size());
      for (std::size_t i = 0; i < kLines.size(); ++i) REQUIRE(translations[i].translations.front().text == echo(kLines[i]));
      REQUIRE(std::accumulate(model->batch_sizes.begin(), model->batch_sizes.end(), std::int64_t{0}) == 6);  // two lines are empty
      REQUIRE(model->batch_sizes.size() == (batch_tokens == 1 ? 6 : model->batch_sizes.size()));
      if (batch_tokens == 4096) REQUIRE(model->batch_sizes.size() == 1);
    }
}

TEST_CASE("a line without tokens gives one empty translation and never reaches the model") {
  const auto model = std::make_shared<EchoModel>();
  const std::vector<std::string> lines{"", "  "};
  const auto translations = make_translator(model).translate(lines, {.n_best = 3});
  for (const TranslatedLine& line : translations) {
    const auto& list = line.translations;
    REQUIRE(line.warnings.empty());
    REQUIRE(list.size() == 1);
    REQUIRE(list[0].text.empty());
    REQUIRE(list[0].ids.empty());
  }
  REQUIRE(model->batch_sizes.empty());
}

TEST_CASE("a line longer than the model's positions is cut to them") {
  const auto model = std::make_shared<EchoModel>(EchoModel::Sizes{.max_positions = 9});
  std::string endless;
  for (int i = 0; i < 1000; ++i) endless += "dog ";
  const std::vector<std::string> lines{endless, "a"};
  const auto translations = make_translator(model).translate(lines, {.beam = 1, .max_length = 9});
  REQUIRE(translations[0].translations.front().ids.size() == 9);  // 8 tokens and the end
  REQUIRE(translations[0].translations.front().ids.back() == 0);
  REQUIRE_THAT(translations[0].warnings.at(0), Catch::StartsWith("has ") && Catch::EndsWith(" tokens and was cut to the model's 8"));
  REQUIRE(translations[1].translations.front().text == echo("a"));
  REQUIRE(translations[1].warnings.empty());
}

TEST_CASE("ill-formed UTF-8 is repaired, one line for each line") {
  const std::vector<std::string> lines{"the \xff dog", "\xc3", "cat"};
  const auto translations = make_translator(std::make_shared<EchoModel>()).translate(lines, {.beam = 1});
  REQUIRE(translations.size() == 3);
  REQUIRE(translations[0].translations.front().text == echo("the \xEF\xBF\xBD dog"));
  REQUIRE(translations[2].translations.front().text == echo("cat"));
  for (const std::size_t i : {0, 1}) REQUIRE_THAT(translations[i].warnings.at(0), Catch::StartsWith("is not UTF-8"));
  REQUIRE(translations[2].warnings.empty());
}

TEST_CASE("the n best of a line are sorted and the scores are theirs") {
  const auto model = std::make_shared<EchoModel>();
  const std::vector<std::string> lines{"the dog sees the cat"};
  const auto list = make_translator(model).translate(lines, {.beam = 5, .n_best = 5})[0].translations;
  REQUIRE(list.size() == 5);
  REQUIRE(std::is_sorted(list.begin(), list.end(), [](const auto& left, const auto& right) { return left.score > right.score; }));
  for (const auto& translation : list)
    REQUIRE(translation.score == Approx(translation.log_probability / static_cast<double>(translation.ids.size())));
  const auto wu = make_translator(model).translate(lines, {.beam = 5, .length_norm = LengthNorm::kWu})[0].translations[0];
  REQUIRE(wu.score == Approx(wu.log_probability / std::pow((5.0 + static_cast<double>(wu.ids.size())) / 6.0, 0.6)));
}

TEST_CASE("a translation begins with its prefix") {
  const std::vector<std::string> lines{"the dog", "the cat", "the wolf"}, prefixes{"bear", "", "dog"};
  const auto translator = make_translator(std::make_shared<EchoModel>());
  const auto translations = translator.translate(LineBatch{.lines = lines, .prefixes = prefixes}, {});
  REQUIRE(translations[0].translations.front().text.starts_with("bear"));
  REQUIRE(translations[1].translations.front().text == echo("the cat"));
  REQUIRE(translations[2].translations.front().text.starts_with("dog"));
  const std::vector<std::string> one{"the dog"};
  std::string endless;
  for (int i = 0; i < 100; ++i) endless += "cat ";
  const std::vector<std::string> too_long{endless};
  const auto cut = translator.translate(LineBatch{.lines = one, .prefixes = too_long}, {.max_length = 6})[0];
  REQUIRE(cut.translations.front().ids.size() == 6);
  REQUIRE_THAT(cut.warnings.at(0), Catch::StartsWith("has a prefix of ") && Catch::EndsWith(" tokens, which was cut to 5"));
}

TEST_CASE("a prefix counts neither in the score nor as length") {
  const std::vector<std::string> lines{"the dog sees the cat"}, prefixes{"bear bear"};
  const auto translator = make_translator(std::make_shared<EchoModel>());
  const std::size_t given = joint_tokenizer()->target().encode(prefixes[0]).size();
  for (const std::int64_t beam : {1, 4}) {
    const auto list = translator.translate(LineBatch{.lines = lines, .prefixes = prefixes}, {.beam = beam, .n_best = beam})[0].translations;
    for (const Translation& translation : list)
      REQUIRE(translation.score == Approx(translation.log_probability / static_cast<double>(translation.ids.size() - given)));
    REQUIRE(list[0].log_probability > -1);  // the model would not begin so: that alone is below -10
  }
}

TEST_CASE("what a prefix has and the vocabulary lacks is told") {
  const std::vector<std::string> lines{"the dog", "the dog"}, prefixes{"the \xCE\xA9 dog", "the \xff"};
  const auto translations = make_translator(std::make_shared<EchoModel>()).translate(LineBatch{.lines = lines, .prefixes = prefixes}, {});
  REQUIRE_THAT(translations[0].warnings.at(0), Catch::Contains("vocabulary lacks") && Catch::Contains("'\xCE\xA9'"));
  REQUIRE_THAT(translations[1].warnings.at(0), Catch::Contains("has a prefix that is not UTF-8"));
}

TEST_CASE("what the folder says and is not followed can be asked for") {
  const auto model = std::make_shared<EchoModel>();
  GenerationConfig config = config_of(*model);
  REQUIRE(Translator(model, joint_tokenizer(), config).warnings().empty());
  config.repetition_penalty = 1.2;
  REQUIRE_THAT(Translator(model, joint_tokenizer(), config).warnings().at(0), Catch::Contains("repetition_penalty has no effect"));
}

TEST_CASE("a folder's shortest length gives way to a --max-length below it") {
  const auto model = std::make_shared<EchoModel>();
  GenerationConfig config = config_of(*model);
  config.min_length = 10;
  const Translator translator(model, joint_tokenizer(), config);
  REQUIRE(message_of(translator, {.max_length = 5}).empty());
  REQUIRE(translator.translate(kLines, {.max_length = 5})[0].translations[0].ids.size() == 5);
  REQUIRE(message_of(translator, {.max_length = 5, .min_length = 6}).starts_with("--min-length 6"));
  REQUIRE(message_of(translator, {.max_length = 0}).starts_with("--max-length 0"));
}

TEST_CASE("samples depend on seed and line number, not on the batch") {
  const auto translator = make_translator(std::make_shared<EchoModel>());
  const TranslateOptions options{.n_best = 2, .temperature = 5.0, .top_k = 40};
  const auto all = translator.translate(LineBatch{.lines = kLines, .seed = 3}, options);
  for (const std::size_t i : {0, 3, 6}) {
    const std::vector<std::uint64_t> numbers{i + 1};
    const LineBatch line{.lines = std::span(kLines).subspan(i, 1), .numbers = numbers, .seed = 3};
    const auto alone = translator.translate(line, options)[0].translations;
    REQUIRE(alone.size() == 2);
    for (std::size_t sample = 0; sample < 2; ++sample) REQUIRE(alone[sample].ids == all[i].translations[sample].ids);
  }
  REQUIRE(translator.translate(LineBatch{.lines = kLines, .seed = 4}, options)[0].translations[0].ids != all[0].translations[0].ids);
  const auto cold = translator.translate(kLines, {.temperature = 0.0});
  for (std::size_t i = 0; i < kLines.size(); ++i) REQUIRE(cold[i].translations[0].text == echo(kLines[i]));
}

TEST_CASE("options that cannot be are refused with their flag's name") {
  const auto translator = make_translator(std::make_shared<EchoModel>());
  const auto refuses = [&](const TranslateOptions& options, const std::string& flag) {
    CAPTURE(flag);
    REQUIRE(message_of(translator, options).starts_with(flag));
  };
  refuses({.beam = 0}, "--beam 0");
  refuses({.beam = -3}, "--beam -3");
  refuses({.beam = 3, .n_best = 4}, "--n-best 4");
  refuses({.n_best = 0}, "--n-best 0");
  refuses({.max_length = 0}, "--max-length 0");
  refuses({.max_length = 41}, "--max-length 41");
  refuses({.max_length = 5, .min_length = 6}, "--min-length 6");
  refuses({.min_length = -1}, "--min-length -1");
  refuses({.early_stopping = "soon"}, "--early-stopping soon");
  refuses({.temperature = -1.0}, "--temperature -1");
  refuses({.top_p = 0.0}, "--top-p 0");
  refuses({.min_p = 1.5}, "--min-p 1.5");
  refuses({.top_k = -2}, "--top-k -2");
  refuses({.batch_tokens = 0}, "--batch-tokens 0");
  refuses({.beam = 4, .temperature = 0.7}, "--beam 4");
  REQUIRE(message_of(translator, {.n_best = 40, .temperature = 0.7}).empty());
  REQUIRE(message_of(translator, {.beam = 4, .early_stopping = "never", .n_best = 4}).empty());
}

TEST_CASE("a tokenizer or settings that do not fit the model are refused") {
  const auto model = std::make_shared<EchoModel>(EchoModel::Sizes{.vocab_size = 100});
  REQUIRE_THROWS_AS(Translator(model, joint_tokenizer(), config_of(*model)), UserError);
  const auto fitting = std::make_shared<EchoModel>();
  GenerationConfig config = config_of(*fitting);
  config.forced_eos_token_id = 5000;
  REQUIRE_THROWS_AS(Translator(fitting, joint_tokenizer(), config), UserError);
}

TEST_CASE("a model being trained goes on being trained") {
  const auto model = std::make_shared<EchoModel>();
  model->train();
  make_translator(model).translate(kLines);
  REQUIRE(model->is_training());
}
