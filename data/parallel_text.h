// Two text files, line by line translations of each other, to token files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/token_file.h"
#include "tokenizers/marian_tokenizer.h"

namespace attend {

/// Sentence pairs as ids, memory-mapped. Both sides end with the end-of-sentence token, which the lengths count.
class ParallelCorpus {
 public:
  /// Throws UserError where the files do not hold the same number of sentences.
  ParallelCorpus(const std::filesystem::path& source_tokens, const std::filesystem::path& target_tokens);

  std::uint64_t size() const { return source_.size(); }  ///< pairs
  bool has_key(const std::string& key) const { return source_.key() == key && target_.key() == key; }
  const TokenFile& source() const { return source_; }
  const TokenFile& target() const { return target_; }
  std::vector<std::int64_t> source(std::uint64_t pair) const;  ///< ids of one sentence
  std::vector<std::int64_t> target(std::uint64_t pair) const;

 private:
  TokenFile source_, target_;
};

struct ParallelText {
  std::filesystem::path source, target;  ///< UTF-8, one sentence a line, translations on the same line
};

/// The number of pairs. Reads both texts once. Throws UserError for a missing or empty file, what is no UTF-8 text, with its line, and
/// unequal line counts.
std::uint64_t check_parallel(const ParallelText& text);

/// Tokenises the pairs into two files in `cache_folder` (made where absent) and maps them. Files made before from the
/// same texts (sizes and times of change) by the same tokenizer are taken as they are. Pairs with an empty side are
/// left out, and counted in a message. Constant memory; all processors.
/// Throws UserError for a missing or empty file, unequal line counts, and ill-formed UTF-8, with the line.
std::shared_ptr<const ParallelCorpus> prepare_parallel(const ParallelText& text, const MarianTokenizer& tokenizer,
                                                       const std::filesystem::path& cache_folder);

}  // namespace attend
