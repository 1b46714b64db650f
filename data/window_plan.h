// Which tokens of a text a sequence reads, and which it predicts.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/fields.h"
#include "data/batch_position.h"
#include "data/token_file.h"

namespace attend {

/// kPacked: the text is one stream, as GPT-2 and nanoGPT read it; a window may hold the end of a document and the beginning of the next,
/// and attention sees both. kSeparate: no sequence crosses the end of a document; each has positions of its own from 0.
enum class Documents { kPacked, kSeparate };
template <>
struct EnumNames<Documents> {
  static constexpr std::array values{std::pair{Documents::kPacked, "packed"}, std::pair{Documents::kSeparate, "separate"}};
};

struct WindowOptions {
  std::int64_t block = 1024;  ///< most tokens that a sequence reads
  Documents documents = Documents::kPacked;
  std::int64_t stride = 0;  ///< above 0: tokens that each window but the first predicts; those before are context. Else all it reads
};

/// Reading token n predicts token n + 1, so a window reads `inputs`, and the last thing it predicts lies after it.
struct Window {
  TokenSpan inputs;
  std::uint64_t first_scored = 0;  ///< of the inputs: those before it have been scored by another window
};

/// The windows of a text, in its order. A text of n tokens (or, kSeparate, a document) has n - 1 predictions; each is scored in exactly
/// one window.
///
/// With a key, windows are cut at other places each epoch, so that not always the same tokens have the least context. kPacked: the first
/// window is shorter, by a random number of tokens. kSeparate: a document that fits is one sequence, always; of longer ones, as many
/// windows as it needs at least, the first shorter by a random number of tokens.
///
/// Takes 1 byte for eight documents of kSeparate, and nothing for kPacked.
class WindowPlan {
 public:
  /// Throws UserError for a block or stride that cannot be, and a text with nothing to predict.
  WindowPlan(std::shared_ptr<const TokenFile> text, const WindowOptions& options, const std::optional<EpochKey>& key);

  std::uint64_t size() const { return size_; }  ///< windows
  Window at(std::uint64_t index) const;
  /// Of the inputs of each window.
  std::vector<std::uint32_t> lengths() const;

 private:
  struct Stretch {
    TokenSpan tokens;
    std::uint64_t first = 0;  // predictions of its first window
    std::uint64_t num_windows = 0;
  };
  static constexpr std::uint64_t kStride = 64;

  std::uint64_t num_stretches() const { return options_.documents == Documents::kPacked ? 1 : text_->size(); }
  Stretch stretch(std::uint64_t index) const;
  std::uint64_t first_window(std::uint64_t index, std::uint64_t predictions) const;
  Window window(const Stretch& stretch, std::uint64_t index) const;

  std::shared_ptr<const TokenFile> text_;
  WindowOptions options_;
  std::optional<EpochKey> key_;
  std::uint64_t block_ = 0, step_ = 0;
  std::vector<std::uint64_t> windows_before_;  // stretches 0, kStride, 2 kStride, ...
  std::uint64_t size_ = 0;
};

}  // namespace attend
