// Letters: P masks of a batch, V vocabulary, B pairs.
#include "inference/mask_filler.h"

#include <algorithm>

#include <torch/torch.h>

#include "core/error.h"
#include "inference/folders.h"

namespace attend {
namespace {

std::vector<MaskCandidate> best_of(const torch::Tensor& logits_V, std::int64_t top, const InputEncoder& encoder) {
  const auto [probabilities, ids] = torch::softmax(logits_V.to(torch::kFloat64), 0).topk(std::min(top, encoder.vocab_size()));
  std::vector<MaskCandidate> candidates;
  for (std::int64_t i = 0; i < ids.size(0); ++i)
    candidates.push_back({encoder.piece(static_cast<std::int32_t>(ids[i].item<std::int64_t>())), probabilities[i].item<double>()});
  return candidates;
}

void warn_of_missing_masks(FilledMasks& filled, const std::string& text, const InputEncoder& encoder) {
  constexpr std::int64_t kWholeText = std::int64_t{1} << 40;
  const std::string mask = encoder.piece(*encoder.mask_id());
  const auto ids = encoder.encode(text, std::nullopt, kWholeText).ids;
  const auto num_masks = static_cast<std::size_t>(std::count(ids.begin(), ids.end(), *encoder.mask_id()));
  if (num_masks == 0)
    filled.warnings.emplace_back("holds no " + mask + "; it is answered with an empty line");
  else if (filled.masks.size() < num_masks)
    filled.warnings.push_back("holds " + std::to_string(num_masks) + " " + mask + "s, of which " +
                              std::to_string(num_masks - filled.masks.size()) +
                              " lie behind the tokens that are read, and are not answered");
}

}  // namespace

MaskFiller::MaskFiller(std::shared_ptr<MaskedLanguageModel> model, std::shared_ptr<const InputEncoder> encoder,
                       std::optional<std::int64_t> max_length)
    : model_(std::move(model)), encoder_(std::move(encoder)), length_(length_to_read(max_length, *model_, encoder_->max_length())) {
  if (!encoder_->mask_id()) throw UserError("the vocabulary has no [MASK]", "use a masked language model's folder");
  warnings_ = vocabulary_warnings(model_->vocab_size(), encoder_->vocab_size());
}

std::vector<FilledMasks> MaskFiller::fill(std::span<const std::string> texts, std::int64_t top) const {
  const torch::NoGradGuard no_grad;
  std::vector<TextExample> examples;
  std::vector<FilledMasks> answers(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EncodedExample encoded = encode_text(*encoder_, *model_, texts[i], length_);
    examples.push_back(std::move(encoded.example));
    answers[i].unknown = encoded.unknown;
    answers[i].warnings = std::move(encoded.warnings);
  }
  for (const auto& chosen : batches_by_length(examples, kAnswerTokens)) {
    const TextBatch batch = pack_examples(examples, chosen);
    std::vector<std::int64_t> positions;
    std::vector<std::size_t> owners;
    std::size_t place = 0;
    for (const std::size_t index : chosen)
      for (std::size_t i = 0; i < examples[index].ids.size(); ++i, ++place) {
        if (batch.tokens.ids[place] != *encoder_->mask_id()) continue;
        positions.push_back(static_cast<std::int64_t>(place));
        owners.push_back(index);
      }
    if (positions.empty()) continue;
    const auto logits_PV = model_->mask_logits(batch, positions).narrow(1, 0, encoder_->vocab_size()).cpu();
    for (std::size_t p = 0; p < owners.size(); ++p)
      answers[owners[p]].masks.push_back(best_of(logits_PV[static_cast<std::int64_t>(p)], top, *encoder_));
  }
  for (std::size_t i = 0; i < texts.size(); ++i) warn_of_missing_masks(answers[i], texts[i], *encoder_);
  return answers;
}

NextSentenceJudge::NextSentenceJudge(std::shared_ptr<MaskedLanguageModel> model, std::shared_ptr<const InputEncoder> encoder,
                                     std::optional<std::int64_t> max_length)
    : model_(std::move(model)), encoder_(std::move(encoder)), length_(length_to_read(max_length, *model_, encoder_->max_length())) {
  warnings_ = vocabulary_warnings(model_->vocab_size(), encoder_->vocab_size());
  if (!model_->has_next_sentence()) throw UserError("the model was trained without next sentences", "use one pretrained with them");
}

std::vector<NextSentence> NextSentenceJudge::judge(std::span<const std::string> pairs) const {
  const torch::NoGradGuard no_grad;
  std::vector<TextExample> examples;
  std::vector<NextSentence> answers(pairs.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (pairs[i].find('\t') == std::string::npos) throw UserError("expected first<TAB>second; there is no TAB");
    EncodedExample encoded = encode_text(*encoder_, *model_, pairs[i], length_);
    examples.push_back(std::move(encoded.example));
    answers[i].unknown = encoded.unknown;
    answers[i].warnings = std::move(encoded.warnings);
  }
  for (const auto& chosen : batches_by_length(examples, kAnswerTokens)) {
    const auto p_B2 = torch::softmax(model_->next_sentence_logits(pack_examples(examples, chosen)).to(torch::kFloat64), 1).cpu();
    for (std::size_t i = 0; i < chosen.size(); ++i) answers[chosen[i]].probability = p_B2[static_cast<std::int64_t>(i)][0].item<double>();
  }
  return answers;
}

}  // namespace attend
