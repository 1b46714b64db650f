// How each task draws a rule. One function a task, in the file of its name; `strings.cpp` has the short ones.
#pragma once

#include "data/tasks/task.h"

namespace attend::rules {

// Fixed tasks.
Rule addition(RandomStream& random, const TaskSettings& settings);
Rule subtraction(RandomStream& random, const TaskSettings& settings);
Rule spelling(RandomStream& random, const TaskSettings& settings);
Rule translation(RandomStream& random, const TaskSettings& settings);
Rule copy(RandomStream& random, const TaskSettings& settings);
Rule reverse(RandomStream& random, const TaskSettings& settings);
Rule count(RandomStream& random, const TaskSettings& settings);
Rule sort(RandomStream& random, const TaskSettings& settings);
Rule listops(RandomStream& random, const TaskSettings& settings);
Rule recall(RandomStream& random, const TaskSettings& settings);

// In-context tasks.
Rule cipher(RandomStream& random, const TaskSettings& settings);
Rule arrange(RandomStream& random, const TaskSettings& settings);
Rule affix(RandomStream& random, const TaskSettings& settings);
Rule replace(RandomStream& random, const TaskSettings& settings);
Rule stamp(RandomStream& random, const TaskSettings& settings);
Rule shift(RandomStream& random, const TaskSettings& settings);
Rule label(RandomStream& random, const TaskSettings& settings);

}  // namespace attend::rules
