#include "tokenizers/byte_bpe_tokenizer.h"

#include <limits>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"
#include "tokenizers/byte_bpe_parts.h"
#include "tokenizers/gpt2_splitter.h"
#include "tokenizers/tokenizer_settings.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

/// Takes words and collects their ids.
class IdCollector {
 public:
  IdCollector(const ByteBpeParts& parts, std::vector<std::int32_t>& out) : parts_(parts), out_(out) {}

  void put(std::string_view word) {
    if (const std::int32_t id = parts_.words.find(word, WordTable::hash_of(word)); id >= 0) {
      out_.push_back(id);
      return;
    }
    spell(word);
    parts_.merger.merge(ids_, scratch_);
    out_.insert(out_.end(), ids_.begin(), ids_.end());
  }

 private:
  void spell(std::string_view word) {
    ids_.clear();
    bool is_behind_unk = false;
    for (std::size_t at = 0; at < word.size(); ++at) {
      const std::int32_t id = parts_.byte_ids[static_cast<unsigned char>(word[at])];
      const bool is_unk = id < 0;
      if (is_unk && !parts_.byte_unk_id) refuse(word, at);
      if (is_unk && is_behind_unk && parts_.files.fuse_unk) continue;
      is_behind_unk = is_unk;
      ids_.push_back(is_unk ? *parts_.byte_unk_id : id);
    }
  }

  [[noreturn]] void refuse(std::string_view word, std::size_t at) const {
    std::size_t begin = at;
    while (begin > 0 && (static_cast<unsigned char>(word[begin]) & 0xC0) == 0x80) --begin;
    throw UserError("the text has '" + excerpt(word.substr(begin, utf8_at(word, begin).length)) +
                        "', which the tokenizer's vocabulary of " + std::to_string(parts_.pieces.size()) + " ids cannot spell",
                    "leave it out, or use a tokenizer whose text had it");
  }

  const ByteBpeParts& parts_;
  std::vector<std::int32_t>& out_;
  std::vector<std::int32_t> ids_;
  BytePairMerger::Scratch scratch_;
};

/// The text between added tokens.
void collect_words(std::string_view text, const ByteBpeParts& parts, IdCollector& collector) {
  const auto put = [&](std::string_view word) { collector.put(word); };
  if (parts.files.add_prefix_space && !text.starts_with(' '))
    for_each_gpt2_word(" " + std::string(text), put);
  else
    for_each_gpt2_word(text, put);
}

template <class PutText, class PutToken>
void for_each_part(const AddedTokenFinder& finder, std::string_view text, const PutText& put_text, const PutToken& put_token) {
  if (finder.empty()) return put_text(text);
  for (const auto& [begin, end, token] : finder.split(text)) {
    if (token)
      put_token(token->id);
    else
      put_text(text.substr(begin, end - begin));
  }
}

void collect(std::string_view text, const ByteBpeParts& parts, std::vector<std::int32_t>& ids) {
  IdCollector collector(parts, ids);
  const auto put_token = [&](std::int32_t id) { ids.push_back(id); };
  const auto put_words = [&](std::string_view part) { collect_words(part, parts, collector); };
  for_each_part(
      parts.tokens, text, [&](std::string_view part) { for_each_part(parts.normalized_tokens, part, put_words, put_token); }, put_token);
}

}  // namespace

ByteBpeTokenizer::ByteBpeTokenizer(const fs::path& folder) : parts_(std::make_unique<const ByteBpeParts>(folder)) {}
ByteBpeTokenizer::~ByteBpeTokenizer() = default;
ByteBpeTokenizer::ByteBpeTokenizer(ByteBpeTokenizer&&) noexcept = default;

std::vector<std::int32_t> ByteBpeTokenizer::encode(std::string_view text) const {
  if (text.size() >= std::numeric_limits<std::int32_t>::max()) throw UserError("a text of 2 GiB and more cannot be tokenised in one piece");
  std::vector<std::int32_t> ids;
  if (text.empty()) return ids;
  ids.reserve(text.size() / 4 + 1);
  if (is_valid_utf8(text))
    collect(text, *parts_, ids);
  else
    collect(repair_utf8(text), *parts_, ids);
  return ids;
}

std::vector<std::string> ByteBpeTokenizer::pieces(std::string_view text) const {
  std::vector<std::string> found;
  for (const std::int32_t id : encode(text)) found.push_back(parts_->pieces[static_cast<std::size_t>(id)]);
  return found;
}

std::string ByteBpeTokenizer::decode(std::span<const std::int32_t> ids) const {
  std::string text;
  for (const std::int32_t id : ids) {
    if (id < 0 || id >= vocab_size())
      throw UserError("token id " + std::to_string(id) + " is not in the vocabulary; expected 0 to " + std::to_string(vocab_size() - 1));
    if (!is_special(id)) text += bytes(id);
  }
  return repair_utf8(text);
}

std::optional<std::int32_t> ByteBpeTokenizer::id_of(std::string_view piece) const {
  const auto found = parts_->ids.find(piece);
  return found == parts_->ids.end() ? std::nullopt : std::optional(found->second);
}

std::int64_t ByteBpeTokenizer::vocab_size() const { return static_cast<std::int64_t>(parts_->pieces.size()); }
std::optional<std::int32_t> ByteBpeTokenizer::unknown_id() const { return parts_->byte_unk_id; }
const std::string& ByteBpeTokenizer::bytes(std::int32_t id) const { return parts_->bytes[static_cast<std::size_t>(id)]; }
bool ByteBpeTokenizer::is_special(std::int32_t id) const { return parts_->special[static_cast<std::size_t>(id)]; }
std::optional<std::int32_t> ByteBpeTokenizer::end_of_text_id() const { return parts_->eos_id; }
std::optional<std::int32_t> ByteBpeTokenizer::begin_of_text_id() const { return parts_->files.adds_bos ? parts_->bos_id : std::nullopt; }
bool ByteBpeTokenizer::adds_prefix_space() const { return parts_->files.add_prefix_space; }
const std::string& ByteBpeTokenizer::fingerprint() const { return parts_->fingerprint; }

void ByteBpeTokenizer::save(const fs::path& folder) const { write_byte_bpe_files(parts_->files, folder); }

std::int64_t ByteBpeTokenizer::max_length() const { return parts_->files.max_length; }

void ByteBpeTokenizer::save_for_batches(const fs::path& folder, std::int64_t max_length) const {
  ByteBpeFiles files = parts_->files;
  files.max_length = max_length;
  if (const auto end = end_of_text_id(); end && !files.pad) files.pad = bytes(*end);
  write_byte_bpe_files(files, folder);
}

bool ByteBpeTokenizer::present_in(const fs::path& folder) {
  if (!fs::is_regular_file(folder / kTokenizerFile))
    return fs::is_regular_file(folder / "vocab.json") && fs::is_regular_file(folder / "merges.txt");
  return read_file(folder / kTokenizerFile, limits::kTokenizerFileBytes).find("\"ByteLevel\"") != std::string::npos;
}

}  // namespace attend
