// What git leaves in place of a large file that was not fetched.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace attend {

/// Throws UserError for the content of such a file; `name` is the file.
inline void refuse_lfs_pointer(std::string_view content, const std::string& name) {
  if (content.starts_with("version https://git-lfs.github.com/spec/"))
    throw UserError(name + " is a pointer of git-lfs, not the file itself", "fetch the files: run `git lfs pull` in their repository");
}

}  // namespace attend
