// attend fill-mask, attend next-sentence: what a masked language model was pretrained to do.
#pragma once

#include <cstdint>
#include <iosfwd>

#include "apps/command.h"
#include "apps/commands/text_flags.h"

namespace attend {

struct FillMaskOptions : LineOptions {
  std::int64_t top = 1;
};

struct NextSentenceOptions : LineOptions {};

void add_fill_mask(CLI::App& app);
void add_next_sentence(CLI::App& app);

/// token<TAB>probability, `top` times, for each [MASK] of a line, masks separated by " ||| ".
int run_fill_mask(const FillMaskOptions& options, std::istream& in, std::ostream& out);

/// next<TAB>probability or not-next<TAB>probability for each line of first<TAB>second.
int run_next_sentence(const NextSentenceOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
