// What the parts of `attend demo` have in common.
#pragma once

#include <filesystem>
#include <iosfwd>

#include "apps/common.h"
#include "core/error.h"
#include "core/json.h"

namespace attend {

struct DemoPart {
  CommonOptions common;
  double minutes = 1;            ///< of training
  std::filesystem::path folder;  ///< for texts and models; it exists
};

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
