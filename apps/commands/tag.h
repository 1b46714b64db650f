// attend tag: a tag for each word of each line.
#pragma once

#include <filesystem>
#include <iosfwd>

#include "apps/command.h"
#include "apps/common.h"

namespace attend {

struct TagOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::filesystem::path text = "-";
};

void add_tag(CLI::App& app);

/// As many tags as the line has words between white space, separated by spaces.
int run_tag(const TagOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
