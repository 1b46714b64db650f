#include <sstream>

#include "core/text.h"
#include "data/conll.h"
#include "metrics/entities.h"
#include "tests/fuzz/fuzz.h"

/// Sentences: as many tags as tokens, none empty. Their entities are counted too.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attend;
  return fuzz::expect_value_or_refusal([&] {
    std::istringstream in{std::string(fuzz::text_of(data, size))};
    ConllReader reader(in, "fuzz");
    EntityScores scores;
    for (TaggedSentence sentence; reader.next(sentence);) {
      fuzz::promise(!sentence.tokens.empty() && sentence.tokens.size() == sentence.tags.size(), "a tag for each token");
      for (const std::string& token : sentence.tokens) fuzz::promise(!token.empty() && is_valid_utf8(token), "tokens are UTF-8");
      scores.add(sentence.tags, sentence.tags);
    }
  });
}
