// attend pretrain transformer|lstm|bert|gpt: a model of one's own from text.
#include "apps/commands.h"

#include <CLI/CLI.hpp>

#include "apps/commands/pretrain_bert.h"
#include "apps/commands/pretrain_gpt.h"

namespace attend {

void add_pretrain(CLI::App& app) {
  CLI::App* pretrain = app.add_subcommand("pretrain", "Train a model from the start");
  pretrain->require_subcommand(1);
  pretrain->footer(
      "Examples:\n"
      "  attend pretrain transformer --train-source train.de --train-target train.en --output runs/de-en\n"
      "  attend pretrain bert --train text.txt --valid valid.txt --preset mini --output runs/bert\n"
      "  attend pretrain gpt --train book.txt --valid-fraction 0.1 --output runs/gpt");
  add_pretrain_transformer(*pretrain);
  add_pretrain_lstm(*pretrain);
  add_pretrain_bert(*pretrain);
  add_pretrain_gpt(*pretrain);
}

}  // namespace attend
