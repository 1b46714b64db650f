#include "data/squad.h"
#include "tests/fuzz/fuzz.h"

/// Questions on passages: an answer stands where it says.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attend;
  return fuzz::expect_value_or_refusal([&] {
    const SquadData squad = parse_squad(fuzz::text_of(data, size), "fuzz");
    for (const SquadQuestion& question : squad.questions) {
      const std::string& context = squad.contexts.at(question.context);
      fuzz::promise(question.is_impossible == question.answers.empty(), "answers where there is one");
      for (const SquadAnswer& answer : question.answers)
        if (answer.begin) fuzz::promise(context.compare(*answer.begin, answer.text.size(), answer.text) == 0, "the answer stands there");
    }
  });
}
