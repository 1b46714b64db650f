// What a UserError says.
#pragma once

#include <string>

#include "core/error.h"

namespace attend {

/// The message of the UserError that a call throws, " | " and its hint; "" where it throws none. Any other exception goes on.
template <class Call>
std::string refusal_of(const Call& call) {
  try {
    call();
  } catch (const UserError& error) {
    return error.what() + (" | " + error.hint());
  }
  return {};
}

}  // namespace attend
