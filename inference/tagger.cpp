// Letters: W words of a batch, L labels.
#include "inference/tagger.h"

#include <algorithm>
#include <cmath>

#include <torch/torch.h>

#include "core/error.h"
#include "core/text.h"
#include "inference/folders.h"

namespace attend {
namespace {

std::int64_t outside_label(const TaskLabels& labels) {
  const auto found = std::find(labels.names.begin(), labels.names.end(), "O");
  return found == labels.names.end() ? 0 : found - labels.names.begin();
}

std::vector<std::string> words_of(const std::string& line) {
  constexpr const char* kBlanks = " \t\r\v\f";
  std::vector<std::string> words;
  for (std::size_t begin = line.find_first_not_of(kBlanks); begin != std::string::npos;) {
    const std::size_t end = std::min(line.find_first_of(kBlanks, begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(kBlanks, end);
  }
  return words;
}

}  // namespace

void WordWindows::require_room(std::int64_t max_length) {
  if (max_length <= kTemplateTokens)
    throw UserError("--max-length is " + std::to_string(max_length) + "; expected at least " + std::to_string(kTemplateTokens + 1) +
                    ", as [CLS] and [SEP] are counted");
}

std::vector<std::int64_t> tag_ids(const TaggedSentence& sentence, const std::string& file, const LabelSet& labels) {
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < sentence.tags.size(); ++i) ids.push_back(labels.id({sentence.tags[i], file, sentence.lines[i]}));
  return ids;
}

std::optional<std::string> why_no_entities(const TaskLabels& labels) {
  const std::optional<std::string> other = first_other_tag(labels.names);
  if (!other) return std::nullopt;
  return "no F1 of entities, because the tag '" + excerpt(*other) +
         "' is none of an entity (O, or B, I, E, S, L, U, M or W, a hyphen and a type); accuracy is told";
}

std::vector<PieceWindow> piece_windows(std::int64_t num_pieces, std::int64_t room) {
  std::vector<PieceWindow> windows;
  if (num_pieces == 0) return windows;
  const std::int64_t step = std::max<std::int64_t>(1, room / 2), last_begin = std::max<std::int64_t>(0, num_pieces - room);
  for (std::int64_t begin = 0;; begin = std::min(begin + step, last_begin)) {
    PieceWindow window{.begin = begin, .end = std::min(begin + room, num_pieces), .first = 0, .last = num_pieces};
    if (!windows.empty()) windows.back().last = window.first = (begin + windows.back().end) / 2;
    windows.push_back(window);
    if (begin == last_begin) return windows;
  }
}

WordWindows::WordWindows(const WordPieceTokenizer& tokenizer, std::int64_t max_length)
    : tokenizer_(tokenizer), room_(max_length - kTemplateTokens) {
  require_room(max_length);
}

void WordWindows::add(const std::vector<std::string>& words) {
  const WordPieces pieces = tokenizer_.encode_words(words);
  unknown_.add(pieces.ids, tokenizer_.unk_id());
  for (const PieceWindow& window : piece_windows(static_cast<std::int64_t>(pieces.ids.size()), room_)) {
    TextExample& example = windows_.emplace_back();
    example.ids.push_back(tokenizer_.cls_id());
    example.ids.insert(example.ids.end(), pieces.ids.begin() + window.begin, pieces.ids.begin() + window.end);
    example.ids.push_back(tokenizer_.sep_id());
    example.type_ids.assign(example.ids.size(), 0);
    std::vector<Place>& places = places_.emplace_back();
    for (std::int64_t piece = window.first; piece < window.last; ++piece) {
      const std::int32_t word = pieces.words[static_cast<std::size_t>(piece)];
      if (piece > 0 && pieces.words[static_cast<std::size_t>(piece - 1)] == word) continue;
      places.push_back({.position = piece - window.begin + 1, .word = num_words_ + static_cast<std::size_t>(word)});
    }
  }
  num_words_ += words.size();
}

std::optional<WordTags> tag_words(TokenClassifier& model, const WordWindows& text, const std::vector<std::int64_t>& gold,
                                  const StopCheck& stop) {
  const torch::NoGradGuard no_grad;
  WordTags tags;
  tags.labels.assign(text.num_words(), outside_label(model.labels()));
  tags.probabilities.assign(text.num_words(), 0);
  for (const auto& chosen : batches_by_length(text.windows(), kAnswerTokens)) {
    if (stop && stop()) return std::nullopt;
    std::vector<std::int64_t> rows;
    std::vector<std::size_t> words;
    std::int64_t begin = 0;
    for (const std::size_t index : chosen) {
      for (const WordWindows::Place& place : text.places()[index]) {
        rows.push_back(begin + place.position);
        words.push_back(place.word);
      }
      begin += static_cast<std::int64_t>(text.windows()[index].ids.size());
    }
    const auto logits_WL = model.logits(pack_examples(text.windows(), chosen)).cpu().index_select(0, torch::tensor(rows, torch::kInt64));
    const auto log_p_WL = torch::log_softmax(logits_WL.to(torch::kFloat64), 1);
    const auto best_W = log_p_WL.argmax(1);
    const auto log_p = log_p_WL.accessor<double, 2>();
    const auto best = best_W.accessor<std::int64_t, 1>();
    for (std::size_t i = 0; i < words.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      tags.labels[words[i]] = best[row];
      tags.probabilities[words[i]] = std::exp(log_p[row][best[row]]);
      if (gold.empty() || gold[words[i]] >= log_p.size(1)) continue;  // a label that the model does not know
      tags.log_likelihood += log_p[row][gold[words[i]]];
      ++tags.num_scored;
    }
  }
  return tags;
}

TaggedText read_tagged_text(const TaggedSource& source, const WordPieceTokenizer& tokenizer, std::int64_t max_length,
                            const LabelSet& labels) {
  ConllReader reader(source.file, source.columns);
  TaggedText text{.words = WordWindows(tokenizer, max_length), .labels = {}, .lengths = {}, .names = {}};
  OpenLabels open(labels);
  for (TaggedSentence sentence; reader.next(sentence);) {
    for (std::size_t i = 0; i < sentence.tags.size(); ++i)
      text.labels.push_back(open.id({sentence.tags[i], reader.name(), sentence.lines[i]}));
    text.words.add(sentence.tokens);
    text.lengths.push_back(sentence.tags.size());
  }
  open.report();
  text.names = open.names();
  return text;
}

std::optional<TagScores> score_tags(TokenClassifier& model, const TaggedText& text, const StopCheck& stop) {
  const std::optional<WordTags> found = tag_words(model, text.words, text.labels, stop);
  if (!found) return std::nullopt;
  TagScores scores{.loss = -found->log_likelihood / static_cast<double>(std::max<std::int64_t>(1, found->num_scored)),
                   .has_entities = !first_other_tag(model.labels().names)};
  std::vector<std::string> names;
  for (const std::string& name : text.names) names.push_back(scores.has_entities ? as_iobes(name) : name);
  std::vector<std::string> gold, predicted;
  std::size_t word = 0, num_right = 0;
  for (const std::size_t length : text.lengths) {
    gold.clear();
    predicted.clear();
    for (const std::size_t end = word + length; word < end; ++word) {
      gold.push_back(names[static_cast<std::size_t>(text.labels[word])]);
      predicted.push_back(names[static_cast<std::size_t>(found->labels[word])]);
      num_right += text.labels[word] == found->labels[word];
    }
    scores.entities.add(gold, predicted);
  }
  scores.accuracy = word == 0 ? 0 : static_cast<double>(num_right) / static_cast<double>(word);
  return scores;
}

Metrics metrics_of(const TagScores& scores) {
  Metrics metrics{{"loss", scores.loss}, {"accuracy", scores.accuracy}};
  if (!scores.has_entities) return metrics;
  const PrecisionRecall entities = scores.entities.averaged(Average::kMicro);
  metrics.insert(metrics.end(), {{"f1", entities.f1}, {"precision", entities.precision}, {"recall", entities.recall}});
  return metrics;
}

Tagger::Tagger(std::shared_ptr<TokenClassifier> model, std::shared_ptr<const WordPieceTokenizer> tokenizer,
               std::optional<std::int64_t> max_length)
    : model_(std::move(model)), tokenizer_(std::move(tokenizer)), length_(length_to_read(max_length, *model_, tokenizer_->max_length())) {
  warnings_ = vocabulary_warnings(model_->vocab_size(), tokenizer_->vocab_size());
}

Tagger load_tagger(const std::filesystem::path& folder, const LoadOptions& options, std::optional<std::int64_t> max_length) {
  auto model = load_token_classifier(folder, options, TokenTask::kTags);
  return {std::move(model), load_wordpiece(folder), max_length};
}

std::vector<TaggedWords> Tagger::tag(std::span<const std::string> sentences) const {
  WordWindows text(*tokenizer_, length_);
  std::vector<TaggedWords> answers;
  for (const std::string& sentence : sentences) {
    answers.push_back({.words = words_of(sentence), .tags = {}, .probabilities = {}, .unknown = {}});
    const UnknownShare before = text.unknown();
    text.add(answers.back().words);
    answers.back().unknown = {.tokens = text.unknown().tokens - before.tokens, .unknown = text.unknown().unknown - before.unknown};
  }
  const WordTags found = tag_words(*model_, text).value();
  std::size_t word = 0;
  for (TaggedWords& answer : answers)
    for (std::size_t i = 0; i < answer.words.size(); ++i, ++word) {
      answer.tags.push_back(static_cast<std::size_t>(found.labels[word]));
      answer.probabilities.push_back(found.probabilities[word]);
    }
  return answers;
}

}  // namespace attend
