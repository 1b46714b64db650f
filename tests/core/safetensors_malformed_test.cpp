// Malformed safetensors files, kind by kind, and the valid ones at the edge. scripts/make_malformed_safetensors.py writes
// the same kinds as files and compares the verdicts with the reference reader's.
#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/safetensors.h"
#include "tests/support/temp_folder.h"

namespace attend {
namespace {

using namespace std::string_literals;

const std::string kGood = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";

std::string with_length(std::uint64_t length, const std::string& rest) {
  std::string file(sizeof length, '\0');
  std::memcpy(file.data(), &length, sizeof length);
  return file + rest;
}

std::string packed(const std::string& header, std::size_t data_bytes = 8) {
  return with_length(header.size(), header + std::string(data_bytes, '\0'));
}

struct Fields {
  std::string shape = "[2]", offsets = "[0,8]", dtype = R"("F32")", name = R"("a")", more = "";
};

std::string tensor(const Fields& fields) {
  return "{" + fields.name + R"(:{"dtype":)" + fields.dtype + R"(,"shape":)" + fields.shape + R"(,"data_offsets":)" + fields.offsets +
         fields.more + "}}";
}

struct Two {
  std::string first, second, first_shape = "[1]", second_shape = "[1]";
};

std::string two(const Two& places) {
  return R"({"a":{"dtype":"F32","shape":)" + places.first_shape + R"(,"data_offsets":)" + places.first +
         R"(},"b":{"dtype":"F32","shape":)" + places.second_shape + R"(,"data_offsets":)" + places.second + "}}";
}

std::string repeated(const std::string& text, std::size_t count) {
  std::string result;
  for (std::size_t i = 0; i < count; ++i) result += text;
  return result;
}

struct Kind {
  std::string name, file;
};

/// Empty where the file is accepted, else the message. Any other exception than UserError ends the test.
std::string refusal(const std::string& file) {
  // Of the exact size on the heap, so that the address sanitizer sees a read past the end.
  const std::vector<char> exact(file.begin(), file.end());
  try {
    parse_safetensors(std::as_bytes(std::span(exact)), "x.safetensors");
    return "";
  } catch (const UserError& error) {
    return error.what();
  }
}

void check_refused(const std::vector<Kind>& kinds) {
  for (const Kind& kind : kinds) {
    INFO(kind.name);
    const std::string message = refusal(kind.file);
    CHECK_FALSE(message.empty());
    CHECK(message.starts_with("x.safetensors"));
  }
}

}  // namespace

TEST_CASE("safetensors cut short or with more bytes than tensors are refused") {
  const std::string whole = packed(kGood);
  REQUIRE(refusal(whole).empty());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO("cut after " << size << " bytes");
    CHECK_FALSE(refusal(whole.substr(0, size)).empty());
  }
  check_refused(
      {{"trailing byte", whole + "x"}, {"trailing kilobyte", whole + std::string(1024, 'x')}, {"data without tensors", packed("{}", 1)}});
}

TEST_CASE("safetensors whose header length lies are refused") {
  const std::string rest = kGood + std::string(8, '\0');
  for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{1}, kGood.size() - 1, kGood.size() + 1, kGood.size() + 8,
                                     kGood.size() + 9, std::uint64_t{100'000'000}, std::uint64_t{100'000'001}, std::uint64_t{1} << 31,
                                     std::uint64_t{1} << 32, std::uint64_t{1} << 63, ~std::uint64_t{0}, ~std::uint64_t{7}}) {
    INFO("length " << length);
    CHECK_FALSE(refusal(with_length(length, rest)).empty());
  }
}

TEST_CASE("safetensors whose header is not one JSON object of UTF-8 are refused") {
  check_refused({
      {"array", packed("[" + kGood + "]")},
      {"null", packed("null", 0)},
      {"text", packed(R"("abc")", 0)},
      {"unclosed", packed(kGood.substr(0, kGood.size() - 1))},
      {"second document", packed(kGood + kGood)},
      {"trailing letter", packed(kGood + "x")},
      {"trailing NUL", packed(kGood + "\0"s)},
      {"trailing comma", packed(kGood.substr(0, kGood.size() - 1) + ",}")},
      {"comment", packed("{/**/" + kGood.substr(1))},
      {"leading space", packed(" " + kGood)},
      {"NaN", packed(tensor({.shape = "[NaN]"}))},
      {"byte-order mark", packed("\xEF\xBB\xBF" + kGood)},
      {"UTF-16", packed("{\0\"\0a\0\"\0:\0}\0"s, 0)},
      {"not UTF-8", packed(tensor({.name = "\"\xFF\""}))},
      {"overlong", packed(tensor({.name = "\"\xC0\xAF\""}))},
      {"surrogate", packed(tensor({.name = "\"\xED\xA0\x80\""}))},
      {"lone surrogate escape", packed(tensor({.name = R"("\ud800")"}))},
      {"raw newline", packed(tensor({.name = "\"a\nb\""}))},
      {"nested arrays", packed(R"({"a":)" + std::string(100'000, '['), 0)},
      {"nested objects", packed(repeated(R"({"a":)", 100'000), 0)},
      {"nested in metadata", packed(R"({"__metadata__":)" + std::string(130, '[') + std::string(130, ']') + "}", 0)},
  });
}

TEST_CASE("safetensors with wrong fields are refused") {
  std::vector<Kind> kinds{
      {"no dtype", packed(R"({"a":{"shape":[2],"data_offsets":[0,8]}})")},
      {"no shape", packed(R"({"a":{"dtype":"F32","data_offsets":[0,8]}})")},
      {"no offsets", packed(R"({"a":{"dtype":"F32","shape":[2]}})")},
      {"entry null", packed(R"({"a":null})", 0)},
      {"entry list", packed(R"({"a":[1,2]})", 0)},
      {"unknown field", packed(tensor({.more = R"(,"comment":"x")"}))},
  };
  for (const char* dtype : {R"("F31")", R"("f32")", "32", "null", R"("")", R"("F32 ")", R"("C64")"}) {
    kinds.push_back({"dtype "s + dtype, packed(tensor({.dtype = dtype}))});
  }
  for (const char* shape : {"2", R"("2")", "null", "{}", "[-2]", "[-0]", "[2.0]", "[2e0]", R"(["2"])", "[true]", "[[2]]",
                            "[18446744073709551616]", "[1e400]"}) {
    kinds.push_back({"shape "s + shape, packed(tensor({.shape = shape}))});
  }
  for (const char* offsets : {"8", "[8]", "[0,8,8]", R"(["0","8"])", "[-8,0]", "[0.0,8.0]", "[8,0]", "null", R"({"0":0,"1":8})"}) {
    kinds.push_back({"offsets "s + offsets, packed(tensor({.offsets = offsets}))});
  }
  for (const char* metadata : {"[]", R"("pt")", "null", R"({"a":1})", R"({"a":null})", R"({"a":{"b":"c"}})"}) {
    kinds.push_back({"metadata "s + metadata, packed(R"({"__metadata__":)"s + metadata + "}", 0)});
  }
  check_refused(kinds);
}

TEST_CASE("safetensors whose sizes overflow or do not fit are refused") {
  check_refused({
      {"shape too small", packed(tensor({.shape = "[1]"}))},
      {"shape too large", packed(tensor({.shape = "[3]"}))},
      {"rank 0 of 8 bytes", packed(tensor({.shape = "[]"}))},
      {"empty of 8 bytes", packed(tensor({.shape = "[0]"}))},
      {"product is 2^64", packed(tensor({.shape = "[4294967296,4294967296]", .offsets = "[0,0]"}), 0)},
      {"product wraps to 2", packed(tensor({.shape = "[9223372036854775809,2]"}))},
      {"overflow before a zero", packed(tensor({.shape = "[9223372036854775807,9223372036854775807,0]", .offsets = "[0,0]"}), 0)},
      {"bytes wrap to 8", packed(tensor({.shape = "[4611686018427387906]"}))},
      {"dimension over int64", packed(tensor({.shape = "[0,9223372036854775808]", .offsets = "[0,0]"}), 0)},
      {"beyond the file", packed(tensor({.shape = "[4]", .offsets = "[0,16]"}))},
      {"offsets at 2^63", packed(tensor({.offsets = "[9223372036854775808,9223372036854775816]"}))},
      {"offsets all ones", packed(tensor({.shape = "[0]", .offsets = "[18446744073709551615,18446744073709551615]"}))},
      {"rank 9", packed(tensor({.shape = "[1,1,1,1,1,1,1,1,2]"}))},
  });
}

TEST_CASE("safetensors with holes, overlaps or unaligned tensors are refused") {
  check_refused({
      {"hole at start", packed(tensor({.shape = "[1]", .offsets = "[4,8]"}))},
      {"hole between", packed(two({"[0,4]", "[8,12]"}), 12)},
      {"hole at end", packed(two({"[0,4]", "[4,8]"}), 12)},
      {"the same bytes", packed(two({"[0,4]", "[0,4]"}), 4)},
      {"overlap", packed(two({"[0,8]", "[4,12]", "[2]", "[2]"}), 12)},
      {"one inside the other", packed(two({"[0,12]", "[4,8]", "[3]", "[1]"}), 12)},
      {"empty inside another", packed(two({"[0,8]", "[4,4]", "[2]", "[0]"}))},
      {"empty past the end", packed(tensor({.shape = "[0]", .offsets = "[8,8]"}))},
      {"unaligned",
       packed(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})", 5)},
  });
}

TEST_CASE("safetensors with duplicate or excessive names are refused") {
  const std::string entry = R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  const std::string escaped = R"("\u0061":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  std::string many = "{";
  for (int i = 0; i <= 100'000; ++i)
    many += (i ? R"(,"t)" : R"("t)") + std::to_string(i) + R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  check_refused({
      {"duplicate", packed("{" + entry + "," + entry + "}")},
      {"escaped duplicate", packed("{" + entry + "," + escaped + "}")},
      {"duplicate in metadata", packed(R"({"__metadata__":{"x":"1","x":"2"}})", 0)},
      {"duplicate metadata", packed(R"({"__metadata__":{},"__metadata__":{}})", 0)},
      {"duplicate field", packed(tensor({.more = R"(,"shape":[2])"}))},
      {"NUL in a name", packed(tensor({.name = R"("a\u0000b")"}))},
      {"name of 1025 bytes", packed(tensor({.name = '"' + std::string(1025, 'n') + '"'}))},
      {"100,001 tensors", packed(many + "}", 0)},
      {"millions of values", packed(R"({"__metadata__":[)" + repeated("0,", 2'000'000) + "0]}", 0)},
  });
}

TEST_CASE("safetensors at the edge of the rules are accepted") {
  const std::vector<Kind> kinds{
      {"plain", packed(kGood)},
      {"no tensors", packed("{}", 0)},
      {"only metadata", packed(R"({"__metadata__":{"format":"pt"}})", 0)},
      {"empty metadata", packed(R"({"__metadata__":{}})", 0)},
      {"padded with spaces", packed(kGood + "     ")},
      {"padded with a newline", packed(kGood + "\n")},
      {"spaces inside", packed(R"({ "a" : { "dtype" : "F32" , "shape" : [ 2 ] ,)"
                               "\n\t"
                               R"("data_offsets" : [ 0 , 8 ] } })")},
      {"empty tensor", packed(tensor({.shape = "[0]", .offsets = "[0,0]"}), 0)},
      {"empty with large dimensions", packed(tensor({.shape = "[0,4294967296,2147483647]", .offsets = "[0,0]"}), 0)},
      {"empty between", packed(two({"[0,4]", "[4,4]", "[1]", "[0]"}), 4)},
      {"empty at the start", packed(two({"[0,4]", "[0,0]", "[1]", "[0]"}), 4)},
      {"rank 0", packed(tensor({.shape = "[]", .offsets = "[0,4]"}), 4)},
      {"rank 8", packed(tensor({.shape = "[1,1,1,1,1,1,1,2]"}))},
      {"order reversed", packed(two({"[4,8]", "[0,4]"}))},
      {"fields reordered", packed(R"({"a":{"data_offsets":[0,8],"shape":[2],"dtype":"F32"}})")},
      {"empty name", packed(tensor({.name = R"("")"}))},
      {"name in Unicode", packed(tensor({.name = "\"\xC3\xBC\xE4\xB8\xAD\xF0\x9F\x98\x80\""}))},
      {"name of 1024 bytes", packed(tensor({.name = '"' + std::string(1024, 'n') + '"'}))},
      {"header of odd length", packed(kGood.size() % 2 ? kGood : kGood + " ")},
  };
  for (const Kind& kind : kinds) {
    INFO(kind.name);
    CHECK(refusal(kind.file) == "");
  }
}

TEST_CASE("safetensors of every dtype are accepted and no other size is") {
  const std::map<std::string, int> sizes{{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1},
                                         {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},
                                         {"U32", 4},  {"F32", 4}, {"I64", 8}, {"U64", 8},     {"F64", 8}};
  for (const auto& [dtype, size] : sizes) {
    INFO(dtype);
    const auto file = [&](int bytes) {
      return packed(tensor({.shape = "[3]", .offsets = "[0," + std::to_string(bytes) + "]", .dtype = '"' + dtype + '"'}), bytes);
    };
    CHECK(refusal(file(3 * size)) == "");
    CHECK_FALSE(refusal(file(3 * size + 1)).empty());
  }
}

TEST_CASE("every single changed byte of a safetensors header is survived") {
  const std::string good = packed(two({"[0,4]", "[4,8]"}));
  int accepted = 0;
  for (std::size_t at = 0; at + 8 < good.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = good;
      changed[at] = static_cast<char>(byte);
      accepted += refusal(changed).empty() ? 1 : 0;
    }
  }
  // Of the changes only those inside a name may pass, and the unchanged file, once for each byte.
  CHECK(accepted > static_cast<int>(good.size() - 8));
  CHECK(accepted < static_cast<int>(good.size()) + 2 * 256 + 64);
}

namespace {

const std::string kOne = "model-00001-of-00002.safetensors", kOther = "model-00002-of-00002.safetensors";

std::string shard(const std::vector<std::string>& names) {
  std::string header = "{";
  for (std::size_t i = 0; i < names.size(); ++i) {
    header += (i ? ",\"" : "\"") + names[i] + R"(":{"dtype":"F32","shape":[2],"data_offsets":[)" + std::to_string(8 * i) + "," +
              std::to_string(8 * i + 8) + "]}";
  }
  return packed(header + "}", 8 * names.size());
}

/// Empty where the folder loads, else the message.
std::string sharded_refusal(const std::string& index, const std::map<std::string, std::string>& files) {
  const TempFolder folder;
  write_text(folder / "model.safetensors.index.json", index);
  for (const auto& [name, content] : files) write_text(folder / name, content);
  try {
    const auto reader = SafetensorsReader::open_folder(folder.path());
    return reader.tensors().size() == 2 ? "" : "a wrong number of tensors";
  } catch (const UserError& error) {
    return error.what();
  }
}

std::string index_of(const std::map<std::string, std::string>& weights) {
  std::string entries;
  for (const auto& [name, file] : weights) entries += (entries.empty() ? "\"" : ",\"") + name + "\":" + file;
  return R"({"metadata":{"total_size":16},"weight_map":{)" + entries + "}}";
}

std::string quoted(const std::string& text) { return '"' + text + '"'; }

}  // namespace

TEST_CASE("a sharded index that does not fit its shards is refused") {
  const std::map<std::string, std::string> files{{kOne, shard({"a"})}, {kOther, shard({"b"})}};
  const auto with_a_in = [&](const std::string& file) { return index_of({{"a", file}, {"b", quoted(kOther)}}); };
  const std::string good = with_a_in(quoted(kOne));
  REQUIRE(sharded_refusal(good, files) == "");

  CHECK(sharded_refusal(good, {{kOne, shard({"a"})}}).find("missing") != std::string::npos);
  CHECK_FALSE(sharded_refusal(good, {{kOne, shard({"a"})}, {kOther, shard({"b"}).substr(0, 69)}}).empty());
  CHECK_FALSE(sharded_refusal(good, {{kOne, shard({"a"})}, {kOther, shard({"a", "b"})}}).empty());
  CHECK_FALSE(sharded_refusal(good, {{kOne, shard({"a", "c"})}, {kOther, shard({"b"})}}).empty());
  CHECK_FALSE(sharded_refusal(index_of({{"a", quoted(kOther)}, {"b", quoted(kOne)}}), files).empty());
  CHECK_FALSE(sharded_refusal(index_of({{"a", quoted(kOne)}, {"b", quoted(kOther)}, {"c", quoted(kOne)}}), files).empty());
  for (const std::string& file : {"../" + kOne, "/etc/passwd"s, "x/" + kOne, R"(x\\)" + kOne, ".."s, "."s, ""s,
                                  kOne + R"(\u0000.safetensors)", "pytorch_model.bin"s}) {
    INFO(file);
    CHECK(sharded_refusal(with_a_in(quoted(file)), files).find("plain file name") != std::string::npos);
  }
  for (const std::string& index :
       {with_a_in("1"), with_a_in("null"), R"({"metadata":{}})"s, R"({"weight_map":["a"]})"s, R"({"weight_map":{}})"s, "[]"s, ""s,
        good.substr(0, good.size() - 1), index_of({{"a", quoted(kOne) + ",\"a\":" + quoted(kOne)}, {"b", quoted(kOther)}})}) {
    INFO(index);
    CHECK_FALSE(sharded_refusal(index, files).empty());
  }
}

}  // namespace attend
