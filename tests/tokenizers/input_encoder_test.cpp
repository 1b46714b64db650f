#include "tokenizers/input_encoder.h"

#include <catch2/catch.hpp>

#include "core/log.h"
#include "tests/support/refusal.h"
#include "tests/support/temp_folder.h"
#include "tokenizers/byte_bpe_trainer.h"

namespace attend {
namespace {

using Ids = std::vector<std::int32_t>;

struct Folders {
  TempFolder folder;
  std::filesystem::path gpt = folder / "gpt", bert = folder / "bert";
  Folders() {
    set_log_level(LogLevel::kQuiet);
    write_text(folder / "text.txt", "the cat sees the dog\nand the dog sees the cat\n");
    train_byte_bpe_tokenizer({.files = {folder / "text.txt"}, .vocabulary = {.model = BytePieces::kChar}}, gpt);
    std::filesystem::create_directory(bert);
    write_text(bert / "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\ncat\ndog\n");
  }
};

TEST_CASE("BERT's input has its template and segments") {
  const Folders folders;
  const auto encoder = load_input_encoder(folders.bert);
  CHECK(encoder->encode("the cat", std::nullopt, 10).ids == Ids{2, 5, 6, 3});
  const EncodedText pair = encoder->encode("the cat", "dog", 10);
  CHECK(pair.ids == Ids{2, 5, 6, 3, 7, 3});
  CHECK(pair.type_ids == Ids{0, 0, 0, 0, 1, 1});
  CHECK(encoder->encode("the cat", "dog", 5).num_removed == 1);
  CHECK(encoder->num_pair_segments() == 2);
  CHECK(encoder->vocab_size() == 8);
}

TEST_CASE("GPT's input is the text alone; a pair has a line break between, an empty text is the end of text") {
  const Folders folders;
  const ByteBpeTokenizer tokenizer(folders.gpt);
  const auto encoder = load_input_encoder(folders.gpt);
  const EncodedText text = encoder->encode("the cat", std::nullopt, 10);
  CHECK(text.ids == tokenizer.encode("the cat"));
  CHECK(text.type_ids == Ids(7, 0));
  CHECK(encoder->encode("the cat", "a dog", 20).ids == tokenizer.encode("the cat\na dog"));
  CHECK(encoder->encode("the cat", "", 20).ids == tokenizer.encode("the cat\n"));
  CHECK(encoder->encode("", std::nullopt, 20).ids == Ids{*tokenizer.end_of_text_id()});
  CHECK(encoder->encode("", "", 20).ids == tokenizer.encode("\n"));
  CHECK(encoder->num_pair_segments() == 1);
  CHECK(encoder->fingerprint() == tokenizer.fingerprint());
}

TEST_CASE("what is too long for GPT is cut at its end, of a pair the longer text first") {
  const Folders folders;
  const ByteBpeTokenizer tokenizer(folders.gpt);
  const auto encoder = load_input_encoder(folders.gpt);
  const EncodedText text = encoder->encode("the cat", std::nullopt, 3);
  CHECK(text.ids == tokenizer.encode("the"));
  CHECK(text.num_removed == 4);
  for (const auto& [most, expected] :
       {std::pair{13, "the cat\na dog"}, std::pair{12, "the ca\na dog"}, std::pair{11, "the c\na dog"}, std::pair{10, "the \na dog"},
        std::pair{9, "the \na do"}, std::pair{3, "t\na"}, std::pair{1, "\n"}}) {
    const EncodedText pair = encoder->encode("the cat", "a dog", most);
    INFO(most);
    CHECK(pair.ids.size() == static_cast<std::size_t>(most));
    CHECK(pair.num_removed == 13 - most);
    if (most != 10) CHECK(tokenizer.decode(pair.ids) == expected);
  }
  CHECK_THAT(refusal_of([&] { encoder->encode("the", "cat", 0); }), Catch::Contains("line break"));
}

TEST_CASE("an encoder is saved as its tokenizer, and a folder without one is refused") {
  const Folders folders;
  for (const auto& folder : {folders.gpt, folders.bert}) {
    load_input_encoder(folder)->save(folders.folder / "copy", 77);
    const auto copy = load_input_encoder(folders.folder / "copy");
    CHECK(copy->fingerprint() == load_input_encoder(folder)->fingerprint());  // the ids are the same, whatever their number
    CHECK(copy->max_length() == 77);
    std::filesystem::remove_all(folders.folder / "copy");
  }
  CHECK_THAT(refusal_of([&] { load_input_encoder(folders.folder.path()); }), Catch::Contains("holds no tokenizer"));
}

TEST_CASE("special tokens that are asked for are learnt as the last ids") {
  const Folders folders;
  train_byte_bpe_tokenizer(
      {.files = {folders.folder / "text.txt"}, .vocabulary = {.vocab_size = 270}, .special_tokens = {"<|a|>", "<|b|>"}},
      folders.folder / "special");
  const ByteBpeTokenizer tokenizer(folders.folder / "special");
  const std::int64_t size = tokenizer.vocab_size();
  CHECK(size <= 270);
  CHECK(tokenizer.end_of_text_id() == size - 3);
  CHECK(tokenizer.id_of("<|a|>") == size - 2);
  CHECK(tokenizer.is_special(static_cast<std::int32_t>(size - 1)));
  CHECK(tokenizer.encode("<|b|>") == Ids{static_cast<std::int32_t>(size - 1)});
  CHECK_THAT(refusal_of([&] {
               train_byte_bpe_tokenizer(
                   {.files = {folders.folder / "text.txt"}, .vocabulary = {.vocab_size = 258}, .special_tokens = {"<|a|>", "<|b|>"}},
                   folders.folder / "x");
             }),
             Catch::Contains("expected 259"));
}

}  // namespace
}  // namespace attend
