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

/// token<TAB>probability, `top` times, for each [MASK] of a line, masks separated by " ||| ".
int run_fill_mask(const FillMaskOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
