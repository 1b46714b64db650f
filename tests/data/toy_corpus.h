// A tokenizer that needs no training, and corpora whose tokens tell where they stand.
#pragma once

#include <charconv>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "core/log.h"
#include "core/random.h"
#include "data/document_corpus.h"
#include "data/masked_examples.h"
#include "tests/support/temp_folder.h"

namespace attend {

/// Words are numbers between spaces, and their own ids; any other word has no token.
class ToyTokenizer : public Tokenizer {
 public:
  explicit ToyTokenizer(std::int64_t vocab_size = 1000) : vocab_size_(vocab_size) {}

  std::vector<std::int32_t> encode(std::string_view text) const override {
    std::vector<std::int32_t> ids;
    for (const std::string& piece : pieces(text))
      if (const auto id = id_of(piece)) ids.push_back(*id);
    return ids;
  }
  std::vector<std::string> pieces(std::string_view text) const override {
    std::vector<std::string> words(1);
    for (const char c : text)
      if (c == ' ')
        words.emplace_back();
      else
        words.back() += c;
    return words;
  }
  std::string decode(std::span<const std::int32_t> ids) const override {
    std::string text;
    for (const std::int32_t id : ids) text += std::to_string(id) + " ";
    return text;
  }
  std::optional<std::int32_t> id_of(std::string_view piece) const override {
    std::int32_t id = -1;
    std::from_chars(piece.data(), piece.data() + piece.size(), id);
    return id >= 0 && id < vocab_size_ ? std::optional(id) : std::nullopt;
  }
  std::int64_t vocab_size() const override { return vocab_size_; }

 private:
  std::int64_t vocab_size_;
};

constexpr std::int64_t kToySpecial = 5;  // ids 0 to 4: [PAD] [UNK] [CLS] [SEP] [MASK]
constexpr std::int32_t kToyCls = 2, kToySep = 3, kToyMask = 4;

/// Every third ordinary piece begins a word, the others go on with it.
inline MaskingVocabulary toy_vocabulary(std::int64_t size) {
  MaskingVocabulary vocabulary{.cls = kToyCls, .sep = kToySep, .mask = kToyMask};
  for (std::int64_t id = 0; id < size; ++id) {
    vocabulary.is_special.push_back(id < kToySpecial);
    vocabulary.is_continuation.push_back(id >= kToySpecial && (id - kToySpecial) % 3 != 0);
  }
  return vocabulary;
}

/// The lengths of the sentences of the documents.
using DocumentLengths = std::vector<std::vector<std::size_t>>;

inline DocumentLengths random_documents(std::size_t count, std::uint64_t most_sentences, std::uint64_t most_tokens) {
  RandomStream stream(7, "documents");
  DocumentLengths documents(count);
  for (auto& document : documents) {
    document.resize(1 + stream.below(most_sentences));
    for (std::size_t& length : document) length = 1 + stream.below(most_tokens);
  }
  return documents;
}

/// The corpus's i-th token has id kToySpecial + i, so each token is where its id says.
inline std::shared_ptr<const DocumentCorpus> make_documents(const TempFolder& folder, const DocumentLengths& documents) {
  set_log_level(LogLevel::kQuiet);
  static int count = 0;
  const std::string name = std::to_string(count++);
  std::int64_t tokens = 0;
  for (const auto& document : documents)
    for (const std::size_t length : document) tokens += static_cast<std::int64_t>(length);
  TokenFileWriter sentences(folder / (name + ".tokens"), {kToySpecial + tokens, std::string(64, '0')});
  DocumentIndexWriter index(folder / (name + ".documents"), std::string(64, '0'));
  auto id = static_cast<std::int32_t>(kToySpecial);
  for (const auto& document : documents) {
    for (const std::size_t length : document) {
      std::vector<std::int32_t> ids(length);
      for (std::int32_t& one : ids) one = id++;
      sentences.append(ids);
    }
    index.append(document.size());
  }
  sentences.commit();
  index.commit();
  return std::make_shared<const DocumentCorpus>(folder / (name + ".tokens"), folder / (name + ".documents"));
}

/// The document of each token of the corpus.
inline std::vector<std::size_t> documents_of_tokens(const DocumentLengths& documents) {
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < documents.size(); ++i)
    for (const std::size_t length : documents[i]) result.insert(result.end(), length, i);
  return result;
}

/// Whether a count of successes is what the probability lets expect, within five standard deviations.
inline bool is_likely(double successes, double trials, double probability) {
  const double deviation = std::sqrt(trials * probability * (1 - probability));
  return std::abs(successes - trials * probability) < 5 * deviation + 1e-9;
}

}  // namespace attend
