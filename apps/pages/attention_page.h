// The page of `attention`: what a model's tokens look at, in one HTML file that loads nothing. Its style and scripts are the files of
// apps/pages/attention, built into the program (cmake/embed.cmake).
#pragma once

#include <string>

#include "inference/attention_view.h"

namespace attend {

struct AttentionPage : AttentionView {
  std::string title, model;
};

/// A whole HTML document. Weights are stored as they are while they take less than 8 MB, else rounded, which the page says, to as many
/// steps, 64 at most, as keep the file under 15 MB.
std::string attention_page(const AttentionPage& page);

/// The same numbers as JSON, unrounded, in one line: "weights" is an array of layers of heads of queries of keys, "rollout" one of layers
/// of queries of keys or null; what was not computed is null.
std::string attention_numbers(const AttentionPage& page);

}  // namespace attend
