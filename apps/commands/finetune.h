// attend finetune classify|regress|tag|answer|translate: goes on from a model folder, for a task or on other data.
#pragma once

#include <CLI/CLI.hpp>

namespace attend {

void add_finetune(CLI::App& app);

}  // namespace attend
