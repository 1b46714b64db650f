// Random sentences that make sense enough, a function of the stream alone.
#pragma once

#include "core/random.h"
#include "data/demo/meaning.h"

namespace attend::demo {

Sentence draw_sentence(RandomStream& random);

}  // namespace attend::demo
