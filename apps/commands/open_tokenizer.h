// A tokenizer of whichever kind a folder or file holds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/fields.h"
#include "tokenizers/tokenizer.h"
#include "tokenizers/wordpiece_tokenizer.h"

namespace attend {

enum class Side { kSource, kTarget };
template <>
struct EnumNames<Side> {
  static constexpr std::array values{std::pair{Side::kSource, "source"}, std::pair{Side::kTarget, "target"}};
};

/// The tokenizer, and what its model's template needs: the tokens that begin and end a text, or BERT's own.
struct OpenTokenizer {
  std::shared_ptr<const Tokenizer> tokenizer;
  std::optional<std::int32_t> bos = {}, eos = {};
  std::string bos_piece = {}, eos_piece = {};
  std::shared_ptr<const WordPieceTokenizer> wordpiece = {};
};

/// `side`: of a translation model's two, `usual_side` where none is asked for. Throws UserError where nothing is there that can be read,
/// and where a side is asked of a tokenizer that has one only.
OpenTokenizer open_tokenizer(const std::filesystem::path& path, std::optional<Side> side, Side usual_side);

}  // namespace attend
