// Sentence pairs of the demo, in parts that share no sentence.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace attend::demo {

struct SentencePair {
  std::string english, german;
  bool operator==(const SentencePair&) const = default;
};

struct CorpusSizes {
  std::size_t train = 50'000, valid = 200, test = 500;
};

struct Corpus {
  std::vector<SentencePair> train, valid, test;
};

/// A function of the sizes and the seed. Every English sentence stands once: which part it belongs to is a function of its
/// text, so that no drawing can put a test sentence among the training ones.
Corpus make_corpus(const CorpusSizes& sizes, std::uint64_t seed);

/// Writes {train,valid,test}.{en,de} into `folder`, a sentence a line. Throws StorageError.
void write_corpus(const Corpus& corpus, const std::filesystem::path& folder);

}  // namespace attend::demo
