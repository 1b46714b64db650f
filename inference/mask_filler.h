// What a masked language model was pretrained to do: the words under its masks, and whether a text follows another.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "inference/text_examples.h"
#include "models/text_model.h"
#include "tokenizers/input_encoder.h"

namespace attend {

struct MaskCandidate {
  std::string token;
  double probability = 0;
};

/// A text's masks, in order, each with its candidates, the most probable first.
struct FilledMasks {
  std::vector<std::vector<MaskCandidate>> masks;
  UnknownShare unknown;               ///< of the text
  std::vector<std::string> warnings;  ///< the text was cut, masks were not read, there is none
};

class MaskFiller {
 public:
  /// Reads at most `max_length` tokens of a text; where nothing is asked for, as many as the model was trained on. Throws UserError where
  /// tokenizer and model do not fit one another or there is no [MASK], and for a length that the model does not have.
  MaskFiller(std::shared_ptr<MaskedLanguageModel> model, std::shared_ptr<const InputEncoder> encoder,
             std::optional<std::int64_t> max_length = {});

  /// `top` candidates for each [MASK] of each text (or of text<TAB>text). What is said of a text does not depend on the others, up to the
  /// rounding of sums.
  std::vector<FilledMasks> fill(std::span<const std::string> texts, std::int64_t top) const;
  /// What is to be told of the folder.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  std::shared_ptr<MaskedLanguageModel> model_;
  std::shared_ptr<const InputEncoder> encoder_;
  std::int64_t length_;
  std::vector<std::string> warnings_;
};

/// Whether a second text follows a first.
struct NextSentence {
  double probability = 0;  ///< that it does
  UnknownShare unknown;    ///< of the texts
  std::vector<std::string> warnings;
};

class NextSentenceJudge {
 public:
  /// Throws UserError besides where the model was trained without next sentences.
  NextSentenceJudge(std::shared_ptr<MaskedLanguageModel> model, std::shared_ptr<const InputEncoder> encoder,
                    std::optional<std::int64_t> max_length = {});

  /// One for each first<TAB>second. Throws UserError for a text without a TAB.
  std::vector<NextSentence> judge(std::span<const std::string> pairs) const;
  /// What is to be told of the folder.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  std::shared_ptr<MaskedLanguageModel> model_;
  std::shared_ptr<const InputEncoder> encoder_;
  std::int64_t length_;
  std::vector<std::string> warnings_;
};

}  // namespace attend
