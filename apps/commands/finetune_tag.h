// attend finetune tag: a tag for each word, from sentences in CoNLL's columns.
#pragma once

#include <filesystem>
#include <iosfwd>

#include "apps/commands/finetune_classify.h"
#include "data/conll.h"
#include "training/objectives/tagging.h"

namespace attend {

/// --token-column, --tag-column and --comment.
void add_conll_columns(CLI::App& command, ConllColumns& columns);

}  // namespace attend
