#include "tokenizers/input_encoder.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "tokenizers/truncation.h"

namespace attend {
namespace {

class WordPieceEncoder final : public InputEncoder {
 public:
  explicit WordPieceEncoder(std::shared_ptr<const WordPieceTokenizer> tokenizer) : tokenizer_(std::move(tokenizer)) {}

  EncodedText encode(std::string_view text, std::optional<std::string_view> second, std::int64_t max_length) const override {
    EncodedInput input = tokenizer_->encode_input(text, second, max_length);
    EncodedText text_ids{.ids = std::move(input.ids), .type_ids = std::move(input.type_ids), .num_removed = input.num_removed};
    text_ids.unknown = unknown_share(text_ids.ids, input.words, tokenizer_->unk_id());
    return text_ids;
  }
  std::int64_t vocab_size() const override { return tokenizer_->vocab_size(); }
  std::string piece(std::int32_t id) const override { return tokenizer_->piece(id); }
  std::optional<std::int32_t> mask_id() const override { return tokenizer_->mask_id(); }
  bool is_special(std::int32_t id) const override { return tokenizer_->is_special(id); }
  std::int64_t num_closing_tokens() const override { return 1; }
  std::int64_t num_pair_segments() const override { return 2; }
  const std::string& fingerprint() const override { return tokenizer_->fingerprint(); }
  std::int64_t max_length() const override { return tokenizer_->max_length(); }
  void save(const std::filesystem::path& folder, std::int64_t max_length) const override { tokenizer_->save(folder, max_length); }

 private:
  std::shared_ptr<const WordPieceTokenizer> tokenizer_;
};

class BigBirdEncoder final : public InputEncoder {
 public:
  explicit BigBirdEncoder(std::shared_ptr<const BigBirdTokenizer> tokenizer) : tokenizer_(std::move(tokenizer)) {}

  EncodedText encode(std::string_view text, std::optional<std::string_view> second, std::int64_t max_length) const override {
    const std::int64_t around = second ? 3 : 2;
    if (max_length < around)
      throw UserError("a maximum length of " + std::to_string(max_length) +
                      " was asked for; the special tokens around the text alone are " + std::to_string(around));
    const std::vector<std::int32_t> first_ids = tokenizer_->encode(text);
    const std::vector<std::int32_t> second_ids = second ? tokenizer_->encode(*second) : std::vector<std::int32_t>{};
    const Kept lengths{static_cast<std::int64_t>(first_ids.size()), static_cast<std::int64_t>(second_ids.size())};
    const std::int64_t room = max_length - around;
    const Kept kept = second ? longest_first(lengths, room) : Kept{std::min(lengths.first, room), 0};
    EncodedText input{.ids = {tokenizer_->cls_id()}, .type_ids = {0}};
    input.num_removed = lengths.first + lengths.second - kept.first - kept.second;
    const auto add = [&](const std::vector<std::int32_t>& ids, std::int64_t count, std::int32_t segment) {
      const std::span<const std::int32_t> shown(ids.data(), static_cast<std::size_t>(count));
      input.unknown.add(shown, tokenizer_->unknown_id());
      input.ids.insert(input.ids.end(), shown.begin(), shown.end());
      input.ids.push_back(tokenizer_->sep_id());
      input.type_ids.resize(input.ids.size(), segment);
    };
    add(first_ids, kept.first, 0);
    if (second) add(second_ids, kept.second, tokenizer_->has_segments() ? 1 : 0);
    return input;
  }
  std::int64_t vocab_size() const override { return tokenizer_->vocab_size(); }
  std::string piece(std::int32_t id) const override { return tokenizer_->piece(id); }
  std::optional<std::int32_t> mask_id() const override { return tokenizer_->mask_id(); }
  bool is_special(std::int32_t id) const override { return tokenizer_->is_special(id); }
  std::int64_t num_closing_tokens() const override { return 1; }
  std::int64_t num_pair_segments() const override { return tokenizer_->has_segments() ? 2 : 1; }
  const std::string& fingerprint() const override { return tokenizer_->fingerprint(); }
  std::int64_t max_length() const override { return tokenizer_->max_length(); }
  void save(const std::filesystem::path& folder, std::int64_t max_length) const override { tokenizer_->save(folder, max_length); }

 private:
  std::shared_ptr<const BigBirdTokenizer> tokenizer_;
};

class ByteBpeEncoder final : public InputEncoder {
 public:
  explicit ByteBpeEncoder(std::shared_ptr<const ByteBpeTokenizer> tokenizer) : tokenizer_(std::move(tokenizer)) {
    if (!tokenizer_->end_of_text_id())
      throw UserError("the tokenizer has no end-of-text token; expected one, for a text that is empty",
                      "take a tokenizer that was made for GPT");
    end_of_text_ = *tokenizer_->end_of_text_id();
  }

  EncodedText encode(std::string_view text, std::optional<std::string_view> second, std::int64_t max_length) const override {
    EncodedText input{.ids = tokenizer_->encode(text)};
    if (second) {
      append_second(input, *second, max_length);
    } else {
      input.num_removed = std::max<std::int64_t>(0, static_cast<std::int64_t>(input.ids.size()) - max_length);
      input.ids.resize(input.ids.size() - static_cast<std::size_t>(input.num_removed));
    }
    input.unknown.add(input.ids, tokenizer_->unknown_id());
    if (input.ids.empty()) input.ids = {end_of_text_};
    input.type_ids.assign(input.ids.size(), 0);
    return input;
  }
  std::int64_t vocab_size() const override { return tokenizer_->vocab_size(); }
  std::string piece(std::int32_t id) const override { return repair_utf8(tokenizer_->bytes(id)); }
  std::optional<std::int32_t> mask_id() const override { return std::nullopt; }
  bool is_special(std::int32_t id) const override { return tokenizer_->is_special(id); }
  std::int64_t num_closing_tokens() const override { return 0; }
  std::int64_t num_pair_segments() const override { return 1; }
  const std::string& fingerprint() const override { return tokenizer_->fingerprint(); }
  std::int64_t max_length() const override { return tokenizer_->max_length(); }
  void save(const std::filesystem::path& folder, std::int64_t max_length) const override {
    tokenizer_->save_for_batches(folder, max_length);
  }

 private:
  void append_second(EncodedText& input, std::string_view second, std::int64_t max_length) const {
    std::vector<std::int32_t> ids = tokenizer_->encode(second);
    const std::vector<std::int32_t> line_break = tokenizer_->encode("\n");
    const auto room = static_cast<std::int64_t>(max_length) - static_cast<std::int64_t>(line_break.size());
    if (room < 0)
      throw UserError("a pair was to have at most " + std::to_string(max_length) +
                      " tokens; expected room for the line break between them");
    while (static_cast<std::int64_t>(input.ids.size() + ids.size()) > room) {
      (input.ids.size() > ids.size() ? input.ids : ids).pop_back();
      ++input.num_removed;
    }
    input.ids.insert(input.ids.end(), line_break.begin(), line_break.end());
    input.ids.insert(input.ids.end(), ids.begin(), ids.end());
  }

  std::shared_ptr<const ByteBpeTokenizer> tokenizer_;
  std::int32_t end_of_text_ = 0;
};

}  // namespace

std::shared_ptr<const InputEncoder> make_input_encoder(std::shared_ptr<const WordPieceTokenizer> tokenizer) {
  return std::make_shared<const WordPieceEncoder>(std::move(tokenizer));
}

std::shared_ptr<const InputEncoder> make_input_encoder(std::shared_ptr<const BigBirdTokenizer> tokenizer) {
  return std::make_shared<const BigBirdEncoder>(std::move(tokenizer));
}

std::shared_ptr<const InputEncoder> make_input_encoder(std::shared_ptr<const ByteBpeTokenizer> tokenizer) {
  return std::make_shared<const ByteBpeEncoder>(std::move(tokenizer));
}

std::shared_ptr<const InputEncoder> load_input_encoder(const std::filesystem::path& folder, LetterCase letter_case) {
  if (WordPieceTokenizer::present_in(folder)) return make_input_encoder(std::make_shared<const WordPieceTokenizer>(folder, letter_case));
  const bool is_byte_bpe = ByteBpeTokenizer::present_in(folder), is_big_bird = !is_byte_bpe && BigBirdTokenizer::present_in(folder);
  if ((is_byte_bpe || is_big_bird) && letter_case == LetterCase::kLower)
    throw UserError(folder.string() + ": do_lower_case is true; only WordPiece tokenizers can lower-case");
  if (is_byte_bpe) return make_input_encoder(std::make_shared<const ByteBpeTokenizer>(folder));
  if (is_big_bird) return make_input_encoder(std::make_shared<const BigBirdTokenizer>(folder));
  throw UserError(folder.string() + " holds no tokenizer; expected vocab.txt, vocab.json with merges.txt, spiece.model, or tokenizer.json",
                  "copy it beside the model from where it was trained");
}

}  // namespace attend
