#include "training/objectives/common.h"

#include <algorithm>
#include <span>

#include "core/atomic_file.h"
#include "core/error.h"

namespace attend {
namespace {

void copy_by_name(const auto& from, const auto& to, const std::filesystem::path& folder) {
  for (const auto& named : to) {
    const torch::Tensor* const found = from.find(named.key());
    if (found == nullptr || found->sizes() != named.value().sizes())
      throw UserError(
          folder.string() + " is of another model: '" + named.key() + "' is " + (found == nullptr ? "not there" : "of another shape"),
          "resume with the settings of its run.toml");
    torch::Tensor(named.value()).copy_(*found);
  }
}

}  // namespace

void copy_parameters(const torch::nn::Module& from, torch::nn::Module& to, const std::filesystem::path& folder) {
  const torch::NoGradGuard no_grad;
  copy_by_name(from.named_parameters(), to.named_parameters(), folder);
  copy_by_name(from.named_buffers(), to.named_buffers(), folder);
}

std::string hash_files(const std::vector<std::filesystem::path>& files) {
  std::string hashes;
  for (const auto& file : files)
    if (!file.empty()) hashes += sha256_file(file);
  return hashes.empty() ? "" : sha256_hex(std::as_bytes(std::span(hashes.data(), hashes.size())));
}

std::string model_summary(const torch::nn::Module& model, const Json& hf_config) {
  std::int64_t parameters = 0;
  for (const auto& parameter : model.parameters()) parameters += parameter.numel();
  return hf_config.value("model_type", "") + ", " + std::to_string(parameters) + " parameters";
}

BestMetric choose_best_metric(const std::string& name, const std::vector<std::string>& known) {
  const std::string& chosen = name.empty() ? known.front() : name;
  std::string list;
  for (const auto& candidate : known) list += (list.empty() ? "" : ", ") + candidate;
  if (std::find(known.begin(), known.end(), chosen) == known.end()) throw UserError("--best-by is '" + chosen + "'; expected " + list);
  return {chosen, chosen == "loss" || chosen == "mse" ? BestMetric::Direction::kLower : BestMetric::Direction::kHigher};
}

}  // namespace attend
