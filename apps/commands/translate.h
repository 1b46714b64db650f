// attend translate: a text filter, one line out for each line in.
#pragma once

#include <filesystem>
#include <iosfwd>

#include "apps/command.h"
#include "apps/common.h"
#include "apps/text_input.h"
#include "inference/translator.h"

namespace attend {

struct TranslateCommandOptions {
  CommonOptions common;
  std::filesystem::path model;
  std::filesystem::path text = "-";  ///< "-": standard input
  std::filesystem::path prefix;      ///< how each translation begins, a line a line; empty: no such file
  bool scores = false;
  TranslateOptions translate;
};

/// Translates `text` (or `in`) to `out`. On a terminal it prompts and answers line by line.
/// Throws UserError where the folder is not a translation model with its tokenizer, or flags contradict one another.
int run_translate(const TranslateCommandOptions& options, std::istream& in, std::ostream& out);

/// The same of lines, with how each translation begins beside them, or null. Options are refused before a line is read.
void translate_lines(const Translator& translator, TextInput& input, LineReader* prefixes, const TranslateCommandOptions& options,
                     std::ostream& out);

}  // namespace attend
