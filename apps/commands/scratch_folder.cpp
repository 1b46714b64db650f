#include "apps/commands/scratch_folder.h"

#include <algorithm>
#include <fstream>
#include <istream>

#include "core/error.h"
#include "core/log.h"

namespace attend {

std::vector<std::filesystem::path> with_standard_input(std::vector<std::filesystem::path> files, std::istream& in,
                                                       const ScratchFolder& scratch) {
  const auto named = std::count(files.begin(), files.end(), "-");
  if (named == 0) return files;
  if (named > 1) throw UserError("--data - is given more than once; there is one standard input");
  const auto file = scratch.path() / "standard input";
  std::ofstream kept(file, std::ios::binary);
  if (in.peek() != std::istream::traits_type::eof()) kept << in.rdbuf();
  if (!kept.flush()) throw StorageError(file.string() + ": cannot write what standard input holds");
  show_as(file.string(), "standard input");
  std::replace(files.begin(), files.end(), std::filesystem::path("-"), file);
  return files;
}

}  // namespace attend
