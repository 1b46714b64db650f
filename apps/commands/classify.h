// attend classify: a label and its probability for each line.
#pragma once

#include <filesystem>
#include <iosfwd>

#include "apps/command.h"
#include "apps/common.h"

namespace attend {

struct ClassifyOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::filesystem::path text = "-";
};

void add_classify(CLI::App& app);

/// label<TAB>probability (a number alone, of a regression model) for each line of text, or text<TAB>text.
int run_classify(const ClassifyOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
