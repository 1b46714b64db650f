// `attend prompt` on a terminal: queries, and commands that change what is shown.
#pragma once

#include <iosfwd>

#include "core/text.h"
#include "inference/prompt_session.h"

namespace attend {

/// Answers each line; those that begin with a slash are commands (`/help` lists them). Mistakes are told and the session goes on.
void converse(PromptSession& session, LineReader& lines, std::ostream& out);

}  // namespace attend
