// attend completion: a shell's completion script, written from the commands and flags themselves.
#pragma once

#include <iosfwd>
#include <string>

#include "apps/command.h"
#include "core/fields.h"

namespace attend {

enum class Shell { kBash, kZsh, kFish };

template <>
struct EnumNames<Shell> {
  static constexpr std::array values{std::pair{Shell::kBash, "bash"}, std::pair{Shell::kZsh, "zsh"}, std::pair{Shell::kFish, "fish"}};
};

struct CompletionOptions {
  Shell shell = Shell::kBash;
  const CLI::App* root = nullptr;
};

void add_completion(CLI::App& app);
int run_completion(const CompletionOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
