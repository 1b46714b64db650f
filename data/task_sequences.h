// Inputs and outputs of a table as sequences that a model learns to complete: the loss is on the outputs only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "data/batch_cuts.h"
#include "data/causal_epoch.h"
#include "data/few_shot.h"
#include "data/table.h"
#include "data/text_corpus.h"

namespace attend {

/// Which columns hold what, and how they are written, as few-shot prompts do: a model that learnt from a table answers a prompt of the same
/// template without examples.
struct TaskColumns {
  std::string input, output;  ///< a name where the file has a header, else a number from 0
  Header header = Header::kAuto;
  BadRows bad_rows = BadRows::kRefuse;
  PromptTemplate form = PromptTemplate();
};

/// The template's text up to the output, then the output and what follows it, then the end of text where the tokenizer has one. Both parts
/// are tokenised by themselves, as a prompt and its continuation are.
struct TaskSequence {
  std::vector<std::int32_t> ids;
  std::size_t first_output = 0;  ///< from this id on they are to be predicted

  bool operator==(const TaskSequence&) const = default;
};

struct TaskTable {
  std::vector<std::filesystem::path> files;
  TaskColumns columns;
};

/// The rows as text, as the template writes them, without ends of text: what a vocabulary is learnt from. Throws UserError where
/// TableReader does.
void write_task_text(const TaskTable& table, std::ostream& out);

/// All rows of the tables. A sequence reads at most `max_length` tokens: a longer one loses the beginning of its input, then the end of its
/// output, with a warning that counts. Throws UserError where TableReader does, and for a row in which nothing can be predicted.
std::vector<TaskSequence> read_task_sequences(const TaskTable& table, const TextTokenizer& tokenizer, std::int64_t max_length);

/// Makes epochs of all sequences in a permutation keyed by (seed, epoch). Throws UserError for a batch of none.
MakeCausalEpoch task_epochs(std::shared_ptr<const std::vector<TaskSequence>> sequences, const BatchBudget& budget, std::uint64_t seed);

/// All sequences in an order that is the same for every evaluation.
std::unique_ptr<const CausalEpoch> evaluation_sequences(std::shared_ptr<const std::vector<TaskSequence>> sequences,
                                                        const BatchBudget& budget);

}  // namespace attend
