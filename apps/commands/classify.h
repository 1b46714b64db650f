// attend classify: a label and its probability for each line.
#pragma once

#include <iosfwd>

#include "apps/command.h"
#include "apps/commands/text_flags.h"

namespace attend {

struct ClassifyOptions : LineOptions {};

void add_classify(CLI::App& app);

/// label<TAB>probability (a number alone, of a regression model) for each line of text, or text<TAB>text.
int run_classify(const ClassifyOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
