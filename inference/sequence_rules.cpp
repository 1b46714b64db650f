#include "inference/sequence_rules.h"

#include <algorithm>
#include <set>

#include <torch/torch.h>

namespace attend {

NextTokenRules::NextTokenRules(const SequenceRules& rules) : rules_(rules) {
  TORCH_CHECK(rules.max_length >= 1, "max_length must be at least 1");
  std::set<std::int64_t> refused(rules.eos_ids.begin(), rules.eos_ids.end());
  for (const auto& word : rules.bad_words) {
    TORCH_CHECK(!word.empty(), "a bad word has no token");
    refused.insert(word.back());
  }
  max_refused_ = static_cast<std::int64_t>(refused.size());
}

bool NextTokenRules::is_eos(std::int64_t id) const {
  return std::find(rules_.eos_ids.begin(), rules_.eos_ids.end(), id) != rules_.eos_ids.end();
}

bool NextTokenRules::allows(std::span<const std::int64_t> ids, std::int64_t id) const {
  if (static_cast<std::int64_t>(ids.size()) + 1 < rules_.min_length && is_eos(id)) return false;
  for (const auto& word : rules_.bad_words) {
    const std::size_t history = word.size() - 1;
    if (word.back() == id && history <= ids.size() && std::equal(word.begin(), word.end() - 1, ids.end() - history)) return false;
  }
  return true;
}

bool NextTokenRules::ends(std::span<const std::int64_t> ids) const {
  return is_eos(ids.back()) || static_cast<std::int64_t>(ids.size()) >= rules_.max_length ||
         (rules_.is_complete && rules_.is_complete(ids));
}

std::optional<std::int64_t> NextTokenRules::forced_at(std::int64_t position) const {
  return is_last(position) ? rules_.forced_eos_id : std::nullopt;
}

std::vector<float> log_probability_of(const torch::Tensor& logits_RV, std::span<const std::int64_t> ids_R,
                                      std::span<const double> log_normaliser_R) {
  const auto ids_R1 = torch::tensor(at::IntArrayRef(ids_R.data(), ids_R.size()), torch::kInt64).unsqueeze(1).to(logits_RV.device());
  const auto logits_R = logits_RV.gather(1, ids_R1).squeeze(1).cpu().contiguous();
  std::vector<float> result(logits_R.const_data_ptr<float>(), logits_R.const_data_ptr<float>() + logits_R.numel());
  for (std::size_t r = 0; r < result.size(); ++r) result[r] = static_cast<float>(result[r] - log_normaliser_R[r]);
  return result;
}

}  // namespace attend
