#include "data/task_sequences.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "core/log.h"
#include "tests/data/toy_text.h"
#include "tests/support/captured_stderr.h"
#include "tests/support/refusal.h"

namespace attend {
namespace {

constexpr std::int64_t kNone = CausalBatch::kNoTarget;

struct Work {
  TempFolder folder;
  ByteTokenizer bytes;
  TextTokenizer tokenizer{bytes, "bytes", kByteEnd};
  TaskTable table{.files = {folder / "task.tsv"}, .columns = {.input = "0", .output = "1", .form = PromptTemplate("{input}= {output}")}};
  Work() { set_log_level(LogLevel::kQuiet); }
  std::vector<TaskSequence> read(std::int64_t max_length = 100) const { return read_task_sequences(table, tokenizer, max_length); }
};

/// "#" ends a text, "|" stands where the output begins.
std::string shown(const TaskSequence& sequence) {
  std::string text;
  for (std::size_t i = 0; i < sequence.ids.size(); ++i) {
    if (i == sequence.first_output) text += '|';
    text += sequence.ids[i] == 256 ? '#' : static_cast<char>(sequence.ids[i]);
  }
  return text;
}

std::vector<std::string> shown(const std::vector<TaskSequence>& sequences) {
  std::vector<std::string> texts;
  for (const TaskSequence& sequence : sequences) texts.push_back(shown(sequence));
  return texts;
}

TEST_CASE("a row is a prompt, what is to be learnt, and the end of text") {
  Work work;
  write_text(work.folder / "task.tsv", "1+2\t3\n10+5\t15\n\t7\n");
  CHECK(shown(work.read()) == std::vector<std::string>{"1+2=| 3\n#", "10+5=| 15\n#", "=| 7\n#"});
  work.tokenizer.end_of_text.reset();
  CHECK(shown(work.read()) == std::vector<std::string>{"1+2=| 3\n", "10+5=| 15\n", "=| 7\n"});
  write_text(work.folder / "more.tsv", "out\tin\n3\t2\n");
  work.table.files = {work.folder / "more.tsv"};
  work.table.columns = {.input = "in", .output = "out"};
  CHECK(shown(work.read()) == std::vector<std::string>{"2 ->| 3\n"});
}

TEST_CASE("a vocabulary is learnt from what is read") {
  Work work;
  write_text(work.folder / "task.tsv", "1+2\t3\n10+5\t15\n");
  std::ostringstream text;
  write_task_text(work.table, text);
  CHECK(text.str() == "1+2= 3\n10+5= 15\n");
}

TEST_CASE("a row that is too long loses the beginning of its input, then the end of its output") {
  Work work;
  write_text(work.folder / "task.tsv", "12+34\t46\n1+1\t2\n");
  const auto read = [&](std::int64_t max_length) {
    std::vector<std::string> texts;
    set_log_level(LogLevel::kNormal);
    const std::string said = captured_stderr([&] { texts = shown(work.read(max_length)); });
    set_log_level(LogLevel::kQuiet);
    CHECK((said.find("cut") != std::string::npos) == (max_length < 10));
    return texts;
  };
  CHECK(read(10) == std::vector<std::string>{"12+34=| 46\n#", "1+1=| 2\n#"});
  CHECK(read(7) == std::vector<std::string>{"34=| 46\n#", "1+1=| 2\n#"});
  CHECK(read(5) == std::vector<std::string>{"=| 46\n#", "1=| 2\n#"});
  CHECK(read(2) == std::vector<std::string>{"=| 4", "=| 2"});
}

TEST_CASE("the loss is on the output only, and each row comes once an epoch") {
  Work work;
  std::string text;
  for (int i = 0; i < 50; ++i) text += std::to_string(i) + "\t" + std::string(static_cast<std::size_t>(1 + i % 5), 'x') + "\n";
  write_text(work.folder / "task.tsv", text);
  const auto sequences = std::make_shared<const std::vector<TaskSequence>>(work.read());
  for (const BatchBudget budget : {BatchBudget{.sequences = 7}, BatchBudget{.tokens = 40}}) {
    const auto make_epoch = task_epochs(sequences, budget, 3);
    std::vector<std::vector<std::int64_t>> orders;
    for (const std::uint64_t number : {0, 1}) {
      const auto epoch = make_epoch(number);
      std::multiset<std::vector<std::int64_t>> read, expected;
      for (std::uint64_t i = 0; i < epoch->num_batches(); ++i) {
        const CausalBatch batch = epoch->batch(i);
        if (number == 0 && i == 0) orders.push_back(batch.tokens.ids);
        if (number == 1 && i == 0) orders.push_back(batch.tokens.ids);
        CHECK((budget.tokens == 0 ? batch.size() <= 7 : batch.tokens.ids.size() <= 40));
        std::size_t at = 0;
        for (const std::int64_t length : batch.tokens.lengths) {
          std::vector<std::int64_t> both;
          for (const auto& part : {batch.tokens.ids, batch.targets})
            both.insert(both.end(), part.begin() + static_cast<std::ptrdiff_t>(at),
                        part.begin() + static_cast<std::ptrdiff_t>(at) + length);
          read.insert(both);
          at += static_cast<std::size_t>(length);
        }
      }
      for (const TaskSequence& sequence : *sequences) {
        std::vector<std::int64_t> both(sequence.ids.begin(), sequence.ids.end() - 1);
        for (std::size_t i = 1; i < sequence.ids.size(); ++i) both.push_back(i < sequence.first_output ? kNone : sequence.ids[i]);
        expected.insert(both);
      }
      CHECK(read == expected);
    }
    CHECK(orders[0] != orders[1]);
    CHECK(make_epoch(1)->batch(0) == make_epoch(1)->batch(0));
    CHECK(evaluation_sequences(sequences, budget)->num_examples() == 50);
  }
}

TEST_CASE("tables that cannot be learnt from are refused") {
  Work work;
  const auto refusal = [&] { return refusal_of([&] { work.read(); }); };
  CHECK_THAT(refusal(), Catch::Contains("task.tsv"));
  write_text(work.folder / "task.tsv", "1+2\t3\n4\n");
  CHECK_THAT(refusal(), Catch::Contains("line 2"));
  write_text(work.folder / "task.tsv", "1+2\t\n");
  CHECK_THAT(refusal(), Catch::Contains("line 1"));
  write_text(work.folder / "task.tsv", "1+2\t3\n");
  work.table.columns.output = "answer";
  CHECK_THAT(refusal(), Catch::Contains("answer"));
  work.table.columns.output = "1";
  CHECK_THAT(refusal_of([&] { task_epochs(std::make_shared<const std::vector<TaskSequence>>(work.read()), {.sequences = 0}, 1); }),
             Catch::Contains("a batch of 0"));
}

}  // namespace
}  // namespace attend
