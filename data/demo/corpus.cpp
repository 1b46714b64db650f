#include "data/demo/corpus.h"

#include <unordered_set>

#include "core/atomic_file.h"
#include "core/random.h"
#include "data/demo/draw.h"
#include "data/demo/realise.h"

namespace attend::demo {
namespace {

enum class Part { kTrain, kValid, kTest };

Part part_of(const std::string& english) {
  const std::uint64_t bucket = mix_seed(0, english) % 64;
  return bucket == 0 ? Part::kValid : bucket <= 2 ? Part::kTest : Part::kTrain;
}

SentencePair draw_pair(std::uint64_t seed, std::uint64_t index) {
  RandomStream random(seed, "demo", {index});
  const Sentence sentence = draw_sentence(random);
  return {in_english(sentence), in_german(sentence)};
}

}  // namespace

Corpus make_corpus(const CorpusSizes& sizes, std::uint64_t seed) {
  Corpus corpus;
  std::unordered_set<std::string> seen;
  const auto is_complete = [&] {
    return corpus.train.size() == sizes.train && corpus.valid.size() == sizes.valid && corpus.test.size() == sizes.test;
  };
  for (std::uint64_t index = 0; !is_complete(); ++index) {
    SentencePair pair = draw_pair(seed, index);
    const Part part = part_of(pair.english);
    auto& pairs = part == Part::kTrain ? corpus.train : part == Part::kValid ? corpus.valid : corpus.test;
    const std::size_t size = part == Part::kTrain ? sizes.train : part == Part::kValid ? sizes.valid : sizes.test;
    if (pairs.size() < size && seen.insert(pair.english).second) pairs.push_back(std::move(pair));
  }
  return corpus;
}

void write_corpus(const Corpus& corpus, const std::filesystem::path& folder) {
  const auto write = [&](const std::string& name, const std::vector<SentencePair>& pairs) {
    std::string english, german;
    for (const SentencePair& pair : pairs) {
      english += pair.english + "\n";
      german += pair.german + "\n";
    }
    write_file_atomically(folder / (name + ".en"), english);
    write_file_atomically(folder / (name + ".de"), german);
  };
  write("train", corpus.train);
  write("valid", corpus.valid);
  write("test", corpus.test);
}

}  // namespace attend::demo
