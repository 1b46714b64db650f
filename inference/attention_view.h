// What a model's tokens attend to in a text, with what each head does, measured.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace attend {

struct LoadOptions;

struct AttentionView {
  struct Text {
    std::string name;  ///< "source"; "target", what is written; "read", what a decoder reads of it
    std::vector<std::string> tokens;
    std::vector<std::int64_t> special;  ///< places of [CLS], </s> and their like
  };
  /// What a head does, measured.
  struct Head {
    double entropy = 0;  ///< of a query's weights, in nats; the mean over the queries
    std::string does;    ///< "looks at the previous token"; empty where nothing stands out
    double share = 0;    ///< of the weight that does so; of a head that looks everywhere alike its entropy, of the greatest there can be
  };
  /// One kind of attention. What was not computed is NaN.
  struct Part {
    std::string name, label;    ///< "encoder", "Encoder: self-attention"
    std::string queries, keys;  ///< names of texts
    std::int64_t layers = 1, heads = 1;
    bool causal = false;
    std::vector<Head> summary;   ///< layer, head
    std::vector<float> weights;  ///< layer, head, query, key
    std::vector<float> rollout;  ///< layer, query, key (Abnar and Zuidema 2020); empty where a text attends to another
  };

  std::string family;  ///< config.json's model_type
  std::string kind;    ///< of attention: "full"
  std::vector<Text> texts;
  std::vector<Part> parts;
  std::vector<std::string> notes;  ///< what was cut, and what the model wrote itself
};

/// What is looked at.
struct AttentionRequest {
  std::string text;
  std::optional<std::string> pair;    ///< the second text of a model that reads pairs
  std::optional<std::string> target;  ///< what a model that writes is to have written; else what it writes itself
  std::int64_t max_tokens = 512;      ///< of a text; the rest is cut, and a note says so
  std::int64_t max_new_tokens = 16;   ///< of a language model's own continuation
};

/// Throws UserError for a text without tokens, a text that the folder's family does not take, and folders that cannot be loaded.
AttentionView view_attention(const std::filesystem::path& folder, const LoadOptions& options, const AttentionRequest& request);

/// What a head's weights (query, key; NaN: not computed) do: over `queries` x `keys` tokens. Of a text that attends to itself.
AttentionView::Head head_of_self(const std::vector<float>& weights, const AttentionView::Text& text);
/// The same of a text that attends to another.
AttentionView::Head head_of_cross(const std::vector<float>& weights, const AttentionView::Text& queries, const AttentionView::Text& keys);

}  // namespace attend
