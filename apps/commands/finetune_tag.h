// attend finetune tag: a tag for each word, from sentences in CoNLL's columns.
#pragma once

#include <filesystem>
#include <iosfwd>

#include "apps/commands/finetune_classify.h"
#include "data/conll.h"
#include "training/objectives/tagging.h"

namespace attend {

struct FinetuneTagOptions {
  FinetuneRun run;
  std::filesystem::path model, train, valid;
  ConllColumns columns;
  TaggingOptions tagging;
};

/// --token-column, --tag-column and --comment.
void add_conll_columns(CLI::App& command, ConllColumns& columns);

void add_finetune_tag(CLI::App& finetune);
int run_finetune_tag(const FinetuneTagOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
