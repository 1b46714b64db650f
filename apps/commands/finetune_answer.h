// attend finetune answer: answers that stand in a text, from SQuAD's JSON.
#pragma once

#include <filesystem>
#include <iosfwd>

#include "apps/commands/finetune_classify.h"
#include "training/objectives/answering.h"

namespace attend {

struct FinetuneAnswerOptions {
  FinetuneRun run;
  std::filesystem::path model, train, valid;
  AnsweringOptions answering;
  AskedSpans spans;  ///< take the place of the two of `answering`
};

void add_finetune_answer(CLI::App& finetune);
int run_finetune_answer(const FinetuneAnswerOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
