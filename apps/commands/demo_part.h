// What the parts of `attend demo` have in common.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>

#include "apps/common.h"
#include "core/error.h"
#include "core/json.h"

namespace attend {

struct DemoPart {
  CommonOptions common;
  std::optional<std::int64_t> steps;  ///< of pretraining; nothing: as many as the part needs
  std::filesystem::path folder;       ///< for texts and models; it exists
};

/// What a part does where it is told nothing. It counts steps, never time, so that a busy machine takes longer and learns the same.
struct DemoPlan {
  std::int64_t steps;   ///< of pretraining
  double idle_seconds;  ///< of the whole part, on two cores that do nothing else
};

/// "It makes 1800 steps: about 1:20 minutes with two threads on idle cores, longer on a busy machine."
std::string announcement(const DemoPart& part, const DemoPlan& plan);
/// The flags of a printed command that the parts have in common: "--steps 1800 --threads 2 --seed 1".
std::string run_flags(const DemoPart& part, const DemoPlan& plan);

struct DemoOutcome {
  ExitCode code = ExitCode::kDone;  ///< others where a signal stopped it
  Json scores = Json::object();     ///< what was measured, for --json
};

/// A Transformer learns English to German from `pairs` sentence pairs of the grammar.
DemoOutcome demo_translate(const DemoPart& part, std::int64_t pairs, std::ostream& out);
/// BERT is pretrained on short texts of the grammar, fills masks, and is fine-tuned to tell what kind of thing a sentence speaks of; so
/// is the same model from random weights.
DemoOutcome demo_bert(const DemoPart& part, std::ostream& out);
/// A GPT is pretrained on episodes of a task whose rule changes, and is asked by rules it has never seen, with no and with eight examples.
DemoOutcome demo_prompt(const DemoPart& part, std::ostream& out);

}  // namespace attend
