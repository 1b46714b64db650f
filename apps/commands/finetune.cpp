// attend finetune classify|regress|tag|answer|translate: goes on from a model folder, for a task or on other data.
#include "apps/commands.h"

#include <CLI/CLI.hpp>

#include "apps/commands/finetune_classify.h"
#include "apps/commands/finetune_tag.h"

namespace attend {

void add_finetune(CLI::App& app) {
  CLI::App* finetune = app.add_subcommand("finetune", "Go on training a model, for a task or on other data");
  finetune->require_subcommand(1);
  finetune->footer(
      "Examples:\n"
      "  attend finetune classify --model bert --train train.tsv --valid dev.tsv --text sentence --label label --output runs/sentiment\n"
      "  attend finetune translate --model runs/de-en --train-source new.de --train-target new.en --output runs/de-en-new");
  add_finetune_classify(*finetune);
  add_finetune_tag(*finetune);
  add_finetune_answer(*finetune);
  add_finetune_translate(*finetune);
  add_finetune_lm(*finetune);
}

}  // namespace attend
