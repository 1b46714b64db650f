// Answers of a WordPieceTokenizer or ByteBpeTokenizer, whichever the folder has, a JSON line for each JSON line of standard input, for
// tests/parity/wordpiece_reference.py and byte_bpe_reference.py.
//
//   tokenizer_answers FOLDER [save FOLDER]
//
// Byte-level BPE: "text" -> ids                       {"ids": [...]} -> the decoded text
// WordPiece:
// "text" -> [ids, [begin, end, ...], words]          {"words": [...]} -> the same
// {"ids": [...]} -> the decoded text                 {"first": text, "second": text or null, "max_length": n, "truncation": 0..2} ->
//                                                     [ids, type_ids, spans, words, num_removed], or null where it is refused
// With a second folder: saves the tokenizer there.
#include <iostream>
#include <stdexcept>

#include "core/error.h"
#include "core/json.h"
#include "tokenizers/byte_bpe_tokenizer.h"
#include "tokenizers/wordpiece_tokenizer.h"

using namespace attend;

namespace {

Json flat(const std::vector<TextSpan>& spans) {
  Json all = Json::array();
  for (const TextSpan& span : spans) {
    all.push_back(span.begin);
    all.push_back(span.end);
  }
  return all;
}

Json answer(const WordPieces& found) { return Json::array({found.ids, flat(found.spans), found.words}); }

Json answer(const WordPieceTokenizer& tokenizer, const Json& request) {
  if (request.is_string()) {
    const auto text = request.get<std::string>();
    const WordPieces found = tokenizer.encode_with_spans(text);
    if (tokenizer.encode(text) != found.ids) throw std::runtime_error("encode and encode_with_spans differ");
    return answer(found);
  }
  if (request.contains("words")) return answer(tokenizer.encode_words(request["words"].get<std::vector<std::string>>()));
  if (request.contains("ids")) return tokenizer.decode(request["ids"].get<std::vector<std::int32_t>>());
  const auto second = request["second"].is_null() ? std::nullopt : std::optional(request["second"].get<std::string>());
  try {
    const EncodedInput input =
        tokenizer.encode_input(request["first"].get<std::string>(), second, request["max_length"].get<std::int64_t>(),
                               static_cast<Truncation>(request["truncation"].get<int>()));
    return Json::array({input.ids, input.type_ids, flat(input.spans), input.words, input.num_removed});
  } catch (const UserError&) {
    return nullptr;
  }
}

Json answer(const ByteBpeTokenizer& tokenizer, const Json& request) {
  if (request.is_string()) return tokenizer.encode(request.get_ref<const std::string&>());
  return tokenizer.decode(request["ids"].get<std::vector<std::int32_t>>());
}

template <class AnyTokenizer>
void run(const AnyTokenizer& tokenizer, const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    for (std::string line; std::getline(std::cin, line);) std::cout << answer(tokenizer, parse_json(line, "request")).dump() << '\n';
  } else {
    tokenizer.save(arguments[1]);
  }
}

}  // namespace

int main(int count, char** arguments) try {
  if (count != 2 && count != 4) throw std::runtime_error("usage: tokenizer_answers FOLDER [save FOLDER]");
  const std::filesystem::path folder = arguments[1];
  const std::vector<std::string> rest(arguments + 2, arguments + count);
  if (ByteBpeTokenizer::present_in(folder))
    run(ByteBpeTokenizer(folder), rest);
  else
    run(WordPieceTokenizer(folder), rest);
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
