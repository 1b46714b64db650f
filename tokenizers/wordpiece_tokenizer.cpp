#include "tokenizers/wordpiece_tokenizer.h"

#include <algorithm>
#include <array>
#include <limits>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"
#include "tokenizers/truncation.h"
#include "tokenizers/wordpiece_parts.h"

namespace fs = std::filesystem;

namespace attend {
namespace {

enum class Spans { kNo, kYes };

/// A cleaned text as bytes, each with where it came from.
struct NormalText {
  std::string bytes;
  std::vector<TextSpan> spans;

  void put(char32_t code_point, TextSpan span) {
    append_utf8(bytes, code_point);
    spans.resize(bytes.size(), span);
  }
};

/// Takes the code points of a cleaned text, cuts them into words and these into pieces.
template <Spans spans>
class PieceCollector {
 public:
  struct Settings {
    const PieceTable& table;
    std::int32_t unk_id;
    std::int64_t max_word_characters;
  };
  PieceCollector(const Settings& settings, WordPieces& out) : settings_(settings), classes_(bert_classes()), out_(out) {}

  void put(char32_t code_point, TextSpan span) {
    const std::uint8_t classes = classes_[code_point];
    if (!(classes & (bert_class::kSpace | bert_class::kPunctuation))) return append(code_point, span);
    finish_word();
    if (classes & bert_class::kSpace) return;
    append(code_point, span);
    finish_word();
  }

  void put_token(std::int32_t id, TextSpan span) { add(id, span, next_word()); }

  void finish_word() {
    if (num_characters_ == 0) return;
    const std::int32_t word = next_word();
    if (num_characters_ > settings_.max_word_characters || !settings_.table.split(bytes_, scratch_)) {
      add(settings_.unk_id, {first_.begin, last_.end}, word);
    } else {
      std::uint32_t begin = 0;
      for (const auto& [id, end] : scratch_.matches) {
        add(id, spans == Spans::kYes ? TextSpan{byte_spans_[begin].begin, byte_spans_[end - 1].end} : TextSpan{}, word);
        begin = end;
      }
    }
    num_characters_ = 0;
    bytes_.clear();
    if constexpr (spans == Spans::kYes) byte_spans_.clear();
  }

  /// All that follows is one word of a text cut by others.
  void set_word(std::int32_t word) { fixed_word_ = word; }

 private:
  std::int32_t next_word() { return fixed_word_ >= 0 ? fixed_word_ : num_words_++; }

  void append(char32_t code_point, TextSpan span) {
    if (num_characters_ == 0) first_ = span;
    last_ = span;
    if (++num_characters_ > settings_.max_word_characters) return;
    if (code_point < 0x80)
      bytes_ += static_cast<char>(code_point);
    else
      append_utf8(bytes_, code_point);
    if constexpr (spans == Spans::kYes) byte_spans_.resize(bytes_.size(), span);
  }

  void add(std::int32_t id, TextSpan span, std::int32_t word) {
    out_.ids.push_back(id);
    if constexpr (spans == Spans::kYes) {
      out_.spans.push_back(span);
      out_.words.push_back(word);
    }
  }

  Settings settings_;
  const std::uint8_t* classes_;
  WordPieces& out_;
  PieceTable::Scratch scratch_;
  std::string bytes_;                 // of the word; no more is kept than a word may have
  std::vector<TextSpan> byte_spans_;  // one a byte
  TextSpan first_, last_;
  std::int64_t num_characters_ = 0;
  std::int32_t num_words_ = 0, fixed_word_ = -1;
};

/// The text between tokens that were found before cleaning.
template <class Collector>
void collect_cleaned(std::string_view text, std::uint32_t offset, const WordPieceParts& parts, Collector& collector) {
  const auto put = [&](char32_t code_point, TextSpan span) { collector.put(code_point, span); };
  if (parts.normalized_tokens.empty()) {
    parts.normalizer.run(text, offset, put);
    collector.finish_word();
    return;
  }
  NormalText normal;
  parts.normalizer.run(text, offset, [&](char32_t code_point, TextSpan span) { normal.put(code_point, span); });
  for (const auto& [begin, end, token] : parts.normalized_tokens.split(normal.bytes)) {
    if (token) {
      collector.put_token(token->id, {normal.spans[begin].begin, normal.spans[end - 1].end});
      continue;
    }
    for (std::size_t at = begin; at < end;) {
      const Utf8Sequence sequence = utf8_at(normal.bytes, at);
      put(sequence.code_point, normal.spans[at]);
      at += sequence.length;
    }
    collector.finish_word();
  }
}

template <class Collector>
void collect(std::string_view text, const WordPieceParts& parts, Collector& collector) {
  if (text.size() >= std::numeric_limits<std::int32_t>::max()) throw UserError("a text of 2 GiB and more cannot be tokenised in one piece");
  for (const auto& [begin, end, token] : parts.tokens.split(text)) {
    if (token)
      collector.put_token(token->id, {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
    else
      collect_cleaned(text.substr(begin, end - begin), static_cast<std::uint32_t>(begin), parts, collector);
  }
}

template <Spans spans>
PieceCollector<spans> make_collector(const WordPieceParts& parts, WordPieces& out) {
  return PieceCollector<spans>({parts.table, parts.unk_id, parts.files.max_word_characters}, out);
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kCleaning{{{" .", "."},
                                                                                   {" ?", "?"},
                                                                                   {" !", "!"},
                                                                                   {" ,", ","},
                                                                                   {" ' ", "'"},
                                                                                   {" n't", "n't"},
                                                                                   {" 'm", "'m"},
                                                                                   {" 's", "'s"},
                                                                                   {" 've", "'ve"},
                                                                                   {" 're", "'re"}}};

void clean_spaces(std::string& text) {
  for (const auto& [from, to] : kCleaning) replace_all(text, from, to);
}

}  // namespace

UnknownShare unknown_share(std::span<const std::int32_t> ids, std::span<const std::int32_t> words, std::int32_t unk_id) {
  UnknownShare share;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (words[i] < 0) continue;
    ++share.tokens;
    share.unknown += ids[i] == unk_id;
  }
  return share;
}

WordPieceTokenizer::WordPieceTokenizer(const fs::path& folder, LetterCase letter_case) {
  WordPieceFiles files = read_wordpiece_files(folder);
  if (letter_case == LetterCase::kLower) files.normalization.lowercase = true;
  parts_ = std::make_unique<const WordPieceParts>(std::move(files), folder);
}
WordPieceTokenizer::~WordPieceTokenizer() = default;
WordPieceTokenizer::WordPieceTokenizer(WordPieceTokenizer&&) noexcept = default;

std::vector<std::int32_t> WordPieceTokenizer::encode(std::string_view text) const {
  WordPieces found;
  found.ids.reserve(text.size() / 4 + 1);
  auto collector = make_collector<Spans::kNo>(*parts_, found);
  collect(text, *parts_, collector);
  return std::move(found.ids);
}

std::vector<std::string> WordPieceTokenizer::pieces(std::string_view text) const {
  std::vector<std::string> found;
  for (const std::int32_t id : encode(text)) found.push_back(piece(id));
  return found;
}

WordPieces WordPieceTokenizer::encode_with_spans(std::string_view text) const {
  WordPieces found;
  auto collector = make_collector<Spans::kYes>(*parts_, found);
  collect(text, *parts_, collector);
  return found;
}

WordPieces WordPieceTokenizer::encode_words(const std::vector<std::string>& words) const {
  WordPieces found;
  auto collector = make_collector<Spans::kYes>(*parts_, found);
  for (std::size_t i = 0; i < words.size(); ++i) {
    collector.set_word(static_cast<std::int32_t>(i));
    collect(words[i], *parts_, collector);
  }
  return found;
}

std::string WordPieceTokenizer::decode(std::span<const std::int32_t> ids) const {
  const WordPieceFiles& files = parts_->files;
  std::string text;
  bool is_first = true;
  for (const std::int32_t id : ids) {
    if (id < 0 || id >= vocab_size())
      throw UserError("token id " + std::to_string(id) + " is not in the vocabulary; expected 0 to " + std::to_string(vocab_size() - 1));
    if (parts_->skipped[static_cast<std::size_t>(id)] || piece(id).empty()) continue;
    const auto cleaned = parts_->decoded.find(id);
    std::string part = cleaned == parts_->decoded.end() ? piece(id) : cleaned->second;
    if (!is_first) {
      if (files.has_decoder && part.starts_with(files.decoder_prefix))
        part.erase(0, files.decoder_prefix.size());
      else
        part.insert(0, 1, ' ');
    }
    is_first = false;
    if (files.has_decoder && files.decoder_cleans) {
      clean_spaces(part);
      replace_all(part, " do not", " don't");
    }
    text += part;
  }
  if (files.cleans_spaces) clean_spaces(text);
  return text;
}

std::optional<std::int32_t> WordPieceTokenizer::id_of(std::string_view piece) const {
  const auto found = parts_->ids.find(piece);
  return found == parts_->ids.end() ? std::nullopt : std::optional(found->second);
}

std::int64_t WordPieceTokenizer::vocab_size() const { return static_cast<std::int64_t>(parts_->pieces.size()); }

EncodedInput WordPieceTokenizer::encode_input(std::string_view text, std::optional<std::string_view> second, std::int64_t max_length,
                                              Truncation truncation) const {
  const WordPieces first_pieces = encode_with_spans(text);
  if (!second) return add_template(first_pieces, nullptr, max_length, truncation);
  const WordPieces second_pieces = encode_with_spans(*second);
  return add_template(first_pieces, &second_pieces, max_length, truncation);
}

namespace {

Kept truncated(Kept lengths, bool is_pair, std::int64_t room, Truncation truncation) {
  if (lengths.first + lengths.second <= room) return lengths;
  if (room == 0) return {0, 0};
  if (truncation == Truncation::kLongestFirst) return is_pair ? longest_first(lengths, room) : Kept{room, 0};
  const bool cut_first = truncation == Truncation::kOnlyFirst;
  if (!cut_first && !is_pair) throw UserError("the second text is to be cut, but there is none", "truncate the first");
  const std::int64_t other = cut_first ? lengths.second : lengths.first;
  if (other >= room)
    throw UserError("the text that is not to be cut has " + std::to_string(other) + " pieces, and there is room for " +
                        std::to_string(room) + " in all",
                    "raise the maximum length, or truncate the longest first");
  return cut_first ? Kept{room - other, other} : Kept{other, room - other};
}

}  // namespace

EncodedInput WordPieceTokenizer::add_template(const WordPieces& first, const WordPieces* second, std::int64_t max_length,
                                              Truncation truncation) const {
  const std::int64_t around = second ? 3 : 2;
  if (max_length < 0 || (max_length > 0 && max_length < around))
    throw UserError("a maximum length of " + std::to_string(max_length) + " was asked for; the special tokens around the text alone are " +
                    std::to_string(around));
  const Kept lengths{static_cast<std::int64_t>(first.ids.size()), second ? static_cast<std::int64_t>(second->ids.size()) : 0};
  const Kept kept = max_length == 0 ? lengths : truncated(lengths, second != nullptr, max_length - around, truncation);

  EncodedInput input;
  const auto size = static_cast<std::size_t>(kept.first + kept.second + around);
  input.ids.reserve(size);
  input.type_ids.reserve(size);
  input.spans.reserve(size);
  input.words.reserve(size);
  const auto add = [&](std::int32_t id, std::int32_t type, TextSpan span, std::int32_t word) {
    input.ids.push_back(id);
    input.type_ids.push_back(type);
    input.spans.push_back(span);
    input.words.push_back(word);
  };
  const auto add_text = [&](const WordPieces& pieces, std::int64_t count, std::int32_t type) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) add(pieces.ids[i], type, pieces.spans[i], pieces.words[i]);
    add(sep_id(), type, {}, -1);
  };
  add(cls_id(), 0, {}, -1);
  add_text(first, kept.first, 0);
  input.second_begin = static_cast<std::int64_t>(input.ids.size());
  if (second) add_text(*second, kept.second, 1);
  input.num_removed = lengths.first + lengths.second - kept.first - kept.second;
  return input;
}

std::int32_t WordPieceTokenizer::pad_id() const { return parts_->pad_id; }
std::int32_t WordPieceTokenizer::cls_id() const { return parts_->cls_id; }
std::int32_t WordPieceTokenizer::sep_id() const { return parts_->sep_id; }
std::int32_t WordPieceTokenizer::unk_id() const { return parts_->unk_id; }
std::optional<std::int32_t> WordPieceTokenizer::mask_id() const { return parts_->mask_id; }

const std::string& WordPieceTokenizer::piece(std::int32_t id) const { return parts_->pieces[static_cast<std::size_t>(id)]; }
bool WordPieceTokenizer::is_continuation(std::int32_t id) const {
  const std::string& prefix = parts_->files.continuation_prefix;
  return !prefix.empty() && piece(id).size() > prefix.size() && piece(id).starts_with(prefix);
}
bool WordPieceTokenizer::is_special(std::int32_t id) const { return parts_->special[static_cast<std::size_t>(id)]; }

bool WordPieceTokenizer::lowercases() const { return parts_->files.normalization.lowercase; }
std::int64_t WordPieceTokenizer::max_length() const { return parts_->files.max_length; }
const std::string& WordPieceTokenizer::fingerprint() const { return parts_->fingerprint; }

void WordPieceTokenizer::save(const fs::path& folder, std::optional<std::int64_t> max_length) const {
  WordPieceFiles files = parts_->files;
  files.max_length = max_length.value_or(files.max_length);
  write_wordpiece_files(files, folder);
}

bool WordPieceTokenizer::present_in(const fs::path& folder) {
  if (!fs::is_regular_file(folder / "tokenizer.json")) return fs::is_regular_file(folder / "vocab.txt");
  return read_file(folder / "tokenizer.json", limits::kTokenizerFileBytes).find("\"WordPiece\"") != std::string::npos;
}

}  // namespace attend
