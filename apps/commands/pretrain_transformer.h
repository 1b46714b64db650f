// attend pretrain transformer: what the demo calls, too.
#pragma once

#include "apps/commands/pretrain_seq2seq.h"

namespace attend {

int run_pretrain_transformer(const PretrainSeq2SeqOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
