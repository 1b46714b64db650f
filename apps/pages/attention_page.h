// The page of `attention`: what a model's tokens look at, in one HTML file that loads nothing. Its style and scripts are the files of
// apps/pages/attention, built into the program (cmake/embed.cmake).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace attend {

struct AttentionPage {
  struct Text {
    std::string name;  ///< "source" or "target"
    std::vector<std::string> tokens;
    std::vector<std::int64_t> special;  ///< places of [CLS], </s> and their like
  };
  /// What a head does, measured.
  struct Head {
    double entropy = 0;  ///< of a query's weights, in nats; the mean over the queries
    std::string does;    ///< "looks at the previous token"; empty where nothing stands out
    double share = 0;    ///< of the weight (or of the queries) that does so, 0 to 1
  };
  /// One kind of attention. What was not computed is NaN.
  struct Part {
    std::string name, label;    ///< "encoder", "Encoder: self-attention"
    std::string queries, keys;  ///< names of texts
    std::int64_t layers = 1, heads = 1;
    bool causal = false;
    std::vector<Head> summary;   ///< layer, head
    std::vector<float> weights;  ///< layer, head, query, key
    std::vector<float> rollout;  ///< layer, query, key; empty where there is none
  };

  std::string title, model, family;
  std::string kind;  ///< of attention: "full"
  std::vector<Text> texts;
  std::vector<std::string> notes;  ///< sentences to show: what was cut
  std::vector<Part> parts;
};

/// A whole HTML document. Weights are stored as they are while they take less than 8 MB, else rounded, which the page says, to as many
/// steps, 64 at most, as keep the file under 15 MB.
std::string attention_page(const AttentionPage& page);

/// The same numbers as JSON, unrounded, in one line: "weights" is an array of layers of heads of queries of keys, "rollout" one of layers
/// of queries of keys or null; what was not computed is null.
std::string attention_numbers(const AttentionPage& page);

}  // namespace attend
