// A flag whose value is out of range is refused by its name.
#pragma once

#include <cstdint>
#include <string>

namespace attend {

/// Throws the UserError "--beam 0: expected 1 to 1024" where the value is not inside its range.
void require_flag(bool is_inside, const std::string& flag, const std::string& found, const std::string& expected);
void require_flag(bool is_inside, const std::string& flag, std::int64_t found, const std::string& expected);
void require_flag(bool is_inside, const std::string& flag, double found, const std::string& expected);

}  // namespace attend
