// attend generate: what a language model writes after a prompt, or between two texts.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>

#include "apps/command.h"
#include "apps/common.h"
#include "inference/text_generator.h"

namespace attend {

/// Warns of flags that temperature 0 leaves without effect.
void warn_of_no_effect(const GenerateOptions& options);

/// The flags of GenerateOptions, --stop with them.
void add_generate_flags(CLI::App& command, GenerateOptions& options, const std::vector<std::string>& without = {});

}  // namespace attend
