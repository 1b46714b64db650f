// An evaluation that several processes share, or one does alone: the same numbers either way.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "core/stop_signal.h"
#include "data/batch_position.h"

namespace attend {

struct Sharing {
  ProcessRank process = {};
  std::function<void(std::vector<double>&)> sum = {};  ///< over all processes, in place; one process needs none
  StopCheck stop = {};

  /// Does item i of `count` on process i mod world: `work(i)` writes into `numbers`, zeros before, what no other item does. Returns true
  /// with all numbers on every process; false on all where one of them was asked to stop.
  bool each(std::size_t count, const std::function<void(std::size_t)>& work, std::vector<double>& numbers) const {
    bool is_stopped = false;
    for (std::size_t i = static_cast<std::size_t>(process.rank); i < count && !is_stopped; i += static_cast<std::size_t>(process.world)) {
      is_stopped = stop && stop();
      if (!is_stopped) work(i);
    }
    numbers.push_back(is_stopped ? 1 : 0);
    if (sum) sum(numbers);
    is_stopped = numbers.back() > 0;
    numbers.pop_back();
    return !is_stopped;
  }
};

}  // namespace attend
