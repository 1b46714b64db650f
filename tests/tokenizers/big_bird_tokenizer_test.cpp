// Big Bird's tokenizer against what BigBirdTokenizer of transformers 5.23 gave for the same vocabulary.
#include "tokenizers/big_bird_tokenizer.h"

#include <bit>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>

#include "core/log.h"
#include "tests/support/refusal.h"
#include "tests/support/temp_folder.h"
#include "tokenizers/input_encoder.h"
#include "tokenizers/sentencepiece_check.h"

namespace attend {
namespace {

using Catch::Contains;
using Ids = std::vector<std::int32_t>;

const std::vector<ModelPiece>& vocabulary() {
  static const std::vector<ModelPiece> pieces{{"<pad>", 0, PieceType::kControl},
                                              {"</s>", 0, PieceType::kControl},
                                              {"<s>", 0, PieceType::kControl},
                                              {"<unk>", 0, PieceType::kUnknown},
                                              {"▁", -3},
                                              {"▁the", -2},
                                              {"▁c", -3},
                                              {"at", -2.5},
                                              {"▁cat", -4},
                                              {"s", -3},
                                              {"▁is", -2.25},
                                              {"a", -4},
                                              {"t", -4},
                                              {"▁sat", -9}};
  return pieces;
}

Json tokenizer_json() {
  Json vocab = Json::array();
  for (const ModelPiece& piece : vocabulary()) vocab.push_back({piece.text, piece.score});
  return {{"version", "1.0"}, {"added_tokens", Json::array()}, {"model", {{"type", "Unigram"}, {"unk_id", 3}, {"vocab", vocab}}}};
}

/// A SentencePiece model file of the pieces.
std::string model_bytes(const std::vector<ModelPiece>& pieces) {
  std::string model;
  for (const ModelPiece& piece : pieces) {
    std::string message = "\x0a" + std::string(1, static_cast<char>(piece.text.size())) + piece.text + "\x15";
    const auto score = std::bit_cast<std::uint32_t>(static_cast<float>(piece.score));
    for (int shift = 0; shift < 32; shift += 8) message += static_cast<char>(score >> shift);
    message += "\x18" + std::string(1, static_cast<char>(piece.type));
    model += "\x0a" + std::string(1, static_cast<char>(message.size())) + message;
  }
  return model;
}

struct Folder {
  TempFolder folder;

  Folder() { set_log_level(LogLevel::kQuiet); }
  void write(const Json& json) const { write_text(folder / "tokenizer.json", json.dump()); }
  void configure(const Json& settings) const { write_text(folder / "tokenizer_config.json", settings.dump()); }
  void write_model(const std::vector<ModelPiece>& pieces) const { write_text(folder / "spiece.model", model_bytes(pieces)); }
  BigBirdTokenizer tokenizer() const { return BigBirdTokenizer(folder.path()); }
  std::string refusal() const {
    return refusal_of([&] { tokenizer(); });
  }
};

}  // namespace

TEST_CASE("ids and texts are transformers', from either file") {
  const Folder folder;
  SECTION("tokenizer.json") { folder.write(tokenizer_json()); }
  SECTION("spiece.model") { folder.write_model(vocabulary()); }
  const BigBirdTokenizer tokenizer = folder.tokenizer();
  CHECK(tokenizer.vocab_size() == 17);  // the vocabulary lacks three
  CHECK(tokenizer.sep_id() == 14);
  CHECK(tokenizer.cls_id() == 15);
  CHECK(tokenizer.mask_id() == 16);
  CHECK(tokenizer.pad_id() == 0);
  struct Case {
    const char* text;
    Ids ids;
    const char* decoded;
  };
  for (const Case& test : {Case{"the cat", {5, 8}, "the cat"}, Case{"the cats sat", {5, 8, 9, 4, 9, 7}, "the cats sat"},
                           Case{" the  cat ", {5, 8, 4}, "the cat "}, Case{"the [MASK] sat", {5, 16, 4, 9, 7}, "the sat"},
                           Case{"the[MASK]sat", {5, 16, 4, 9, 7}, "the sat"}, Case{"[CLS] s<unk>", {15, 4, 9, 3}, "s"},
                           Case{"the\tcat", {5, 3, 7}, "theat"}, Case{"", {}, ""}}) {
    INFO(test.text);
    CHECK(tokenizer.encode(test.text) == test.ids);
    CHECK(tokenizer.decode(test.ids) == test.decoded);
  }
  CHECK(tokenizer.encode("zz the") == Ids{4, 3, 5});  // neighbours that are unknown are one
  CHECK(tokenizer.pieces("the [MASK]") == std::vector<std::string>{"▁the", "[MASK]"});
  CHECK(tokenizer.id_of("[SEP]") == 14);
  CHECK_FALSE(tokenizer.id_of("dog"));
  CHECK_THAT(refusal_of([&] { tokenizer.decode(Ids{17}); }), Contains("17"));
}

TEST_CASE("symbols of the model are special, and take no spaces") {
  const Folder folder;
  auto pieces = vocabulary();
  for (const char* symbol : {"[CLS]", "[SEP]", "[MASK]"}) pieces.push_back({symbol, 0, PieceType::kUserDefined});
  folder.write_model(pieces);
  CHECK(folder.tokenizer().vocab_size() == 17);
  CHECK(folder.tokenizer().cls_id() == 14);
  CHECK(folder.tokenizer().encode("the [MASK] cat") == Ids{5, 4, 16, 8});
}

TEST_CASE("Big Bird's input has its template; segments where the folder asks for them") {
  const Folder folder;
  folder.write(tokenizer_json());
  const auto encoder = load_input_encoder(folder.folder.path());
  CHECK(encoder->encode("the cat", std::nullopt, 10).ids == Ids{15, 5, 8, 14});
  const EncodedText pair = encoder->encode("the cat sat the cat", "is is is", 8);
  CHECK(pair.ids == Ids{15, 5, 8, 4, 14, 10, 10, 14});
  CHECK(pair.num_removed == 5);
  CHECK(pair.type_ids == Ids(8, 0));
  CHECK(encoder->num_pair_segments() == 1);
  CHECK_THAT(refusal_of([&] { encoder->encode("the", "cat", 2); }), Contains("a maximum length of 2"));
  folder.configure({{"model_input_names", {"input_ids", "token_type_ids"}}, {"model_max_length", 4096}});
  const auto with_segments = load_input_encoder(folder.folder.path());
  CHECK(with_segments->encode("the cat", "is", 10).type_ids == Ids{0, 0, 0, 0, 1, 1});
  CHECK(with_segments->num_pair_segments() == 2);
  CHECK(with_segments->max_length() == 4096);
}

TEST_CASE("a saved tokenizer reads back the same") {
  const Folder folder;
  SECTION("tokenizer.json") { folder.write(tokenizer_json()); }
  SECTION("spiece.model") { folder.write_model(vocabulary()); }
  const TempFolder saved;
  load_input_encoder(folder.folder.path())->save(saved.path(), 512);
  const BigBirdTokenizer again(saved.path());
  CHECK(again.max_length() == 512);
  CHECK(again.encode("the [MASK] sat") == Ids{5, 16, 4, 9, 7});
}

TEST_CASE("what older folders say beside the vocabulary is followed, and saved with it") {
  const Folder folder;
  folder.write_model(vocabulary());
  const std::string plain = folder.tokenizer().fingerprint();
  write_text(folder.folder / "special_tokens_map.json", R"({"mask_token": "<m>"})");
  const BigBirdTokenizer read = folder.tokenizer();
  CHECK(read.piece(read.mask_id()) == "<m>");
  CHECK(read.fingerprint() != plain);
  const TempFolder saved;
  read.save(saved.path(), 0);
  const BigBirdTokenizer again(saved.path());
  CHECK(again.mask_id() == read.mask_id());
  CHECK(again.encode("the <m> cat") == read.encode("the <m> cat"));
}

TEST_CASE("a token that is null is none, and shifts no ids; one with a task must be there") {
  const Folder folder;
  folder.write(tokenizer_json());
  folder.configure({{"bos_token", "<begin>"}});
  const std::int64_t with = folder.tokenizer().vocab_size();
  folder.configure({{"bos_token", nullptr}});
  CHECK(folder.tokenizer().vocab_size() == with - 1);
  folder.configure({{"sep_token", nullptr}});
  CHECK_THAT(folder.refusal(), Contains("sep_token is null; expected a token"));
}

TEST_CASE("a long word takes time that grows with its length alone") {
  const Folder folder;
  folder.write(tokenizer_json());
  const auto start = std::chrono::steady_clock::now();
  CHECK(folder.tokenizer().encode(std::string(1'000'000, 'a')).size() == 1'000'001);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
}

TEST_CASE("tokenizers that are not Big Bird's are refused with a sentence") {
  const Folder folder;
  CHECK_THAT(folder.refusal(), Contains("has no spiece.model and no tokenizer.json"));
  folder.write_model({{"a", 0}});
  CHECK_THAT(folder.refusal(), Contains("it has 0 unknown tokens; expected one"));
  write_text(folder.folder / "spiece.model", "no model");
  CHECK_THAT(folder.refusal(), Contains("is not a sound SentencePiece model"));
  const auto changed = [&](const std::function<void(Json&)>& change) {
    Json json = tokenizer_json();
    change(json["model"]);
    folder.write(json);
    return folder.refusal();
  };
  CHECK_THAT(changed([](Json& model) { model["type"] = "BPE"; }), Contains("model is a 'BPE'; expected a Unigram model"));
  CHECK_THAT(changed([](Json& model) { model["byte_fallback"] = true; }), Contains("asks for byte_fallback"));
  CHECK_THAT(changed([](Json& model) { model["vocab"] = Json::array(); }), Contains("'vocab' is no list"));
  CHECK_THAT(changed([](Json& model) { model["vocab"][5] = "the"; }), Contains("is not a piece and its score"));
  folder.write(tokenizer_json());
  Json scored = tokenizer_json();
  scored["model"]["vocab"][3][1] = -1.0;
  folder.write(scored);
  CHECK_THAT(folder.refusal(), Contains("the unknown token has a score that is not 0"));
  folder.write(tokenizer_json());
  folder.configure({{"tokenizer_class", "PreTrainedTokenizerFast"}});  // transformers then follows more of tokenizer.json
  CHECK_THAT(folder.refusal(), Contains("expected BigBirdTokenizer"));
  folder.configure({{"tokenizer_class", "XLNetTokenizer"}});
  CHECK_THAT(folder.refusal(), Contains("tokenizer_class is 'XLNetTokenizer'; expected BigBirdTokenizer"));
}

}  // namespace attend
