// How well the lengths of two segments alone tell whether the second follows the first: the baseline of next-sentence prediction.
//
//   segment_lengths TOKENIZER_FOLDER TRAIN.txt VALID.txt MAX_LENGTH
//
// Counts, over ten epochs of the training text, how often B follows for each pair of lengths, answers the more frequent of the two for each
// pair of the validation text, and prints that accuracy beside that of always answering the more frequent one.
#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>

#include "core/error.h"
#include "data/example_plan.h"
#include "tokenizers/wordpiece_tokenizer.h"

using namespace attend;

namespace {

using Lengths = std::pair<std::uint64_t, std::uint64_t>;
using Counts = std::array<std::uint64_t, 2>;  // does not follow, follows

std::shared_ptr<const DocumentCorpus> prepare(const char* file, const WordPieceTokenizer& tokenizer, const std::filesystem::path& cache) {
  return prepare_documents({.files = {file}}, {.tokenizer = tokenizer, .fingerprint = tokenizer.fingerprint()}, cache);
}

template <class Visit>
void each_example(const std::shared_ptr<const DocumentCorpus>& corpus, std::int64_t max_length, const EpochKey& key, const Visit& visit) {
  const ExamplePlan plan(corpus, {.max_length = max_length}, key);
  for (std::uint64_t i = 0; i < plan.size(); ++i) {
    const Segments segments = plan.at(i);
    visit(Lengths{segments.a.size(), segments.b.size()}, segments.is_next);
  }
}

double percent(std::uint64_t part, std::uint64_t whole) { return 100.0 * static_cast<double>(part) / static_cast<double>(whole); }

int compare(char** arguments) {
  const WordPieceTokenizer tokenizer{std::filesystem::path(arguments[1])};
  const std::filesystem::path cache = std::filesystem::temp_directory_path() / "attend-segment-lengths";
  const auto train = prepare(arguments[2], tokenizer, cache), valid = prepare(arguments[3], tokenizer, cache);
  const std::int64_t max_length = std::stoll(arguments[4]);
  std::map<Lengths, Counts> seen;
  for (std::uint64_t epoch = 0; epoch < 10; ++epoch)
    each_example(train, max_length, {.seed = 1, .epoch = epoch}, [&](const Lengths& lengths, bool is_next) { ++seen[lengths][is_next]; });
  std::uint64_t right = 0;
  Counts answers{};
  for (std::uint64_t epoch = 0; epoch < 10; ++epoch)
    each_example(valid, max_length, {.seed = 2, .epoch = epoch}, [&](const Lengths& lengths, bool is_next) {
      const auto found = seen.find(lengths);
      const bool guess = found != seen.end() && found->second[1] >= found->second[0];
      right += guess == is_next;
      ++answers[is_next];
    });
  const std::uint64_t all = answers[0] + answers[1];
  std::printf("by lengths %.2f %%, the more frequent answer %.2f %%, of %llu examples\n", percent(right, all),
              percent(std::max(answers[0], answers[1]), all), static_cast<unsigned long long>(all));
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    if (count == 5) return compare(arguments);
    std::fprintf(stderr, "segment_lengths TOKENIZER_FOLDER TRAIN.txt VALID.txt MAX_LENGTH\n");
  } catch (const UserError& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  return 2;
}
