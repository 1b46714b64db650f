// attend evaluate: how well a model does on data with answers.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <vector>

#include <CLI/CLI.hpp>

#include "apps/common.h"
#include "inference/translator.h"

namespace attend {

struct EvaluateTranslateOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::filesystem::path source;                   ///< with `references`
  std::vector<std::filesystem::path> references;  ///< of one translator each
  std::filesystem::path data;                     ///< instead: source<TAB>reference
  TranslateOptions translate;
};

int run_evaluate_translate(const EvaluateTranslateOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
