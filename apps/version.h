#pragma once

namespace attend {

/// "attend 0.1.0", as CMakeLists.txt numbers it.
const char* version_text();

}  // namespace attend
