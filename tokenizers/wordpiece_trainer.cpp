#include "tokenizers/wordpiece_trainer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "core/error.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/text.h"
#include "core/text_source.h"
#include "tokenizers/bert_normalizer.h"
#include "tokenizers/pair_learner.h"
#include "tokenizers/unknown_tokens.h"
#include "tokenizers/word_counts.h"
#include "tokenizers/wordpiece_files.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

constexpr std::array<const char*, 5> kSpecialTokens{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};

/// Counts the words of a text, line by line. A word that encoding would not look at is not counted.
class WordCounter {
 public:
  explicit WordCounter(Casing casing)
      : normalizer_({.strip_accents = casing == Casing::kLower, .lowercase = casing == Casing::kLower}), classes_(bert_classes()) {}

  void count(const fs::path& file) {
    if (file == "-") throw UserError("a vocabulary cannot be learnt from standard input", "name a file");
    LineReader reader(file);
    bool is_empty = true;
    for (std::string line; reader.next(line);) {
      if (!is_valid_utf8(line)) throw not_utf8(file.string(), reader.line_number());
      is_empty = is_empty && line.empty();
      normalizer_.run(line, 0, [this](char32_t code_point, TextSpan) { put(code_point); });
      finish_word();
    }
    if (is_empty) throw UserError(file.string() + " is empty; expected text, a sentence a line");
  }

  std::vector<WordCount> sorted() const { return counts_.sorted(); }

 private:
  void put(char32_t code_point) {
    const std::uint8_t classes = classes_[code_point];
    const bool is_end = classes & (bert_class::kSpace | bert_class::kPunctuation);
    if (is_end) finish_word();
    if (classes & bert_class::kSpace) return;
    if (++num_characters_ <= kWordCharacters) append_utf8(word_, code_point);
    if (is_end) finish_word();
  }

  void finish_word() {
    if (num_characters_ > 0 && num_characters_ <= kWordCharacters) counts_.add(word_);
    num_characters_ = 0;
    word_.clear();
  }

  BertNormalizer normalizer_;
  const std::uint8_t* classes_;
  WordCounts counts_;
  std::string word_;
  std::int64_t num_characters_ = 0;
};

/// Byte pair encoding of the counted words, with "##" before what is not a word's begin.
class PieceLearner {
 public:
  PieceLearner(const std::vector<WordCount>& words, const WordPieceVocabularyConfig& config);

  void learn();
  /// Gives ids that are free to characters beyond the alphabet, the most frequent first.
  void use_free_ids(const std::vector<WordCount>& words);
  std::vector<std::string>& pieces() { return pieces_; }
  /// Whether each character of a word has a piece where it stands.
  bool can_spell(const std::string& word) const;
  std::size_t num_left_out() const { return left_out_.size(); }  ///< characters beyond the alphabet, before free ids were used

 private:
  std::int32_t id_of(const std::string& piece);
  void add_alphabet(const std::vector<WordCount>& words);
  void add_words(const std::vector<WordCount>& words);

  WordPieceVocabularyConfig config_;
  std::vector<std::string> pieces_;
  std::unordered_map<std::string, std::int32_t> ids_;
  std::vector<char32_t> left_out_;  // the most frequent first
  PairLearner pairs_;
};

PieceLearner::PieceLearner(const std::vector<WordCount>& words, const WordPieceVocabularyConfig& config) : config_(config) {
  for (const char* token : kSpecialTokens) id_of(token);
  add_alphabet(words);
  add_words(words);
}

std::int32_t PieceLearner::id_of(const std::string& piece) {
  const auto [entry, is_new] = ids_.try_emplace(piece, static_cast<std::int32_t>(pieces_.size()));
  if (is_new) pieces_.push_back(piece);
  return entry->second;
}

/// The most frequent characters, of those as frequent the lower code points, in the order of their code points.
void PieceLearner::add_alphabet(const std::vector<WordCount>& words) {
  std::unordered_map<char32_t, std::int64_t> counts;
  for (const auto& [word, count] : words)
    for (const char32_t code_point : decode_utf8(word)) counts[code_point] += count;
  std::vector<std::pair<char32_t, std::int64_t>> alphabet(counts.begin(), counts.end());
  std::sort(alphabet.begin(), alphabet.end(),
            [](const auto& a, const auto& b) { return a.second != b.second ? a.second > b.second : a.first < b.first; });
  const auto limit = static_cast<std::size_t>(config_.limit_alphabet.value_or(WordPieceVocabularyConfig::kUsualAlphabet));
  if (alphabet.size() > limit) {
    log_info("the text has " + std::to_string(alphabet.size()) + " different characters; the " + std::to_string(limit) +
             " most frequent get pieces" + (config_.limit_alphabet ? "" : ", others where ids stay free"));
    for (std::size_t i = limit; i < alphabet.size(); ++i) left_out_.push_back(alphabet[i].first);
    alphabet.resize(limit);
  }
  std::sort(alphabet.begin(), alphabet.end());
  for (const auto& [code_point, count] : alphabet) {
    std::string piece;
    append_utf8(piece, code_point);
    id_of(piece);
  }
}

void PieceLearner::add_words(const std::vector<WordCount>& words) {
  const std::size_t num_starts = pieces_.size();
  // Which characters stand behind others, in the order of the alphabet.
  std::vector<bool> continues(num_starts, false);
  std::vector<std::int32_t> starts;
  const auto spell = [&](const std::string& word) {
    starts.clear();
    for (const char32_t code_point : decode_utf8(word)) {
      std::string piece;
      append_utf8(piece, code_point);
      const auto found = ids_.find(piece);
      if (found == ids_.end()) return false;  // it will be [UNK] whatever is learnt
      starts.push_back(found->second);
    }
    return true;
  };
  for (const auto& [word, count] : words) {
    if (!spell(word)) continue;
    for (std::size_t i = 1; i < starts.size(); ++i) continues[static_cast<std::size_t>(starts[i])] = true;
  }
  std::vector<std::int32_t> continuation(num_starts, -1);
  for (std::size_t id = 0; id < num_starts; ++id)
    if (continues[id]) continuation[id] = id_of("##" + std::string(pieces_[id]));
  if (static_cast<std::int64_t>(pieces_.size()) > config_.vocab_size)
    throw UserError("a vocabulary of " + std::to_string(config_.vocab_size) +
                        " ids was asked for; the special tokens and the text's characters, " + "with and without ##, are " +
                        std::to_string(pieces_.size()),
                    "raise --vocab-size, or lower --limit-alphabet");

  for (const auto& [word, count] : words) {
    if (!spell(word)) continue;
    for (std::size_t i = 1; i < starts.size(); ++i) starts[i] = continuation[static_cast<std::size_t>(starts[i])];
    pairs_.add_word(starts, count);
  }
}

void PieceLearner::learn() {
  pairs_.learn(config_.min_frequency, [this](std::int32_t first, std::int32_t second) -> std::optional<std::int32_t> {
    if (static_cast<std::int64_t>(pieces_.size()) >= config_.vocab_size) return std::nullopt;
    return id_of(pieces_[static_cast<std::size_t>(first)] + pieces_[static_cast<std::size_t>(second)].substr(2));
  });
}

void PieceLearner::use_free_ids(const std::vector<WordCount>& words) {
  if (config_.limit_alphabet || left_out_.empty()) return;
  std::unordered_set<char32_t> starts, continuations;
  for (const auto& [word, count] : words) {
    const std::vector<char32_t> code_points = decode_utf8(word);
    starts.insert(code_points.front());
    continuations.insert(code_points.begin() + 1, code_points.end());
  }
  const auto has_room = [this] { return static_cast<std::int64_t>(pieces_.size()) < config_.vocab_size; };
  for (const char32_t code_point : left_out_) {
    std::string piece;
    append_utf8(piece, code_point);
    if (starts.contains(code_point) && has_room()) id_of(piece);
    if (continuations.contains(code_point) && has_room()) id_of("##" + piece);
  }
  // Beside them characters of the alphabet may stand where they stood in no word that could be spelled before.
  for (const auto& [word, count] : words)
    for (std::size_t at = utf8_at(word, 0).length; at < word.size() && has_room(); at += utf8_at(word, at).length)
      id_of("##" + word.substr(at, utf8_at(word, at).length));
}

bool PieceLearner::can_spell(const std::string& word) const {
  std::string piece;
  for (std::size_t at = 0; at < word.size();) {
    const std::size_t length = utf8_at(word, at).length;
    piece = (at > 0 ? "##" : "") + word.substr(at, length);
    if (!ids_.contains(piece)) return false;
    at += length;
  }
  return true;
}

/// How many of the text's words hold a character without a piece, and what changes it.
void tell_unknown_words(const PieceLearner& learner, const std::vector<WordCount>& words, const WordPieceVocabularyConfig& config) {
  if (learner.num_left_out() == 0) return;
  UnknownShare share;
  for (const auto& [word, count] : words) {
    share.tokens += count;
    if (!learner.can_spell(word)) share.unknown += count;
  }
  const std::string limit = std::to_string(config.limit_alphabet.value_or(WordPieceVocabularyConfig::kUsualAlphabet));
  tell_unknown(share, "the vocabulary, of the text's words",
               "their characters have no piece; raise --limit-alphabet (it is " + limit + ")" +
                   (config.limit_alphabet ? "" : " and --vocab-size (" + std::to_string(config.vocab_size) + ")"));
}

void check_request(const WordPieceTraining& training) {
  const WordPieceVocabularyConfig& vocabulary = training.vocabulary;
  if (training.files.empty()) throw UserError("no text to learn a vocabulary from", "name one or more files");
  if (vocabulary.vocab_size <= static_cast<std::int64_t>(kSpecialTokens.size()) || vocabulary.vocab_size > limits::kVocabularySize)
    throw UserError("a vocabulary of " + std::to_string(vocabulary.vocab_size) + " ids was asked for; expected more than the " +
                    std::to_string(kSpecialTokens.size()) + " special tokens, at most " + std::to_string(limits::kVocabularySize));
  for (const auto& [name, value] :
       {std::pair{"minimum frequency", vocabulary.min_frequency}, std::pair{"alphabet", vocabulary.limit_alphabet.value_or(1)}})
    if (value < 1) throw UserError(std::string("the ") + name + " is " + std::to_string(value) + "; expected 1 or more");
}

}  // namespace

std::int64_t train_wordpiece_tokenizer(const WordPieceTraining& training, const fs::path& folder) {
  check_request(training);
  WordCounter counter(training.casing);
  for (const fs::path& file : training.files) counter.count(file);
  const auto words = counter.sorted();
  log_info("learning " + std::to_string(training.vocabulary.vocab_size) + " pieces (wordpiece) from " + std::to_string(words.size()) +
           " different words");
  PieceLearner learner(words, training.vocabulary);
  learner.learn();
  learner.use_free_ids(words);
  tell_unknown_words(learner, words, training.vocabulary);

  WordPieceFiles files;
  files.pieces = std::move(learner.pieces());
  const bool lower = training.casing == Casing::kLower;
  files.normalization = {.strip_accents = lower, .lowercase = lower};
  files.max_length = 512;
  for (std::size_t id = 0; id < kSpecialTokens.size(); ++id)
    files.added.push_back({.content = kSpecialTokens[id], .id = static_cast<std::int32_t>(id), .special = true});
  write_wordpiece_files(files, folder);

  const auto size = static_cast<std::int64_t>(files.pieces.size());
  if (size < training.vocabulary.vocab_size)
    log_warning("the text yields a vocabulary of " + std::to_string(size) + " ids; " + std::to_string(training.vocabulary.vocab_size) +
                " were asked for");
  return size;
}

}  // namespace attend
