// How TER's original program, Tercom, normalizes a line.
#pragma once

#include "metrics/unicode_text.h"

namespace attend {

struct TerOptions {
  bool normalized = false;
  bool no_punct = false;  ///< . , ? : ; ! " ( )
  bool asian_support = false;
  bool case_sensitive = false;

  static void fields(auto& self, auto&& visit) {
    visit("normalized", self.normalized, "decode entities and separate punctuation first");
    visit("no_punct", self.no_punct, "remove punctuation first");
    visit("asian_support", self.asian_support, "with normalized split ideographs too, with no_punct remove Asian punctuation too");
    visit("case_sensitive", self.case_sensitive, "do not ignore case");
  }
};

/// The line with white space between its words (see split_words); more of it than needed.
CodePoints tokenize_for_ter(CodePointView line, const TerOptions& options);

}  // namespace attend
