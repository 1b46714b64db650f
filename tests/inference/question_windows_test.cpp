#include <cmath>

#include <catch2/catch.hpp>

#include "core/log.h"
#include "core/random.h"
#include "inference/question_windows.h"
#include "tests/support/captured_stderr.h"
#include "tests/support/refusal.h"
#include "tests/training/tiny_bert.h"

using namespace attend;
using Catch::Contains;

namespace {

struct Workplace {
  Workplace() {
    set_log_level(LogLevel::kQuiet);
    std::vector<std::string> pieces{"who", "?", "new", "##s", "york", "-", "über"};
    for (char letter = 'a'; letter <= 'z'; ++letter) pieces.push_back(std::string(1, letter));
    tokenizer = write_tiny_bert({.pieces = pieces}, folder.path());
  }
  TempFolder folder;
  std::shared_ptr<const WordPieceTokenizer> tokenizer;
};

/// One question on one context; `begin` is a byte, negative for an answer without a place.
SquadData one_question(const std::string& context, const std::string& answer, std::int64_t begin, const std::string& question = "who ?") {
  SquadData data{.contexts = {context}, .questions = {{.id = "1", .text = question}}};
  if (!answer.empty()) data.questions[0].answers = {{answer, begin < 0 ? std::nullopt : std::optional<std::size_t>(begin)}};
  data.questions[0].is_impossible = answer.empty();
  return data;
}

const std::string kLetters = "a b c d e f g h i j k l m n o p q r s t";  // 20 pieces; letter i is byte 2 i
constexpr SpanOptions kSmall{.max_length = 12, .stride = 3};             // room for 7 of them beside "who ?"

std::string shown(const WindowTargets& targets) {
  std::string text;
  for (std::size_t i = 0; i < targets.windows.size(); ++i)
    text += std::to_string(targets.windows[i]) + ":" + std::to_string(targets.starts[i]) + "-" + std::to_string(targets.ends[i]) + " ";
  return text;
}

/// A search over one window whose first token is [CLS] and last [SEP], all else context.
Answer best_of(const SpanOptions& options, const std::vector<float>& starts, const std::vector<float>& ends, bool may_have_none = false) {
  WordPieces pieces;
  std::string context;
  for (std::uint32_t i = 0; i + 2 < starts.size(); ++i) {
    context += static_cast<char>('a' + i);
    pieces.spans.push_back({i, i + 1});
  }
  AnswerSearch search(options);
  search.add({.offset = 1, .begin = 0, .end = static_cast<std::int64_t>(context.size())}, starts, ends);
  return search.best(context, pieces, may_have_none);
}

}  // namespace

TEST_CASE("A context is cut into windows that overlap by the stride, beside the whole question") {
  const Workplace place;
  const QuestionWindows found = window_questions(one_question(kLetters, "", 0), *place.tokenizer, kSmall);
  std::string places;
  for (const QuestionWindow& window : found.windows) {
    CHECK(window.question == 0);
    CHECK(window.offset == 4);  // [CLS] who ? [SEP]
    places += std::to_string(window.begin) + "-" + std::to_string(window.end) + " ";
  }
  CHECK(places == "0-7 4-11 8-15 12-19 16-20 ");
  const auto id = [&](const char* piece) { return place.tokenizer->id_of(piece).value(); };
  CHECK(found.examples[1].ids == std::vector<std::int32_t>{id("[CLS]"), id("who"), id("?"), id("[SEP]"), id("e"), id("f"), id("g"), id("h"),
                                                           id("i"), id("j"), id("k"), id("[SEP]")});
  CHECK(found.examples[1].type_ids == std::vector<std::int32_t>{0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1});
  CHECK(found.examples[4].ids.size() == 9);
}

TEST_CASE("A context that just fits has one window, and an empty one has one too") {
  const Workplace place;
  CHECK(window_questions(one_question("a b c d e f g", "", 0), *place.tokenizer, kSmall).windows.size() == 1);
  CHECK(window_questions(one_question("a b c d e f g h", "", 0), *place.tokenizer, kSmall).windows.size() == 2);
  const QuestionWindows empty = window_questions(one_question("\x01", "", 0), *place.tokenizer, kSmall);
  REQUIRE(empty.windows.size() == 1);
  CHECK(empty.examples[0].ids.size() == 5);
}

TEST_CASE("A question keeps half of a window at most, and that is said") {
  const Workplace place;
  const QuestionWindows found = window_questions(one_question(kLetters, "", 0, "a b c d e f g h"), *place.tokenizer, kSmall);
  REQUIRE(found.warnings.size() == 1);
  CHECK_THAT(found.warnings[0], Contains("1 of 1 questions were longer than 4 tokens"));
  CHECK(found.cut == std::vector<std::size_t>{0});
  CHECK(found.windows[0].offset == 6);
  CHECK(found.windows[0].end == 5);  // 12 - 3 - 4
  CHECK(found.windows.size() == 9);  // one begins every 2, the last at 16
}

TEST_CASE("An answer's pieces are those that it touches") {
  const Workplace place;
  const auto span = [&](const std::string& context, std::uint32_t begin, std::uint32_t end) {
    const auto found = pieces_within(place.tokenizer->encode_with_spans(context), {begin, end});
    return found ? std::to_string(found->begin) + "-" + std::to_string(found->end) : "none";
  };
  CHECK(span("new york news", 4, 8) == "1-2");
  CHECK(span("new york news", 0, 8) == "0-2");
  CHECK(span("new york news", 5, 6) == "1-2");   // within a piece
  CHECK(span("new york news", 9, 12) == "2-3");  // "new" of "news"
  CHECK(span("new york news", 10, 13) == "2-4");
  CHECK(span("new york news", 3, 9) == "1-2");  // the spaces around do not count
  CHECK(span("new york news", 3, 4) == "none");
  CHECK(span("über-york", 0, 5) == "0-1");  // two bytes for one character
  CHECK(span("über-york", 6, 10) == "2-3");
}

TEST_CASE("A window holds the answer whole, or points at [CLS]") {
  const Workplace place;
  const auto targets = [&](const SquadData& data) { return shown(window_targets(data, window_questions(data, *place.tokenizer, kSmall))); };
  CHECK(targets(one_question(kLetters, "j k", 18)) == "0:0-0 1:9-10 2:5-6 3:0-0 4:0-0 ");  // pieces 9 and 10
  CHECK(targets(one_question(kLetters, "a", 0)) == "0:4-4 1:0-0 2:0-0 3:0-0 4:0-0 ");
  CHECK(targets(one_question(kLetters, "t", 38)) == "0:0-0 1:0-0 2:0-0 3:0-0 4:7-7 ");
  CHECK(targets(one_question(kLetters, "", 0)) == "0:0-0 1:0-0 2:0-0 3:0-0 4:0-0 ");  // impossible
  CHECK(targets(one_question(kLetters, "j k", -1)).empty());                          // an answer without a place teaches nothing
  // The first answer with a place is learnt, and the question after one that is left out keeps its own.
  SquadData data = one_question("a b c", "b", -1);
  data.questions[0].answers.push_back({"c", 4});
  data.questions.push_back({.id = "2", .text = "who", .answers = {{"x", std::nullopt}}});
  data.questions.push_back({.id = "3", .text = "who", .answers = {{"a b", 0}}});
  CHECK(targets(data) == "0:6-6 2:3-4 ");
}

TEST_CASE("The best span lies in the context, in order, and is no longer than allowed") {
  const SpanOptions options{.max_answer_length = 2};
  //                                  [CLS] a  b  c  d [SEP]
  const Answer answer = best_of(options, {9, 0, 5, 0, 2, 9}, {9, 4, 0, 0, 3, 9});
  CHECK(answer.text == "b");  // b to a is 9 but backwards, b to d is 8 but three long; d is 5 too, b came first
  CHECK(answer.begin == 1);
  CHECK(answer.end == 2);
  CHECK(best_of({.max_answer_length = 3}, {9, 0, 5, 0, 2, 9}, {9, 4, 0, 0, 3, 9}).text == "bcd");
  CHECK(best_of({.max_answer_length = 1}, {9, 0, 0, 0, 0, 9}, {9, 0, 0, 1, 0, 9}).text == "c");
  CHECK(best_of({}, {1, 1}, {1, 1}).text.empty());  // no context at all
  CHECK(best_of({}, {1, NAN, 1}, {1, 0, 1}).text.empty());
}

TEST_CASE("The probability is shared among the best spans, and no answer where that may be") {
  // One piece in order: a (1), b (0.5) and ab (1.5 = 1 + 0.5).
  const std::vector<float> starts{0, 1, 0, 0}, ends{0, 0, 0.5f, 0};
  const double sum = std::exp(1.5) + std::exp(1.0) + std::exp(0.5);
  CHECK(best_of({}, starts, ends).probability == Approx(std::exp(1.5) / sum));
  CHECK(best_of({.n_best = 2}, starts, ends).probability == Approx(std::exp(1.5) / (std::exp(1.5) + std::exp(1.0))));
  CHECK(best_of({}, starts, ends, true).probability == Approx(std::exp(1.5) / (sum + 1)));
  CHECK(best_of({}, starts, ends, true).text == "ab");
  // [CLS] scores 0, 1.5 less than the best span.
  CHECK(best_of({.null_score_diff_threshold = -1.4}, starts, ends, true).text == "ab");
  const Answer none = best_of({.null_score_diff_threshold = -1.6}, starts, ends, true);
  CHECK(none.text.empty());
  CHECK(none.begin == none.end);
  CHECK(none.probability == Approx(1 / (sum + 1)));
  CHECK(best_of({.null_score_diff_threshold = -1.6}, starts, ends, false).text == "ab");
}

TEST_CASE("Windows of one question are searched together: a span counts once, [CLS] where it scores lowest") {
  WordPieces pieces;
  for (std::uint32_t i = 0; i < 4; ++i) pieces.spans.push_back({i, i + 1});
  const QuestionWindow first{.offset = 1, .begin = 0, .end = 3}, second{.offset = 1, .begin = 2, .end = 4};
  const std::vector<float> low{4, 0, 0, 0, 0}, high{1, 3, 0, 0};
  for (const bool reversed : {false, true}) {
    AnswerSearch search({.max_answer_length = 1});
    if (reversed) search.add(second, high, high);
    search.add(first, low, low);
    if (!reversed) search.add(second, high, high);
    const Answer answer = search.best("abcd", pieces, true);
    CHECK(answer.text == "c");  // 6 in the second window, 0 in the first; [CLS] is 2 in the second, 8 in the first
    CHECK(answer.probability == Approx(std::exp(6.0) / (std::exp(6.0) + std::exp(2.0) + 3)));  // a, b and d score 0
  }
}

TEST_CASE("The search finds what trying all spans finds, and no less than the pairs of best starts and ends") {
  RandomStream random(1, "spans");
  for (int trial = 0; trial < 200; ++trial) {
    const std::size_t length = 3 + random.below(40);
    const auto longest = static_cast<std::int64_t>(1 + random.below(8));
    std::vector<float> starts(length), ends(length);
    for (auto* side : {&starts, &ends})
      for (float& logit : *side) logit = static_cast<float>(random.below(1000)) / 100;
    std::vector<double> scores;
    for (std::size_t b = 1; b + 1 < length; ++b)
      for (std::size_t e = b; e + 1 < length && e < b + static_cast<std::size_t>(longest); ++e)
        scores.push_back(static_cast<double>(starts[b]) + static_cast<double>(ends[e]));
    std::sort(scores.rbegin(), scores.rend());
    scores.resize(std::min<std::size_t>(scores.size(), 20));
    double sum = 0;
    for (const double score : scores) sum += std::exp(score - scores[0]);
    const Answer answer = best_of({.max_answer_length = longest}, starts, ends);
    CHECK(static_cast<std::int64_t>(answer.text.size()) <= longest);
    CHECK(static_cast<double>(starts[answer.begin + 1]) + static_cast<double>(ends[answer.end]) == Approx(scores[0]));
    CHECK(answer.probability == Approx(1 / sum));
  }
}

TEST_CASE("Options of windows that cannot be are refused, and fit a smaller model") {
  CHECK_NOTHROW(check_spans({}, 512));
  const auto refusal = [](const SpanOptions& options) { return refusal_of([&] { check_spans(options, 512); }); };
  CHECK_THAT(refusal({.max_length = 513}), Contains("the model has 512 positions"));
  CHECK_THAT(refusal({.max_length = 11}), Contains("expected at least 12"));
  CHECK_THAT(refusal({.stride = 190}), Contains("--stride is 190; with --max-length 384 expected 0 to 189"));
  CHECK_THAT(refusal({.stride = -1}), Contains("--stride is -1"));
  CHECK_THAT(refusal({.max_answer_length = 0}), Contains("--max-answer-length is 0"));
  CHECK_THAT(refusal({.n_best = 0}), Contains("--n-best is 0"));
  for (const std::int64_t positions : {12, 64, 383, 384, 512}) {
    SpanOptions options;
    fit_spans(options, {}, positions);
    CHECK(options.max_length == std::min<std::int64_t>(384, positions));
    CHECK((options.stride == 128) == (positions > 262));
    CHECK_NOTHROW(check_spans(options, positions));
  }
  // What was asked for stays as it is, and is refused where it cannot be.
  SpanOptions asked;
  fit_spans(asked, {.max_length = 384, .stride = 60}, 128);
  CHECK((asked.max_length == 384 && asked.stride == 60));
  SpanOptions stride;
  fit_spans(stride, {.stride = 60}, 128);
  CHECK((stride.max_length == 128 && stride.stride == 60));
}

TEST_CASE("The options go into the folder and come back") {
  const TempFolder folder;
  CHECK_FALSE(read_span_options(folder.path()).has_value());
  write_span_options({.max_length = 64, .stride = 20, .no_answer = NoAnswer::kYes, .null_score_diff_threshold = 0.5}, folder.path());
  const SpanOptions read = read_span_options(folder.path()).value();
  CHECK(read.max_length == 64);
  CHECK(read.stride == 20);
  CHECK(read.no_answer == NoAnswer::kYes);
  CHECK(read.null_score_diff_threshold == 0.5);
  write_text(folder / "answering.json", R"({"max_length": 64, "strid": 20})");
  CHECK_THAT(refusal_of([&] { read_span_options(folder.path()); }), Contains("answering.json") && Contains("strid"));
  write_text(folder / "answering.json", R"({"max_length": "long"})");
  CHECK_THAT(refusal_of([&] { read_span_options(folder.path()); }), Contains("max_length"));
}
