#include "inference/question_windows.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "core/error.h"
#include "core/field_io.h"

namespace attend {
namespace {

constexpr const char* kSpanFile = "answering.json";
constexpr std::int64_t kTemplateTokens = 3;  // [CLS], [SEP] and [SEP]
constexpr std::int64_t kShortestWindow = 12;

std::int64_t longest_question(const SpanOptions& options) { return (options.max_length - kTemplateTokens) / 2; }

WordPieces slice(const WordPieces& pieces, std::int64_t begin, std::int64_t end) {
  const auto part = [&](const auto& all) { return std::decay_t<decltype(all)>(all.begin() + begin, all.begin() + end); };
  return {.ids = part(pieces.ids), .spans = part(pieces.spans), .words = part(pieces.words)};
}

std::int64_t num_pieces(const WordPieces& pieces) { return static_cast<std::int64_t>(pieces.ids.size()); }

void require_positive(const char* flag, std::int64_t value) {
  if (value < 1) throw UserError(std::string(flag) + " is " + std::to_string(value) + "; expected at least 1");
}

/// The pieces of the first answer that has a place, and any piece. Nothing: the question cannot be learnt from.
std::optional<PieceSpan> answer_pieces(const SquadQuestion& question, const WordPieces& context) {
  for (const SquadAnswer& answer : question.answers) {
    if (!answer.begin) continue;
    const TextSpan bytes{static_cast<std::uint32_t>(*answer.begin), static_cast<std::uint32_t>(*answer.begin + answer.text.size())};
    if (const auto found = pieces_within(context, bytes)) return found;
  }
  return std::nullopt;
}

}  // namespace

void check_spans(const SpanOptions& options, std::int64_t max_positions) {
  const std::string length = "--max-length is " + std::to_string(options.max_length);
  if (options.max_length > max_positions) throw UserError(length + "; the model has " + std::to_string(max_positions) + " positions");
  if (options.max_length < kShortestWindow) throw UserError(length + "; expected at least " + std::to_string(kShortestWindow));
  if (options.stride < 0 || options.stride >= longest_question(options))
    throw UserError("--stride is " + std::to_string(options.stride) + "; with --max-length " + std::to_string(options.max_length) +
                        " expected 0 to " + std::to_string(longest_question(options) - 1),
                    "a question may take half of a window, and windows must move on; a third of --max-length is a good stride");
  require_positive("--max-answer-length", options.max_answer_length);
  require_positive("--n-best", options.n_best);
}

void fit_spans(SpanOptions& options, const AskedSpans& asked, std::int64_t max_positions) {
  options.max_length = asked.max_length.value_or(std::min(options.max_length, max_positions));
  const std::int64_t third = std::max<std::int64_t>(0, (options.max_length - kTemplateTokens) / 3);
  options.stride = asked.stride.value_or(options.stride < longest_question(options) ? options.stride : third);
}

std::optional<SpanOptions> read_span_options(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / kSpanFile;
  if (!std::filesystem::exists(file)) return std::nullopt;
  SpanOptions options;
  from_json(options, read_json_file(file), file.string(), UnknownKeys::kRefuse);
  return options;
}

void write_span_options(const SpanOptions& options, const std::filesystem::path& folder) {
  write_json_file(folder / kSpanFile, to_json(options));
}

QuestionWindows window_questions(const SquadData& data, const WordPieceTokenizer& tokenizer, const SpanOptions& options) {
  QuestionWindows found;
  for (const std::string& context : data.contexts) {
    found.contexts.push_back(tokenizer.encode_with_spans(context));
    found.unknown.add(found.contexts.back().ids, tokenizer.unk_id());
  }
  const std::int64_t longest = longest_question(options);
  for (std::size_t i = 0; i < data.questions.size(); ++i) {
    WordPieces question = tokenizer.encode_with_spans(data.questions[i].text);
    UnknownShare& share = found.unknown_of.emplace_back();
    share.add(question.ids, tokenizer.unk_id());
    found.unknown.add(share);
    share.add(found.contexts[data.questions[i].context].ids, tokenizer.unk_id());
    if (num_pieces(question) > longest) {
      question = slice(question, 0, longest);
      found.cut.push_back(i);
    }
    const std::size_t context = data.questions[i].context;
    const WordPieces& pieces = found.contexts[context];
    const std::int64_t room = options.max_length - kTemplateTokens - num_pieces(question);
    for (std::int64_t begin = 0;; begin += room - options.stride) {
      const std::int64_t end = std::min(begin + room, num_pieces(pieces));
      const WordPieces part = slice(pieces, begin, end);
      EncodedInput input = tokenizer.add_template(question, &part);
      found.windows.push_back({.question = i, .context = context, .offset = input.second_begin, .begin = begin, .end = end});
      found.examples.push_back({std::move(input.ids), std::move(input.type_ids)});
      if (end == num_pieces(pieces)) break;
    }
  }
  if (!found.cut.empty())
    found.warnings.push_back(std::to_string(found.cut.size()) + " of " + std::to_string(data.questions.size()) +
                             " questions were longer than " + std::to_string(longest) + " tokens, half of a window, and cut");
  return found;
}

std::optional<PieceSpan> pieces_within(const WordPieces& context, const TextSpan& bytes) {
  const auto first = std::find_if(context.spans.begin(), context.spans.end(), [&](const TextSpan& span) { return span.end > bytes.begin; });
  const auto after = std::find_if(first, context.spans.end(), [&](const TextSpan& span) { return span.begin >= bytes.end; });
  if (first == after) return std::nullopt;
  return PieceSpan{first - context.spans.begin(), after - context.spans.begin()};
}

WindowTargets window_targets(const SquadData& data, const QuestionWindows& questions) {
  WindowTargets targets;
  std::optional<PieceSpan> answer;
  for (std::size_t i = 0; i < questions.windows.size(); ++i) {
    const QuestionWindow& window = questions.windows[i];
    const SquadQuestion& question = data.questions[window.question];
    if (i == 0 || window.question != questions.windows[i - 1].question)
      answer = answer_pieces(question, questions.contexts[window.context]);
    if (!answer && !question.is_impossible) continue;
    const bool is_inside = answer && window.begin <= answer->begin && answer->end <= window.end;
    targets.windows.push_back(i);
    targets.starts.push_back(is_inside ? window.offset + answer->begin - window.begin : 0);
    targets.ends.push_back(is_inside ? window.offset + answer->end - 1 - window.begin : 0);
  }
  return targets;
}

bool AnswerSearch::Candidate::operator<(const Candidate& other) const {
  return std::tuple(-score, begin, last) < std::tuple(-other.score, other.begin, other.last);
}

void AnswerSearch::offer(const Candidate& candidate) {
  if (candidates_.size() == static_cast<std::size_t>(options_.n_best) && !(candidate < candidates_.back())) return;
  // Neighbouring windows have spans in common; the better score of one stays.
  const auto same = std::find_if(candidates_.begin(), candidates_.end(),
                                 [&](const Candidate& other) { return other.begin == candidate.begin && other.last == candidate.last; });
  if (same != candidates_.end()) {
    if (!(candidate < *same)) return;
    candidates_.erase(same);
  } else if (candidates_.size() == static_cast<std::size_t>(options_.n_best)) {
    candidates_.pop_back();
  }
  candidates_.insert(std::lower_bound(candidates_.begin(), candidates_.end(), candidate), candidate);
}

void AnswerSearch::add(const QuestionWindow& window, std::span<const float> start_logits, std::span<const float> end_logits) {
  null_score_ = std::min(null_score_, static_cast<double>(start_logits[0]) + static_cast<double>(end_logits[0]));
  const auto logit = [&](std::span<const float> logits, std::int64_t piece) {
    return static_cast<double>(logits[static_cast<std::size_t>(window.offset + piece - window.begin)]);
  };
  for (std::int64_t begin = window.begin; begin < window.end; ++begin) {
    const std::int64_t end = std::min(begin + options_.max_answer_length, window.end);
    for (std::int64_t last = begin; last < end; ++last) {
      const double score = logit(start_logits, begin) + logit(end_logits, last);
      if (!std::isnan(score)) offer({score, begin, last});
    }
  }
}

Answer AnswerSearch::best(const std::string& context, const WordPieces& pieces, bool may_have_none) const {
  if (candidates_.empty()) return {.text = "", .probability = may_have_none ? 1.0 : 0.0};
  const Candidate& top = candidates_.front();
  const double highest = may_have_none ? std::max(top.score, null_score_) : top.score;
  double sum = may_have_none ? std::exp(null_score_ - highest) : 0;
  for (const Candidate& candidate : candidates_) sum += std::exp(candidate.score - highest);
  if (may_have_none && null_score_ - top.score > options_.null_score_diff_threshold)
    return {.text = "", .probability = std::exp(null_score_ - highest) / sum};
  const std::size_t begin = pieces.spans[static_cast<std::size_t>(top.begin)].begin,
                    end = pieces.spans[static_cast<std::size_t>(top.last)].end;
  return {.text = context.substr(begin, end - begin), .probability = std::exp(top.score - highest) / sum, .begin = begin, .end = end};
}

}  // namespace attend
