// attend pretrain transformer|bert: a model of one's own from text.
#pragma once

#include <CLI/CLI.hpp>

namespace attend {

void add_pretrain(CLI::App& app);

}  // namespace attend
