#include "tokenizers/input_encoder.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/text.h"

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
  std::string token(std::int32_t id) const override { return tokenizer_->piece(id); }
  bool is_special(std::int32_t id) const override { return tokenizer_->is_special(id); }
  std::int64_t num_closing_tokens() const override { return 1; }
  std::int64_t num_pair_segments() const override { return 2; }
  const std::string& fingerprint() const override { return tokenizer_->fingerprint(); }
  std::int64_t max_length() const override { return tokenizer_->max_length(); }
  void save(const std::filesystem::path& folder, std::int64_t max_length) const override { tokenizer_->save(folder, max_length); }

 private:
  std::shared_ptr<const WordPieceTokenizer> tokenizer_;
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
  std::string token(std::int32_t id) const override { return repair_utf8(tokenizer_->bytes(id)); }
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

std::shared_ptr<const InputEncoder> make_input_encoder(std::shared_ptr<const ByteBpeTokenizer> tokenizer) {
  return std::make_shared<const ByteBpeEncoder>(std::move(tokenizer));
}

std::shared_ptr<const InputEncoder> load_input_encoder(const std::filesystem::path& folder, LetterCase letter_case) {
  if (WordPieceTokenizer::present_in(folder)) return make_input_encoder(std::make_shared<const WordPieceTokenizer>(folder, letter_case));
  if (ByteBpeTokenizer::present_in(folder) && letter_case == LetterCase::kLower)
    throw UserError(folder.string() + ": do_lower_case is true; only WordPiece tokenizers can lower-case");
  if (ByteBpeTokenizer::present_in(folder)) return make_input_encoder(std::make_shared<const ByteBpeTokenizer>(folder));
  throw UserError(folder.string() + " holds no tokenizer; expected vocab.txt, vocab.json with merges.txt, or tokenizer.json",
                  "copy it beside the model from where it was trained");
}

}  // namespace attend
