// attend embed: a vector for each line.
#pragma once

#include <iosfwd>
#include <optional>

#include "apps/command.h"
#include "apps/commands/text_flags.h"
#include "inference/embedder.h"

namespace attend {

struct EmbedOptions : LineOptions {
  std::optional<Pooling> pooling;  ///< as the folder's modules.json says; mean where there is none
};

void add_embed(CLI::App& app);

/// One JSON array of numbers a line.
int run_embed(const EmbedOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
