#include "data/task_sequences.h"

#include <algorithm>
#include <ostream>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "core/random.h"

namespace attend {
namespace {

using Sequences = std::vector<TaskSequence>;

/// Calls visit(example, row, reader) for each row.
template <class Visit>
void for_each_row(const TaskTable& table, Visit visit) {
  for (const auto& file : table.files) {
    TableReader reader(
        file, {.text = table.columns.input, .text_pair = "", .label = table.columns.output, .text_is = "input", .label_is = "output"},
        {.header = table.columns.header, .bad_rows = table.columns.bad_rows});
    for (LabelledText row; reader.next(row);)
      visit(TaskExample{.input = std::string(row.text), .output = std::string(row.label)}, row, reader);
  }
}

TaskSequence make_sequence(const TaskExample& example, const PromptTemplate& form, const TextTokenizer& tokenizer) {
  const std::string query = form.query(example.input);
  TaskSequence sequence{.ids = tokenizer.tokenizer.encode(query)};
  sequence.first_output = sequence.ids.size();
  const auto output = tokenizer.tokenizer.encode(std::string_view(form.example(example)).substr(query.size()));
  sequence.ids.insert(sequence.ids.end(), output.begin(), output.end());
  if (tokenizer.end_of_text) sequence.ids.push_back(tokenizer.end_of_text->id);
  return sequence;
}

/// To `most` ids, one of them of the input where it has any.
void shorten(TaskSequence& sequence, std::size_t most) {
  const std::size_t spare = sequence.first_output > 0 ? sequence.first_output - 1 : 0,
                    removed = std::min(sequence.ids.size() - most, spare);
  sequence.ids.erase(sequence.ids.begin(), sequence.ids.begin() + static_cast<std::ptrdiff_t>(removed));
  sequence.first_output -= removed;
  sequence.ids.resize(most);
}

class TaskEpoch final : public CausalEpoch {
 public:
  TaskEpoch(std::shared_ptr<const Sequences> sequences, const BatchBudget& budget, std::uint64_t key)
      : sequences_(std::move(sequences)), cuts_(sequences_->size(), key, budget, [this] { return lengths(); }) {}

  std::uint64_t num_examples() const override { return sequences_->size(); }
  std::uint64_t num_batches() const override { return cuts_.num_batches(); }

  CausalBatch batch(std::uint64_t index) const override {
    CausalBatch batch;
    for (const std::uint64_t number : cuts_.sequences(index)) {
      const TaskSequence& sequence = (*sequences_)[number];
      batch.tokens.ids.insert(batch.tokens.ids.end(), sequence.ids.begin(), sequence.ids.end() - 1);
      for (std::size_t i = 1; i < sequence.ids.size(); ++i)
        batch.targets.push_back(i < sequence.first_output ? CausalBatch::kNoTarget : sequence.ids[i]);
      batch.tokens.lengths.push_back(static_cast<std::int64_t>(sequence.ids.size()) - 1);
    }
    return batch;
  }

 private:
  std::vector<std::uint32_t> lengths() const {
    std::vector<std::uint32_t> lengths;
    for (const TaskSequence& sequence : *sequences_) lengths.push_back(static_cast<std::uint32_t>(sequence.ids.size() - 1));
    return lengths;
  }

  std::shared_ptr<const Sequences> sequences_;
  BatchCuts cuts_;
};

}  // namespace

void write_task_text(const TaskTable& table, std::ostream& out) {
  for_each_row(table,
               [&](const TaskExample& example, const LabelledText&, const TableReader&) { out << table.columns.form.example(example); });
}

Sequences read_task_sequences(const TaskTable& table, const TextTokenizer& tokenizer, std::int64_t max_length) {
  Sequences sequences;
  std::int64_t num_cut = 0;
  const std::size_t most = static_cast<std::size_t>(max_length) + 1;  // the last one is only predicted
  for_each_row(table, [&](const TaskExample& example, const LabelledText& row, const TableReader& reader) {
    TaskSequence sequence = with_place([&] { return reader.name() + ", line " + std::to_string(row.line); },
                                       [&] { return make_sequence(example, table.columns.form, tokenizer); });
    num_cut += sequence.ids.size() > most;
    if (sequence.ids.size() > most) shorten(sequence, most);
    if (sequence.ids.size() < 2)
      throw UserError(reader.name() + ", line " + std::to_string(row.line) + ": the row has " + std::to_string(sequence.ids.size()) +
                      " tokens; expected two or more, to predict one from another");
    sequences.push_back(std::move(sequence));
  });
  if (num_cut > 0)
    log_warning(std::to_string(num_cut) + " of " + std::to_string(sequences.size()) + " rows were longer than " +
                std::to_string(max_length) + " tokens and cut; --max-length is the most");
  return sequences;
}

MakeCausalEpoch task_epochs(std::shared_ptr<const Sequences> sequences, const BatchBudget& budget, std::uint64_t seed) {
  check_budget(budget);
  return [sequences = std::move(sequences), budget, seed](std::uint64_t epoch) {
    return std::make_unique<const TaskEpoch>(sequences, budget, mix_seed(seed, "task order", {epoch}));
  };
}

std::unique_ptr<const CausalEpoch> evaluation_sequences(std::shared_ptr<const Sequences> sequences, const BatchBudget& budget) {
  check_budget(budget);
  return std::make_unique<const TaskEpoch>(std::move(sequences), budget, mix_seed(0, "evaluation sequences"));
}

}  // namespace attend
