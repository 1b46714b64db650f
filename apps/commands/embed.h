// attend embed: a vector for each line.
#pragma once

#include <iosfwd>
#include <optional>

#include "apps/command.h"
#include "apps/commands/text_flags.h"
#include "inference/embedder.h"

namespace attend {

struct EmbedOptions : LineOptions {
  EmbeddingChoices choices;  ///< else as the folder says; the mean where it says nothing
};

void add_embed(CLI::App& app);

/// One JSON array of numbers a line; null for an empty one.
int run_embed(const EmbedOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
