#include "data/masking.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/error.h"

namespace attend {
namespace {

struct Word {
  std::size_t begin, length;
};

}  // namespace

Masker::Masker(MaskingVocabulary vocabulary, const MaskingOptions& options) : vocabulary_(std::move(vocabulary)), options_(options) {
  if (!vocabulary_.mask)
    throw UserError("the vocabulary has no [MASK] token; expected one to hide pieces with", "take a tokenizer that was made for BERT");
  if (!(options.probability > 0 && options.probability <= 1))
    throw UserError("a mask probability of " + std::to_string(options.probability) + " was asked for; expected above 0, up to 1");
  if (options.max_predictions < 0)
    throw UserError("a maximum of " + std::to_string(options.max_predictions) +
                    " predictions was asked for; expected 1 and more, or 0 for no limit");
  if (options.unit == MaskUnit::kWord && vocabulary_.is_continuation.size() != vocabulary_.is_special.size())
    throw std::invalid_argument("masking whole words needs to know which pieces go on with a word");
  for (const auto& id : {vocabulary_.cls, vocabulary_.sep, vocabulary_.mask}) {
    if (!id) continue;
    if (*id < 0 || *id >= vocabulary_.size())
      throw std::invalid_argument("special id " + std::to_string(*id) + " is not in the vocabulary");
    vocabulary_.is_special[static_cast<std::size_t>(*id)] = true;
  }
  for (std::size_t id = 0; id < vocabulary_.is_special.size(); ++id)
    if (!vocabulary_.is_special[id]) ordinary_ids_.push_back(static_cast<std::int32_t>(id));
  if (ordinary_ids_.empty()) throw UserError("the vocabulary has nothing but special tokens");
}

/// Positions, rising.
std::vector<std::int64_t> Masker::choose(std::span<const std::int64_t> ids, RandomStream& random) const {
  std::vector<Word> words;  // of one piece each, unless whole words are masked
  std::size_t num_pieces = 0;
  bool after_piece = false;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto id = static_cast<std::size_t>(ids[i]);
    const bool is_special = vocabulary_.is_special[id];
    if (!is_special) {
      ++num_pieces;
      if (after_piece && options_.unit == MaskUnit::kWord && vocabulary_.is_continuation[id])
        ++words.back().length;
      else
        words.push_back({i, 1});
    }
    after_piece = !is_special;
  }
  std::vector<std::int64_t> chosen;
  if (words.empty()) return chosen;
  const auto most = options_.max_predictions > 0 ? static_cast<std::size_t>(options_.max_predictions) : num_pieces;
  const auto share = static_cast<std::size_t>(std::llround(options_.probability * static_cast<double>(num_pieces)));
  const std::size_t count = std::min(most, std::max<std::size_t>(1, share));
  const auto take = [&](const Word& word, std::size_t length) {
    for (std::size_t i = 0; i < length; ++i) chosen.push_back(static_cast<std::int64_t>(word.begin + i));
  };
  // A shuffle that goes only as far as it is needed.
  for (std::size_t i = 0; i < words.size() && chosen.size() < count; ++i) {
    std::swap(words[i], words[i + random.below(words.size() - i)]);
    if (chosen.size() + words[i].length <= count) take(words[i], words[i].length);
  }
  if (chosen.empty()) {
    const Word shortest = *std::min_element(words.begin(), words.end(), [](const Word& x, const Word& y) { return x.length < y.length; });
    take(shortest, std::min(shortest.length, most));
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

MaskedPieces Masker::mask(std::span<std::int64_t> ids, RandomStream& random) const {
  MaskedPieces masked;
  masked.positions = choose(ids, random);
  masked.labels.reserve(masked.positions.size());
  for (const std::int64_t position : masked.positions) {
    std::int64_t& id = ids[static_cast<std::size_t>(position)];
    masked.labels.push_back(id);
    const std::uint64_t draw = random.below(10);
    if (draw < 8)
      id = *vocabulary_.mask;
    else if (draw == 8)
      id = ordinary_ids_[random.below(ordinary_ids_.size())];
  }
  return masked;
}

}  // namespace attend
