// attend tag: a tag for each word of each line.
#pragma once

#include <iosfwd>

#include "apps/command.h"
#include "apps/commands/text_flags.h"

namespace attend {

struct TagOptions : LineOptions {};

void add_tag(CLI::App& app);

/// As many tags as the line has words between white space, separated by spaces.
int run_tag(const TagOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
