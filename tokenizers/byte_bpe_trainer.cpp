#include "tokenizers/byte_bpe_trainer.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/error.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/mapped_file.h"
#include "core/text.h"
#include "core/text_source.h"
#include "tokenizers/byte_alphabet.h"
#include "tokenizers/byte_bpe_files.h"
#include "tokenizers/gpt2_splitter.h"
#include "tokenizers/pair_learner.h"
#include "tokenizers/word_counts.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kBlockBytes = 4u << 20;  // counted at once
constexpr std::size_t kLongestWord = 256;      // bytes; of a longer word, which is no word, its parts are counted: learning stays linear

/// Counts the words of texts as they are encoded, block by block.
class ByteWordCounter {
 public:
  void count(const fs::path& file) {
    require_readable_again(file, "learning a vocabulary");
    const MappedFile mapped(file);
    std::string_view text(reinterpret_cast<const char*>(mapped.bytes().data()), mapped.bytes().size());
    check_text_beginning(text.substr(0, kTextBeginning), file.string());
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    if (text.empty()) throw UserError(file.string() + " is empty; expected text");
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = block_end(text, begin);
      count_block(text.substr(begin, end - begin), file, text);
      begin = end;
    }
  }

  std::vector<WordCount> sorted() const { return counts_.sorted(); }

 private:
  /// Where words are not cut; a block without such a place is made larger.
  static std::size_t block_end(std::string_view text, std::size_t begin) {
    for (std::size_t size = kBlockBytes; size < text.size() - begin; size *= 2)
      if (const std::size_t cut = last_gpt2_cut(text.substr(begin, size), Cuts::kAtSpacesAndBreaks); cut > 0) return begin + cut;
    return text.size();
  }

  void count_block(std::string_view block, const fs::path& file, std::string_view text) {
    if (!is_valid_utf8(block)) refuse_utf8(file, text);
    for (std::size_t begin = 0; begin < block.size();) {
      const std::size_t end = std::min(block.find(kEndOfText, begin), block.size());
      for_each_gpt2_word(block.substr(begin, end - begin), [this](std::string_view word) { add(word); });
      begin = end == block.size() ? end : end + std::string_view(kEndOfText).size();
    }
  }

  void add(std::string_view word) {
    for (; word.size() > kLongestWord; word.remove_prefix(kLongestWord)) counts_.add(word.substr(0, kLongestWord));
    counts_.add(word);
  }

  [[noreturn]] static void refuse_utf8(const fs::path& file, std::string_view text) {
    std::size_t line = 1;
    for (std::size_t at = 0; at < text.size();) {
      const Utf8Sequence sequence = utf8_at(text, at);
      if (!sequence.is_valid) break;
      line += sequence.code_point == U'\n';
      at += sequence.length;
    }
    throw not_utf8(file.string(), line);
  }

  WordCounts counts_;
};

/// The bytes that get an id, in GPT-2's order.
std::vector<unsigned char> alphabet_of(const std::vector<WordCount>& words, BytePieces model) {
  std::array<bool, 256> occurs{};
  for (const auto& [word, count] : words)
    for (const char byte : word) occurs[static_cast<unsigned char>(byte)] = true;
  std::vector<unsigned char> alphabet;
  for (const unsigned char byte : bytes_in_letter_order())
    if (model == BytePieces::kBpe || occurs[byte]) alphabet.push_back(byte);
  return alphabet;
}

/// Merges until the vocabulary has `size` pieces.
void learn_merges(const std::vector<WordCount>& words, std::int64_t size, std::int64_t min_frequency, ByteBpeFiles& files) {
  std::unordered_map<std::string, std::int32_t> ids;
  for (std::size_t id = 0; id < files.pieces.size(); ++id) ids[files.pieces[id]] = static_cast<std::int32_t>(id);
  PairLearner learner;
  std::vector<std::int32_t> symbols;
  for (const auto& [word, count] : words) {
    symbols.clear();
    for (const char byte : word) symbols.push_back(ids.at(std::string(byte_letter(static_cast<unsigned char>(byte)))));
    learner.add_word(symbols, count);
  }
  learner.learn(min_frequency, [&](std::int32_t first, std::int32_t second) -> std::optional<std::int32_t> {
    if (static_cast<std::int64_t>(files.pieces.size()) >= size) return std::nullopt;
    const std::string piece = files.pieces[static_cast<std::size_t>(first)] + files.pieces[static_cast<std::size_t>(second)];
    const auto [entry, is_new] = ids.try_emplace(piece, static_cast<std::int32_t>(files.pieces.size()));
    if (is_new) files.pieces.push_back(piece);
    files.merges.push_back({first, second, entry->second});
    return entry->second;
  });
}

std::int64_t num_special(const ByteBpeTraining& training) {
  return static_cast<std::int64_t>(training.special_tokens.size()) + (training.vocabulary.end_of_text ? 1 : 0);
}

void add_special(ByteBpeFiles& files, const std::string& token) {
  files.added.push_back({.content = token, .id = static_cast<std::int32_t>(files.pieces.size()), .special = true});
  files.pieces.push_back(token);
}

void check_request(const ByteBpeTraining& training) {
  const ByteBpeVocabularyConfig& vocabulary = training.vocabulary;
  if (training.files.empty()) throw UserError("no text to learn a vocabulary from", "name one or more files");
  if (vocabulary.min_frequency < 1)
    throw UserError("the minimum frequency is " + std::to_string(vocabulary.min_frequency) + "; expected 1 or more");
  if (vocabulary.model == BytePieces::kChar) return;
  const std::int64_t least = 256 + num_special(training);
  if (vocabulary.vocab_size < least || vocabulary.vocab_size > limits::kVocabularySize)
    throw UserError("a vocabulary of " + std::to_string(vocabulary.vocab_size) + " ids was asked for; expected " + std::to_string(least) +
                        " (every byte" + (num_special(training) > 0 ? " and special tokens" : "") + ") to " +
                        std::to_string(limits::kVocabularySize),
                    "for the bytes that occur and nothing else give --model char");
}

}  // namespace

std::int64_t train_byte_bpe_tokenizer(const ByteBpeTraining& training, const fs::path& folder) {
  check_request(training);
  const ByteBpeVocabularyConfig& vocabulary = training.vocabulary;
  ByteWordCounter counter;
  for (const fs::path& file : training.files) counter.count(file);
  const std::vector<WordCount> words = counter.sorted();

  ByteBpeFiles files;
  for (const unsigned char byte : alphabet_of(words, vocabulary.model)) files.pieces.emplace_back(byte_letter(byte));
  if (vocabulary.model == BytePieces::kBpe) {
    log_info("learning " + std::to_string(vocabulary.vocab_size) + " pieces (byte-bpe) from " + std::to_string(words.size()) +
             " different words");
    learn_merges(words, vocabulary.vocab_size - num_special(training), vocabulary.min_frequency, files);
  }
  if (vocabulary.end_of_text) {
    add_special(files, kEndOfText);
    files.bos = files.eos = files.unk = kEndOfText;
  }
  for (const std::string& token : training.special_tokens) add_special(files, token);
  write_byte_bpe_files(files, folder);

  const auto size = static_cast<std::int64_t>(files.pieces.size());
  if (vocabulary.model == BytePieces::kBpe && size < vocabulary.vocab_size)
    log_warning("the text yields a vocabulary of " + std::to_string(size) + " ids; " + std::to_string(vocabulary.vocab_size) +
                " were asked for");
  return size;
}

}  // namespace attend
