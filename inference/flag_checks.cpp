#include "inference/flag_checks.h"

#include <sstream>

#include "core/error.h"

namespace attend {

void require_flag(bool is_inside, const std::string& flag, const std::string& found, const std::string& expected) {
  if (!is_inside) throw UserError(flag + " " + found + ": expected " + expected);
}

void require_flag(bool is_inside, const std::string& flag, std::int64_t found, const std::string& expected) {
  require_flag(is_inside, flag, std::to_string(found), expected);
}

void require_flag(bool is_inside, const std::string& flag, double found, const std::string& expected) {
  std::ostringstream number;
  number << found;
  require_flag(is_inside, flag, number.str(), expected);
}

}  // namespace attend
