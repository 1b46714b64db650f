// Which ids of two texts stay where both are too long.
#pragma once

#include <algorithm>
#include <cstdint>

namespace attend {

/// How many pieces of each text stay.
struct Kept {
  std::int64_t first, second;
};

/// Of a pair where `room` is for both: the longer text loses pieces until both are as long, then both do. Where the room is odd, the text
/// that was longer keeps one piece more, the second where neither was.
inline Kept longest_first(Kept lengths, std::int64_t room) {
  if (lengths.first + lengths.second <= room) return lengths;
  const std::int64_t shorter = std::min({lengths.first, lengths.second, room / 2});
  return lengths.first > lengths.second ? Kept{room - shorter, shorter} : Kept{shorter, room - shorter};
}

}  // namespace attend
