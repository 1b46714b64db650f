// What `training` and the commands know of a model that reads text and answers with a head: classes, tags, masked words.
// They never see a family.
//
// Letters: B sequences, N tokens of the batch (packed, core/batch.h), L labels, P masked positions, V vocabulary, E width.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "models/attention_maps.h"
#include "models/model.h"

namespace attend {

/// What every model of text can tell.
class TextModel : public Model {
 public:
  virtual std::int64_t num_segments() const = 0;  ///< type ids are below it; a pair needs two
  /// The embeddings and the first `layers` layers get no gradient any more. Throws UserError where there are fewer.
  virtual void freeze(std::int64_t layers) = 0;
};

/// Without a head: what a sequence's tokens are turned into.
class TextEncoder : public TextModel {
 public:
  /// hidden_NE of the last layer.
  virtual torch::Tensor hidden(const TextBatch& batch) = 0;
  /// What the tokens of one sequence attend to.
  virtual AttentionMaps attention(const TextBatch& sequence) = 0;
};

/// The labels of a head, in the order of its outputs.
struct TaskLabels {
  enum class Problem { kClasses, kRegression };
  Problem problem = Problem::kClasses;
  std::vector<std::string> names;  ///< of the classes; one, of no meaning, for regression
  bool operator==(const TaskLabels&) const = default;
};

/// logits_BL: a score for each class of each sequence, or (regression) one number.
class SequenceClassifier : public TextModel {
 public:
  virtual torch::Tensor logits(const TextBatch& batch) = 0;
  virtual const TaskLabels& labels() const = 0;
};

/// logits_NL: a score for each label of each token. Tags; or, of two labels, where an answer starts and ends.
class TokenClassifier : public TextModel {
 public:
  virtual torch::Tensor logits(const TextBatch& batch) = 0;
  virtual const TaskLabels& labels() const = 0;
};

/// The two losses of BERT's pretraining (Devlin et al. 2019, section 3.1), each summed over its own targets.
struct MaskedLoss {
  SummedLoss words;
  std::optional<SummedLoss> next_sentence;  ///< where the batch has next_labels
};

/// What the labels of tokens are: tags; or, two of them, the start and the end of an answer.
enum class TokenTask { kTags, kAnswers };

/// Predicts masked tokens, and (where it has that head) whether the second segment follows the first.
class MaskedLanguageModel : public TextModel {
 public:
  virtual bool has_next_sentence() const = 0;
  /// Logits are made at masked positions only, a few rows at a time.
  virtual MaskedLoss loss(const MaskedBatch& batch) = 0;
  /// logits_PV at `positions` among all tokens of the batch.
  virtual torch::Tensor mask_logits(const TextBatch& batch, const std::vector<std::int64_t>& positions) = 0;
  /// logits_B2: follows, does not follow.
  virtual torch::Tensor next_sentence_logits(const TextBatch& batch) = 0;
};

/// A head to be put on a pretrained body; or on one drawn afresh in the folder's sizes, to see what pretraining was worth.
struct NewHead {
  enum class Body { kPretrained, kFresh };
  TaskLabels labels;
  std::uint64_t seed = 1;         ///< of the parameters that the folder does not have
  std::optional<double> dropout;  ///< everywhere: sub-layers, attention where its kind can, in front of the head; else config.json's
  Body body = Body::kPretrained;
};

/// What a masked language model is to have that is trained further. Heads that the folder lacks are drawn.
struct MaskedHeads {
  bool next_sentence = true;
  std::uint64_t seed = 1;  ///< of the parameters that the folder does not have
};

// Loading. The folder's config.json must name a family of the registry, and every tensor of the body be there in its shape. With a
// NewHead, the head is the folder's where its labels are the same, else drawn afresh, with a message that names the tensors; without,
// the folder must have the head. Heads of other tasks are left out, with a message. Throws UserError.
std::shared_ptr<TextEncoder> load_text_encoder(const std::filesystem::path& folder, const LoadOptions& options = {});
std::shared_ptr<MaskedLanguageModel> load_masked_language_model(const std::filesystem::path& folder, const LoadOptions& options = {},
                                                                const std::optional<MaskedHeads>& heads = {});
std::shared_ptr<SequenceClassifier> load_sequence_classifier(const std::filesystem::path& folder, const LoadOptions& options = {},
                                                             const std::optional<NewHead>& head = {});
std::shared_ptr<TokenClassifier> load_token_classifier(const std::filesystem::path& folder, const LoadOptions& options, TokenTask task,
                                                       const std::optional<NewHead>& head = {});

}  // namespace attend
