#include "apps/version.h"

namespace attend {

const char* version_text() { return "attend " ATTEND_VERSION; }

}  // namespace attend
