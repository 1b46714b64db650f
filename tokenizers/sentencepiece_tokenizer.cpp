#include "tokenizers/sentencepiece_tokenizer.h"

#include <sentencepiece_processor.h>
#include <utf8proc.h>

#include <iterator>
#include <unordered_map>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"
#include "tokenizers/sentencepiece_check.h"

// Exported by the library but in none of its installed headers.
namespace sentencepiece::logging {
void SetMinLogLevel(int level);  // NOLINT(readability-identifier-naming)
}

namespace attend {
namespace {

// The text is well-formed: the library's answer to other bytes differs between its versions.
template <class Result>
Result encoded(const sentencepiece::SentencePieceProcessor& processor, std::string_view text) {
  Result result;
  const auto status = processor.Encode(text, &result);
  if (!status.ok()) throw std::runtime_error("SentencePiece: " + status.ToString());
  return result;
}

constexpr std::string_view kSpace = "\xe2\x96\x81";  // U+2581, SentencePiece's sign for a space
constexpr char32_t kSpaceSign = 0x2581;
constexpr std::size_t kUnknownRun = 256;             // characters that the library may join; it copies what it has at each
constexpr std::size_t kShortText = 4 * kUnknownRun;  // bytes

/// A mark on the character before it, which a character that stands for itself may follow.
bool is_mark(char32_t code_point) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code_point))) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_LM:
      return true;
    default:
      return false;
  }
}

/// A character whose normal form depends on nothing beside it: no mark that would join the one before it, no part of a Hangul syllable.
bool stands_for_itself(char32_t code_point) {
  const bool is_jamo = (code_point >= 0x1100 && code_point < 0x1200) || (code_point >= 0xA960 && code_point < 0xA980) ||
                       (code_point >= 0xD7B0 && code_point < 0xD800);
  if (is_jamo || code_point == kSpaceSign) return false;
  if (is_mark(code_point)) return false;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code_point))) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    default:
      return true;
  }
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
  for (std::int32_t id = 0; id < size(); ++id)
    if (!processor_->IsControl(id) && !processor_->IsUnknown(id))
      for (const char32_t code_point : decode_utf8(piece_of(id))) characters_.insert(code_point);
}

SentencePieceModel::~SentencePieceModel() = default;

/// Whether the character is in no piece and is left as it is by the normaliser, so that it becomes part of an unknown piece wherever it
/// stands: two of them are one piece, behind the space that the library puts first.
bool SentencePieceModel::is_unknown_alone(char32_t code_point) const {
  if (characters_.contains(code_point) || !stands_for_itself(code_point)) return false;
  std::string twice;
  append_utf8(twice, code_point);
  twice += twice;
  std::string found;
  for (const std::string& piece : encoded<std::vector<std::string>>(*processor_, twice)) found += piece;
  return found == twice || found == std::string(kSpace) + twice;
}

/// Where a run of unknown characters is cut, about every kUnknownRun of them. The library joins them one by one, copying what it has: a run
/// of a million takes minutes. A cut stands in front of a character that is unknown wherever it stands, and so is in no piece together with
/// what is before it; behind such a one, or its marks. What stands on one side says nothing about the other.
std::vector<std::size_t> SentencePieceModel::cuts_of(std::string_view text) const {
  std::vector<std::size_t> cuts;
  if (text.size() < kShortText) return cuts;
  std::unordered_map<char32_t, bool> alone;
  std::size_t run = 0;  // characters that are in no piece
  bool may_cut = false;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Sequence sequence = utf8_at(text, at);
    const char32_t code_point = sequence.code_point;
    if (code_point == ' ' || characters_.contains(code_point)) {
      run = 0;
      may_cut = false;
    } else {
      const auto [entry, is_new] = alone.try_emplace(code_point, false);
      if (is_new) entry->second = is_unknown_alone(code_point);
      if (entry->second && may_cut && run >= kUnknownRun) {
        cuts.push_back(at);
        run = 0;
      }
      ++run;
      may_cut = entry->second || is_mark(code_point);
    }
    at += sequence.length;
  }
  return cuts;
}

std::vector<std::string> SentencePieceModel::pieces_of_parts(std::string_view text, const std::vector<std::size_t>& cuts) const {
  std::vector<std::string> all;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const std::size_t end = i < cuts.size() ? cuts[i] : text.size();
    auto part = encoded<std::vector<std::string>>(*processor_, text.substr(begin, end - begin));
    auto first = part.begin();
    if (begin > 0 && first != part.end()) {  // without the space that was put in front; the library joins neighbours that are unknown
      if (first->starts_with(kSpace)) first->erase(0, kSpace.size());
      if (first->empty()) ++first;
      if (first != part.end() && processor_->IsUnknown(processor_->PieceToId(all.back()))) all.back() += *first++;
    }
    all.insert(all.end(), std::make_move_iterator(first), std::make_move_iterator(part.end()));
    begin = end;
  }
  return all;
}

std::vector<std::string> SentencePieceModel::pieces(std::string_view text) const {
  if (!is_valid_utf8(text)) return pieces(repair_utf8(text));
  const std::vector<std::size_t> cuts = cuts_of(text);
  return cuts.empty() ? encoded<std::vector<std::string>>(*processor_, text) : pieces_of_parts(text, cuts);
}

std::vector<std::int32_t> SentencePieceModel::ids(std::string_view text) const {
  if (!is_valid_utf8(text)) return ids(repair_utf8(text));
  const std::vector<std::size_t> cuts = cuts_of(text);
  if (cuts.empty()) return encoded<std::vector<int>>(*processor_, text);
  std::vector<std::int32_t> ids;
  for (const std::string& piece : pieces_of_parts(text, cuts)) ids.push_back(processor_->PieceToId(piece));
  return ids;
}
std::string SentencePieceModel::text_of(const std::vector<std::string>& pieces) const { return decoded(*processor_, pieces); }
std::string SentencePieceModel::text_of(const std::vector<int>& ids) const { return decoded(*processor_, ids); }
std::int64_t SentencePieceModel::size() const { return processor_->GetPieceSize(); }
std::int32_t SentencePieceModel::unknown_id() const { return processor_->unk_id(); }
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
