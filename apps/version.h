#pragma once

namespace attend {

/// "attend 0.2.0", as CMakeLists.txt numbers it.
const char* version_text();

}  // namespace attend
