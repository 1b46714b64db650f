#include "tokenizers/sentencepiece_check.h"

#include <sentencepiece_processor.h>

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>

#include "core/error.h"
#include "core/random.h"
#include "tests/tokenizers/small_text.h"
#include "tokenizers/sentencepiece_tokenizer.h"

namespace attend {
namespace {

namespace fs = std::filesystem;

// A protobuf message written by hand: fields of the SentencePiece model format.
std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
std::string number(int field, std::uint64_t value) { return varint(static_cast<std::uint64_t>(field) << 3) + varint(value); }
std::string bytes(int field, const std::string& content) {
  return varint(static_cast<std::uint64_t>(field) << 3 | 2) + varint(content.size()) + content;
}
std::string real(int field, float value) {
  std::string result = varint(static_cast<std::uint64_t>(field) << 3 | 5);
  result.append(reinterpret_cast<const char*>(&value), sizeof value);
  return result;
}
std::string piece(const std::string& text, float score, int type) {
  return bytes(1, bytes(1, text) + real(2, score) + number(3, static_cast<std::uint64_t>(type)));
}

const std::string kUnknown = piece("<unk>", 0, 2);
const std::string kSound = kUnknown + piece("a", -1, 1) + piece("\xe2\x96\x81", -2, 1);

// A normaliser's table of one block of 256 units, with unit `at` set, and one replacement.
std::string table(std::size_t at, std::uint32_t unit, std::string replacements = std::string("x\0", 2)) {
  std::vector<std::uint32_t> units(256, 0);
  units[at] = unit;
  const std::uint32_t size = 1024;
  std::string result(reinterpret_cast<const char*>(&size), sizeof size);
  result.append(reinterpret_cast<const char*>(units.data()), size);
  return result + replacements;
}
std::string with_table(const std::string& content) { return kSound + bytes(3, bytes(2, content)); }

std::string refusal(const std::string& model) {
  return user_error_of([&] { check_sentencepiece_model(model, "model.spm"); });
}

TEST_CASE("sound models pass, those that the library trains among them") {
  CHECK(refusal(kSound) == "");
  CHECK_NOTHROW(try_sentencepiece_model(kSound, "model.spm"));
  CHECK(refusal(with_table("")) == "");
  CHECK(refusal(with_table(table(0, 0))) == "");
  CHECK(refusal(read_text(small_tokenizer() / "source.spm")) == "");
  CHECK(refusal(kSound + number(99, 7)) == "");  // fields of a later version
}

TEST_CASE("each thing that the library takes on trust is checked") {
  struct Case {
    std::string model, expected;
  };
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  const std::uint32_t far_offset = (255u << 10) | (1u << 9);  // shifted by 8: block 255, where there is one block
  const Case cases[]{
      {"", "no pieces"},
      {"\x0a", "ends within a number"},
      {"\x0a\x7f", "claims 127 bytes where 0 are left"},
      {std::string("\x0a") + std::string(11, '\xff'), "longer than 64 bits"},
      {kSound + "\x0b", "wire type 3"},
      {kSound + std::string("\x00\x00", 2), "no valid number"},
      {kSound + number(1, 5), "wire type 0"},
      {piece("a", -1, 1), "0 unknown tokens"},
      {kSound + piece("<unk2>", 0, 2), "2 unknown tokens"},
      {kSound + piece("", 0, 1), "piece 3 is empty"},
      {kSound + piece("\xff", 0, 1), "piece 3 is not UTF-8"},
      {kSound + piece(std::string("a\0b", 3), 0, 1), "piece 3 is not UTF-8"},
      {kSound + piece(std::string(5000, 'a'), 0, 1), "5000 bytes"},
      {kSound + piece("b", nan, 1), "no finite score"},
      {kSound + piece("b", -infinity, 1), "no finite score"},
      {kSound + piece("b", 0, 7), "type 7"},
      {kSound + bytes(1, bytes(1, "b") + number(2, 5)), "score is stored as wire type 0"},
      {kSound + bytes(2, number(3, 9)), "model type is 9"},
      {kSound + bytes(2, number(42, 3)), "id 3 among 3 pieces"},
      {kSound + bytes(2, number(41, static_cast<std::uint64_t>(-2))), "id -2 among 3 pieces"},
      {kSound + bytes(2, bytes(45, "\xff")), "special token is not UTF-8"},
      {with_table("abc"), "cut short"},
      {with_table(std::string("\xff\xff\xff\x7f", 4)), "claims a trie of 2147483647 bytes"},
      {with_table(std::string("\x04\0\0\0abcd", 8)), "claims a trie of 4 bytes"},
      {with_table(table(0, 0, "")), "ends with NUL"},
      {with_table(table(0, 0, "x")), "ends with NUL"},
      {with_table(table(7, 0x80000002u)), "behind its replacements"},
      {with_table(table(7, far_offset)), "leads out of its table"},
      {kSound + bytes(5, bytes(2, "abc")), "cut short"},  // the denormaliser's table too
  };
  for (const Case& one : cases) {
    INFO(one.expected);
    CHECK_THAT(refusal(one.model), Catch::Contains(one.expected) && Catch::StartsWith("model.spm"));
  }
}

TEST_CASE("a model that the library refuses, or that hangs, costs the child alone") {
  CHECK_THAT(user_error_of([] { try_sentencepiece_model("nonsense", "model.spm"); }), Catch::Contains("refuses it"));
  // Two equal pieces: sound to us, refused by the library.
  CHECK_THAT(user_error_of([] { try_sentencepiece_model(kSound + piece("a", -1, 1), "model.spm"); }), Catch::Contains("refuses it"));
}

TEST_CASE("some hundred mutated files are refused or work, and never end the process") {
  const std::string sound = read_text(small_tokenizer() / "source.spm");
  const std::string texts[]{"Der Hund sieht.", "\xef\xbc\xa1 \xe3\x8d\xbf\xe2\x85\xa0 \xf0\x9f\x98\x80", "\xe1\x84\x80\xe1\x85\xa1",
                            " a  b\t\x01", "</s>\xe2\x96\x81"};
  RandomStream stream(3, "mutations");
  int refused = 0, loaded = 0;
  for (int i = 0; i < 400; ++i) {
    std::string model = sound;
    for (std::uint64_t changes = 1 + stream.below(4); changes > 0; --changes) {
      // Half of the changes fall into the pieces and settings, which are a few kilobytes beside the normaliser's table.
      std::uint64_t at = stream.below(2) ? stream.below(model.size()) : stream.below(std::min<std::uint64_t>(model.size(), 4000));
      if (i % 4 == 0) at = model.size() - 1 - stream.below(std::min<std::uint64_t>(model.size(), 300));
      switch (stream.below(4)) {
        case 0:
          model[at] = static_cast<char>(stream.next());
          break;
        case 1:
          model[at] = static_cast<char>(model[at] ^ (1 << stream.below(8)));
          break;
        case 2:
          model.erase(at, 1 + stream.below(8));
          break;
        default:
          model.resize(std::max<std::uint64_t>(at, 1));
          break;
      }
    }
    try {
      check_sentencepiece_model(model, "model.spm");
      try_sentencepiece_model(model, "model.spm");
    } catch (const UserError&) {
      ++refused;
      continue;
    }
    ++loaded;  // what passed is used here, in the test's own process
    sentencepiece::SentencePieceProcessor processor;
    REQUIRE(processor.LoadFromSerializedProto(model).ok());
    for (const std::string& text : texts) {
      std::vector<std::string> pieces;
      std::string decoded;
      CHECK(processor.Encode(text, &pieces).ok());
      CHECK(processor.Decode(pieces, &decoded).ok());
    }
  }
  CHECK(refused > 100);
  CHECK(loaded > 20);
}

TEST_CASE("whatever the work in the child does, nothing of the caller goes on there") {
  const pid_t here = ::getpid();
  const auto ask = [](const std::function<bool()>& work) { return ask_child(work, std::chrono::seconds(1)); };
  CHECK(ask([] { return true; }) == ChildAnswer::kYes);
  CHECK(ask([] { return false; }) == ChildAnswer::kNo);
  // An exception would run this frame's destructors in the child, too: they remove files.
  const TempFolder folder;
  {
    struct RemovesInTheChild {
      pid_t parent;
      fs::path path;
      ~RemovesInTheChild() {
        if (::getpid() != parent) fs::remove(path);
      }
    };
    write_text(folder / "kept", "x");
    const RemovesInTheChild remover{here, folder / "kept"};
    CHECK(ask([]() -> bool { throw std::bad_alloc(); }) == ChildAnswer::kNo);
    CHECK(::getpid() == here);
    CHECK(fs::exists(folder / "kept"));
  }
  CHECK(ask([]() -> bool { throw 7; }) == ChildAnswer::kNo);
  CHECK(ask([]() -> bool { std::abort(); }) == ChildAnswer::kCrashed);
  CHECK(ask([]() -> bool {
          while (true) ::pause();
        }) == ChildAnswer::kTooLate);
}

}  // namespace
}  // namespace attend
