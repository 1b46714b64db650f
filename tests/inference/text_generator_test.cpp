#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

#include "core/error.h"
#include "inference/text_generator.h"
#include "tests/inference/byte_tokenizer.h"
#include "tests/inference/toy_causal_model.h"
#include "tests/support/refusal.h"

using namespace attend;
using namespace attend::test;

namespace {

constexpr std::int64_t kVocab = 260;  // padded beyond the tokenizer's 257

// After a colon this model writes the script, which has none, then the end of the text.
ContextLogits writes(const std::string& script) {
  return [script](const TokenIds& ids) {
    const auto written = static_cast<std::size_t>(std::find(ids.rbegin(), ids.rend(), ':') - ids.rbegin());
    std::vector<float> logits(kVocab, 0.0f);
    logits[written < script.size() ? static_cast<unsigned char>(script[written]) : kEndOfText] = 12.0f;
    return logits;
  };
}

GenerationConfig config() {
  GenerationConfig config;
  config.eos_token_ids = {kEndOfText};
  return config;
}

struct Toy {
  std::shared_ptr<ToyCausalModel> model;
  TextGenerator generator;

  explicit Toy(ContextLogits next, std::int64_t positions = 64, std::int64_t vocab = kVocab)
      : model(std::make_shared<ToyCausalModel>(std::move(next), vocab, positions)), generator(model, byte_tokenizer(), config()) {}

  std::vector<std::vector<Continuation>> run(const std::vector<std::string>& texts, const GenerateOptions& options,
                                             std::uint64_t seed = 1) const {
    std::vector<Prompt> prompts;
    for (const auto& text : texts)
      prompts.push_back(
          {.ids = generator.encode(text), .number = prompts.size() + 1, .name = "line " + std::to_string(prompts.size() + 1)});
    return generator.generate({.prompts = prompts, .seed = seed}, options);
  }
  Continuation one(const std::string& text, const GenerateOptions& options) const { return run({text}, options)[0][0]; }

  // What the callback was given for each sample of one prompt.
  std::vector<std::vector<std::string>> stream(const std::string& text, const GenerateOptions& options) const {
    const Prompt prompt{.ids = generator.encode(text), .number = 1, .name = "it"};
    std::vector<std::vector<std::string>> shown(options.samples);
    generator.generate({.prompts = std::span(&prompt, 1),
                        .on_text = [&](std::size_t, std::size_t sample, std::string_view part) { shown[sample].emplace_back(part); }},
                       options);
    return shown;
  }
};

std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const auto& part : parts) all += part;
  return all;
}

}  // namespace

TEST_CASE("a continuation ends with the end of the text, which is no text") {
  const auto written = Toy(writes("Hello\nworld")).one("Say:", {.temperature = 0.0});
  REQUIRE(written.text == "Hello\nworld");
  REQUIRE(written.end == ContinuationEnd::kEndOfText);
  REQUIRE(written.ids.size() == 12);
  REQUIRE(written.ids.back() == kEndOfText);
  // Log-probabilities are among the tokenizer's 257 ids.
  const double one = 12 - std::log(std::exp(12.0) + 256);
  REQUIRE(written.log_probability == Approx(12 * one).margin(1e-5));
  REQUIRE(written.token_log_probabilities.size() == 12);
  REQUIRE(written.token_log_probabilities[5] == Approx(one).margin(1e-6));
}

TEST_CASE("a continuation has at most max_new_tokens, and at least min_new_tokens before its end") {
  const Toy toy(writes("ab"));
  const auto cut = toy.one(":", {.max_new_tokens = 1, .temperature = 0.0});
  REQUIRE(cut.text == "a");
  REQUIRE(cut.end == ContinuationEnd::kLength);
  const auto longer = toy.one(":", {.max_new_tokens = 6, .min_new_tokens = 5, .temperature = 0.0});
  REQUIRE(longer.ids.size() == 6);
  REQUIRE(longer.ids.back() == kEndOfText);
  REQUIRE(longer.text.starts_with("ab"));
  const auto exact = toy.one(":", {.max_new_tokens = 6, .min_new_tokens = 6, .temperature = 0.0});
  REQUIRE(exact.ids.size() == 6);
  REQUIRE(exact.ids.back() != kEndOfText);
  REQUIRE(exact.end == ContinuationEnd::kLength);
}

TEST_CASE("a stop string ends a text in front of it, also across tokens and in beams") {
  const Toy toy(writes("one two\n\nQ, three"));
  for (const std::optional<std::int64_t> beam : {std::optional<std::int64_t>(), std::optional<std::int64_t>(3)}) {
    GenerateOptions options{.max_new_tokens = 30, .beam = beam};
    if (!beam) options.temperature = 0.0;
    options.stop = {"\n\nQ", "four"};
    const auto written = toy.one(":", options);
    REQUIRE(written.text == "one two");
    REQUIRE(written.end == ContinuationEnd::kStop);
    REQUIRE(written.ids.size() == 10);  // the stop string was generated
    options.stop = {"three!"};
    REQUIRE(toy.one(":", options).text == "one two\n\nQ, three");
  }
  // The prompt's end is no part of it.
  REQUIRE(Toy(writes("one")).one("t:", {.temperature = 0.0, .stop = {"t:o"}}).text == "one");
}

TEST_CASE("streamed text is the text, in whole characters and without a part of a stop string") {
  const Toy toy(writes("é😀, yes\n\nQ and\n\nQ: more"));
  GenerateOptions options{.temperature = 0.0};
  options.stop = {"\n\nQ:"};
  const auto shown = toy.stream(":", options)[0];
  REQUIRE(shown.front() == "é");
  REQUIRE(shown[1] == "😀");
  REQUIRE(joined(shown) == "é😀, yes\n\nQ and");
  REQUIRE(joined(shown) == toy.one(":", options).text);
  REQUIRE(joined(Toy(writes("caf\xC3")).stream(":", {.temperature = 0.0})[0]) == "caf\xEF\xBF\xBD");
}

TEST_CASE("an answer depends on its prompt, seed and number, not on its batch") {
  std::vector<std::string> prompts;
  for (int i = 0; i < 9; ++i) prompts.push_back(std::string(1 + (i * 5) % 23, static_cast<char>('a' + i)));
  for (const std::int64_t positions : {256, 24}) {  // without and with a window that slides
    const Toy toy(random_context_logits(4, kVocab), positions);
    const GenerateOptions options{.max_new_tokens = 40, .temperature = 1.3, .top_p = 0.95, .repetition_penalty = 1.1, .samples = 3};
    const auto all = toy.run(prompts, options);
    for (const std::int64_t batch_tokens : {1, 300}) {
      GenerateOptions smaller = options;
      smaller.batch_tokens = batch_tokens;
      const auto again = toy.run(prompts, smaller);
      for (std::size_t p = 0; p < prompts.size(); ++p)
        for (std::size_t i = 0; i < 3; ++i) {
          REQUIRE(again[p][i].ids == all[p][i].ids);
          REQUIRE(again[p][i].log_probability == all[p][i].log_probability);
          REQUIRE(again[p][i].text == all[p][i].text);
        }
    }
    REQUIRE(all[0][0].ids != all[0][1].ids);
    REQUIRE(toy.run(prompts, options, 2)[0][0].ids != all[0][0].ids);
    REQUIRE(toy.run(prompts, options)[0][0].ids == all[0][0].ids);
    // A model with more to say than 1 sample a prompt keeps its first samples.
    GenerateOptions single = options;
    single.samples = 1;
    REQUIRE(toy.run(prompts, single)[5][0].ids == all[5][0].ids);
  }
}

TEST_CASE("samples stream into their own texts") {
  const Toy toy(random_context_logits(6, kVocab), 256);
  const GenerateOptions options{.max_new_tokens = 30, .samples = 4};
  const auto shown = toy.stream("ab", options);
  const auto texts = toy.run({"ab"}, options)[0];
  for (std::size_t i = 0; i < 4; ++i) REQUIRE(joined(shown[i]) == texts[i].text);
}

TEST_CASE("ids that the tokenizer does not have are never generated") {
  const ContextLogits wants_padding = [](const TokenIds&) {
    std::vector<float> logits(kVocab, 0.0f);
    logits[258] = 40.0f;
    return logits;
  };
  const Toy toy(wants_padding);
  for (const GenerateOptions& options : {GenerateOptions{.max_new_tokens = 50}, GenerateOptions{.max_new_tokens = 5, .temperature = 0.0},
                                         GenerateOptions{.max_new_tokens = 5, .beam = 4}})
    for (const auto id : toy.one("x", options).ids) REQUIRE(id <= kEndOfText);
}

TEST_CASE("greedy decoding with penalties, by hand") {
  // a is ahead of b by 1, b of c by 1, whatever came before.
  const ContextLogits flat = [](const TokenIds&) {
    std::vector<float> logits(kVocab, -20.0f);
    logits['a'] = 4.0f;
    logits['b'] = 3.0f;
    logits['c'] = 2.0f;
    return logits;
  };
  const Toy toy(flat);
  const auto text = [&](GenerateOptions options, const std::string& prompt = "x") {
    options.max_new_tokens = 6;
    options.temperature = 0.0;
    return toy.one(prompt, options).text;
  };
  REQUIRE(text({}) == "aaaaaa");
  REQUIRE(text({.presence_penalty = 1.5}) == "abaaaa");         // 2.5, 1.5 and 2 at last
  REQUIRE(text({.frequency_penalty = 0.75}) == "aababc");       // a at 4 and 3.25, b at 3, a at 2.5, b at 2.25, c at 2 (a 1.75, b 1.5)
  REQUIRE(text({.repetition_penalty = 2.0}) == "abaaaa");       // a 2, b 1.5, c 2: the smaller id of equal ones
  REQUIRE(text({.repetition_penalty = 2.0}, "a") == "baaaaa");  // the prompt counts
  REQUIRE(text({.presence_penalty = 1.5}, "a") == "abaaaa");    // and here it does not
}

TEST_CASE("a text longer than the positions slides or is refused, as asked") {
  const Toy toy(random_context_logits(8, kVocab), 16);
  const std::string prompt = "0123456789";
  REQUIRE(toy.one(prompt, {.max_new_tokens = 40, .min_new_tokens = 39, .temperature = 0.0}).ids.size() == 40);
  const std::string refusal = refusal_of([&] { toy.one(prompt, {.max_new_tokens = 8, .context = ContextPolicy::kRefuse}); });
  REQUIRE_THAT(refusal, Catch::Contains("line 1") && Catch::Contains("10 tokens") && Catch::Contains("8 new") &&
                            Catch::Contains("16 positions") && Catch::Contains("--max-new-tokens 7"));
  REQUIRE(toy.one(prompt, {.max_new_tokens = 7, .min_new_tokens = 6, .context = ContextPolicy::kRefuse}).ids.size() == 7);
  REQUIRE_THAT(refusal_of([&] { toy.one(prompt, {.max_new_tokens = 8, .beam = 2}); }), Catch::Contains("16 positions"));
  REQUIRE(toy.one(prompt, {.max_new_tokens = 7, .min_new_tokens = 7, .beam = 2}).ids.size() == 7);
  REQUIRE_THAT(refusal_of([&] { toy.one(std::string(20, 'x'), {.max_new_tokens = 1, .context = ContextPolicy::kRefuse}); }),
               Catch::Contains("shorter prompt"));
}

TEST_CASE("all of a prompt as long as the positions is read, and of a longer one it is told what is") {
  // The next token is how many tokens the model sees.
  const ContextLogits counting = [](const TokenIds& ids) {
    std::vector<float> logits(kVocab, 0.0f);
    logits[ids.size()] = 50.0f;
    return logits;
  };
  const Toy toy(counting, 16);
  for (const auto context : {ContextPolicy::kSlide, ContextPolicy::kRefuse}) {
    const auto whole = toy.one(std::string(16, 'x'), {.max_new_tokens = 1, .temperature = 0.0, .context = context});
    REQUIRE(whole.ids == TokenIds{16});
    REQUIRE(whole.warnings.empty());
  }
  REQUIRE(toy.one(std::string(16, 'x'), {.max_new_tokens = 1, .beam = 3}).ids == TokenIds{16});
  const auto halves = toy.run({std::string(17, 'x'), "ab"}, {.max_new_tokens = 1, .temperature = 1.0, .samples = 2});
  for (const Continuation& sample : halves[0]) {
    REQUIRE(sample.ids == TokenIds{8});
    REQUIRE(sample.warnings == std::vector<std::string>{"has 17 tokens, and the model 16 positions; its last 8 are read"});
  }
  REQUIRE(halves[1][0].warnings.empty());
}

TEST_CASE("an empty prompt begins a new text, where there is a token that ends one") {
  const Toy toy(random_context_logits(1, kVocab));
  REQUIRE(toy.generator.encode("") == TokenIds{kEndOfText});
  REQUIRE(toy.generator.encode("ab") == TokenIds{'a', 'b'});
  const TextGenerator without(toy.model, byte_tokenizer({}), config());
  REQUIRE_THAT(refusal_of([&] { without.encode(""); }), Catch::Contains("end-of-text"));
}

TEST_CASE("filling in the middle asks in the format of Bavarian et al.") {
  const auto model = std::make_shared<ToyCausalModel>(random_context_logits(1, kVocab), kVocab, 64);
  const TextGenerator generator(model, byte_tokenizer({"<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"}), config());
  REQUIRE(generator.encode_fill("ab", "c") == TokenIds{257, 'a', 'b', 259, 'c', 258});
  REQUIRE(generator.encode_fill("", "") == TokenIds{257, 259, 258});
  const Toy plain(random_context_logits(1, kVocab));
  REQUIRE_THAT(refusal_of([&] { plain.generator.encode_fill("a", "b"); }),
               Catch::Contains("<|fim_prefix|>") && Catch::Contains("--fill-in-the-middle"));
}

TEST_CASE("beams are the best, in their order, and one beam is greedy") {
  const Toy toy(random_context_logits(12, kVocab));
  const auto beams = toy.run({"abc"}, {.max_new_tokens = 8, .samples = 4, .beam = 4})[0];
  REQUIRE(beams.size() == 4);
  for (std::size_t i = 1; i < 4; ++i)
    REQUIRE(beams[i - 1].log_probability / beams[i - 1].ids.size() >= beams[i].log_probability / beams[i].ids.size());
  for (const auto& beam : beams) {
    double sum = 0;
    for (const float one : beam.token_log_probabilities) sum += one;
    REQUIRE(sum == Approx(beam.log_probability).margin(1e-5));
  }
  const auto greedy = toy.one("abc", {.max_new_tokens = 8, .temperature = 0.0});
  REQUIRE(toy.one("abc", {.max_new_tokens = 8, .beam = 1}).ids == greedy.ids);
}

TEST_CASE("the folder's settings are the defaults, and flags win") {
  const auto model = std::make_shared<ToyCausalModel>(random_context_logits(2, kVocab), kVocab, 64);
  GenerationConfig folder = config();
  folder.do_sample = true;
  folder.top_k = 1;
  folder.max_new_tokens = 9;
  folder.eos_token_ids = {kEndOfText, 50256};  // the second is beyond the tokenizer's
  const TextGenerator generator(model, byte_tokenizer(), folder);
  const Prompt prompt{.ids = {'a'}, .number = 1, .name = "it"};
  const auto ids = [&](const TextGenerator& from, const GenerateOptions& options) {
    return from.generate({.prompts = std::span(&prompt, 1)}, options)[0][0].ids;
  };
  const Toy plain(random_context_logits(2, kVocab));
  REQUIRE(ids(generator, {}) == ids(plain.generator, {.max_new_tokens = 9, .temperature = 0.0}));
  REQUIRE(ids(generator, {.max_new_tokens = 5, .top_k = 0}) == ids(plain.generator, {.max_new_tokens = 5}));
  REQUIRE(generator.max_new_tokens({}) == 9);
}

TEST_CASE("options of generate that cannot be are refused with their flag's name") {
  const Toy toy(random_context_logits(1, kVocab));
  const auto refuses = [&](const GenerateOptions& options, const std::string& flag) {
    CAPTURE(flag);
    REQUIRE_THAT(refusal_of([&] { toy.generator.check(options); }), Catch::StartsWith(flag));
  };
  refuses({.max_new_tokens = 0}, "--max-new-tokens 0");
  refuses({.max_new_tokens = 4, .min_new_tokens = 5}, "--min-new-tokens 5");
  refuses({.temperature = -0.5}, "--temperature -0.5");
  refuses({.temperature = std::nan("")}, "--temperature");
  refuses({.top_k = -1}, "--top-k -1");
  refuses({.top_p = 0.0}, "--top-p 0");
  refuses({.min_p = 2.0}, "--min-p 2");
  refuses({.repetition_penalty = 0.0}, "--repetition-penalty 0");
  refuses({.frequency_penalty = std::nan("")}, "--frequency-penalty");
  refuses({.samples = 0}, "--samples 0");
  refuses({.temperature = 0.0, .samples = 2}, "--samples 2");
  refuses({.beam = 0}, "--beam 0");
  refuses({.samples = 3, .beam = 2}, "--samples 3");
  refuses({.top_k = 5, .beam = 2}, "--beam 2");
  refuses({.beam = 2, .context = ContextPolicy::kSlide}, "--context slide");
  refuses({.batch_tokens = 0}, "--batch-tokens 0");
  GenerateOptions empty_stop;
  empty_stop.stop = {""};
  refuses(empty_stop, "a stop string is empty");
  REQUIRE_THAT(refusal_of([&] { toy.generator.check({.repetition_penalty = 1.2, .beam = 2}); }), Catch::Contains("--beam 2"));
  REQUIRE_THROWS_AS(TextGenerator(std::make_shared<ToyCausalModel>(random_context_logits(1, 200), 200, 64), byte_tokenizer(), config()),
                    UserError);
}
