#include "tokenizers/sentencepiece_tokenizer.h"

#include <sentencepiece_processor.h>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"
#include "tokenizers/sentencepiece_check.h"

// Exported by the library but in none of its installed headers.
namespace sentencepiece::logging {
void SetMinLogLevel(int level);
}

namespace attend {
namespace {

// The library's answer to ill-formed bytes differs between its versions; ours does not.
template <class Result>
Result encoded(const sentencepiece::SentencePieceProcessor& processor, std::string_view text) {
  Result result;
  const auto status = is_valid_utf8(text) ? processor.Encode(text, &result) : processor.Encode(repair_utf8(text), &result);
  if (!status.ok()) throw std::runtime_error("SentencePiece: " + status.ToString());
  return result;
}

template <class Items>
std::string decoded(const sentencepiece::SentencePieceProcessor& processor, const Items& items) {
  std::string text;
  const auto status = processor.Decode(items, &text);
  if (!status.ok()) throw std::runtime_error("SentencePiece: " + status.ToString());
  return text;
}

}  // namespace

void silence_sentencepiece() { sentencepiece::logging::SetMinLogLevel(4); }

void refuse_id(std::int64_t id, std::int64_t vocab_size) {
  throw UserError("token id " + std::to_string(id) + " is not in the vocabulary; expected 0 to " + std::to_string(vocab_size - 1));
}

SentencePieceModel::SentencePieceModel(const std::filesystem::path& path)
    : bytes_(read_file(path, limits::kTokenizerFileBytes)), processor_(std::make_unique<sentencepiece::SentencePieceProcessor>()) {
  silence_sentencepiece();
  check_sentencepiece_model(bytes_, path.string());
  try_sentencepiece_model(bytes_, path.string());
  if (const auto status = processor_->LoadFromSerializedProto(bytes_); !status.ok())
    throw UserError(path.string() + " is not a sound SentencePiece model: " + status.ToString());
}

SentencePieceModel::~SentencePieceModel() = default;

std::vector<std::string> SentencePieceModel::pieces(std::string_view text) const {
  return encoded<std::vector<std::string>>(*processor_, text);
}
std::vector<std::int32_t> SentencePieceModel::ids(std::string_view text) const { return encoded<std::vector<int>>(*processor_, text); }
std::string SentencePieceModel::text_of(const std::vector<std::string>& pieces) const { return decoded(*processor_, pieces); }
std::string SentencePieceModel::text_of(const std::vector<int>& ids) const { return decoded(*processor_, ids); }
std::int64_t SentencePieceModel::size() const { return processor_->GetPieceSize(); }
const std::string& SentencePieceModel::piece_of(std::int32_t id) const { return processor_->IdToPiece(id); }

std::optional<std::int32_t> SentencePieceModel::id_of(std::string_view piece) const {
  const int id = processor_->PieceToId(piece);  // the unknown token's where there is none
  if (processor_->IdToPiece(id) != piece) return std::nullopt;
  return id;
}

std::string SentencePieceTokenizer::decode(std::span<const std::int32_t> ids) const {
  for (const std::int32_t id : ids)
    if (id < 0 || id >= vocab_size()) refuse_id(id, vocab_size());
  return model_.text_of(std::vector<int>(ids.begin(), ids.end()));
}

}  // namespace attend
