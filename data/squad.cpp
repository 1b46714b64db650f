#include "data/squad.h"

#include <array>
#include <iostream>
#include <unordered_set>

#include "core/error.h"
#include "core/json.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/text.h"

namespace attend {
namespace {

constexpr std::size_t kStride = 256;

/// From code points to bytes of one well-formed text, without counting from its start at each question.
class CodePointOffsets {
 public:
  explicit CodePointOffsets(std::string_view text) : text_(text) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); ++at)
      if (starts_code_point(at) && count++ % kStride == 0) every_stride_.push_back(at);
  }

  /// The byte where code point `index` begins; nothing past the last.
  std::optional<std::size_t> byte_of(std::size_t index) const {
    if (index / kStride >= every_stride_.size()) return std::nullopt;
    std::size_t at = every_stride_[index / kStride];
    for (std::size_t left = index % kStride; left > 0; --left) {
      for (++at; at < text_.size() && !starts_code_point(at); ++at) {
      }
    }
    return at < text_.size() ? std::optional(at) : std::nullopt;
  }

 private:
  bool starts_code_point(std::size_t at) const { return (static_cast<unsigned char>(text_[at]) & 0xC0) != 0x80; }

  std::string_view text_;
  std::vector<std::size_t> every_stride_;
};

/// A value and where in the file it stands, which opens every message.
struct Place {
  const Json& value;
  const std::string& file;
  std::string path;

  [[noreturn]] void refuse(const std::string& problem, const std::string& hint = {}) const {
    throw UserError(file + ": " + path + ": " + problem, hint);
  }

  /// The member, or null.
  const Json* find(const std::string& key) const {
    if (!value.is_object()) refuse("expected a JSON object");
    const auto found = value.find(key);
    return found == value.end() ? nullptr : &*found;
  }

  Place member(const std::string& key) const {
    const Json* found = find(key);
    if (found == nullptr) refuse("has no '" + key + "'");
    return {*found, file, path.empty() ? key : path + "." + key};
  }

  std::string text(const std::string& key) const {
    const Place found = member(key);
    return json_string(found.value, file, found.path);
  }

  std::string filled_text(const std::string& key) const {
    std::string result = text(key);
    if (result.find_first_not_of(" \t\r\n") == std::string::npos) member(key).refuse("empty; expected text");
    return result;
  }

  template <class Visit>
  void for_each(const std::string& key, const Visit& visit) const {
    const Place list = member(key);
    if (!list.value.is_array()) list.refuse("expected a list");
    for (std::size_t i = 0; i < list.value.size(); ++i) visit(Place{list.value[i], file, list.path + "[" + std::to_string(i) + "]"});
  }
};

class SquadBuilder {
 public:
  SquadData take(const Place& top) {
    top.for_each("data", [&](const Place& article) {
      article.for_each("paragraphs", [&](const Place& paragraph) {
        data_.contexts.push_back(paragraph.filled_text("context"));
        const CodePointOffsets offsets(data_.contexts.back());
        paragraph.for_each("qas", [&](const Place& question) { add_question(question, offsets); });
      });
    });
    if (data_.questions.empty()) throw UserError(top.file + " holds no question; expected data[].paragraphs[].qas[]");
    if (data_.num_misplaced > 0 && data_.num_misplaced == num_answers_)
      throw UserError(top.file + ": none of its " + std::to_string(num_answers_) + " answers stands at its answer_start; the first is " +
                          first_misplaced_,
                      "answer_start counts Unicode characters of the context from 0, not bytes and not words");
    if (data_.num_misplaced > 0)
      log_warning(top.file + ": " + std::to_string(data_.num_misplaced) + " of " + std::to_string(num_answers_) +
                  " answers do not stand at their answer_start and are not trained on; the first is " + first_misplaced_);
    return std::move(data_);
  }

 private:
  void add_question(const Place& place, const CodePointOffsets& offsets) {
    SquadQuestion question{.id = place.filled_text("id"), .text = place.text("question"), .context = data_.contexts.size() - 1};
    if (!ids_.insert(question.id).second) place.refuse("the id '" + excerpt(question.id) + "' stands twice; expected each question's own");
    if (const Json* impossible = place.find("is_impossible")) {
      question.is_impossible = json_bool(*impossible, place.file, place.path + ".is_impossible");
      data_.version = SquadVersion::k2;
    }
    place.for_each("answers", [&](const Place& answer) { question.answers.push_back(read_answer(answer, offsets)); });
    if (question.is_impossible && !question.answers.empty()) place.refuse("is_impossible is true, and there are answers; expected none");
    if (!question.is_impossible && question.answers.empty())
      place.refuse("no answers; expected at least one", "a question without an answer has \"is_impossible\": true");
    data_.questions.push_back(std::move(question));
  }

  SquadAnswer read_answer(const Place& place, const CodePointOffsets& offsets) {
    SquadAnswer answer{.text = place.filled_text("text"), .begin = {}};
    const Place start = place.member("answer_start");
    const std::int64_t index = json_integer(start.value, place.file, start.path);
    if (index < 0) start.refuse("is " + std::to_string(index) + "; expected 0 or more");
    const std::string& context = data_.contexts.back();
    ++num_answers_;
    const std::optional<std::size_t> begin = offsets.byte_of(static_cast<std::size_t>(index));
    if (begin && context.compare(*begin, answer.text.size(), answer.text) == 0)
      answer.begin = begin;
    else if (data_.num_misplaced++ == 0)
      first_misplaced_ = "'" + excerpt(answer.text) + "' (" + place.path + ")";
    return answer;
  }

  SquadData data_;
  std::unordered_set<std::string> ids_;
  std::size_t num_answers_ = 0;
  std::string first_misplaced_;
};

std::string read_standard_input() {
  std::string content;
  std::array<char, 1 << 16> part;
  while (std::cin.read(part.data(), part.size()) || std::cin.gcount() > 0) {
    content.append(part.data(), static_cast<std::size_t>(std::cin.gcount()));
    if (content.size() > limits::kJsonBytes)
      throw UserError("standard input is larger than the " + std::to_string(limits::kJsonBytes) + " bytes allowed");
  }
  return content;
}

}  // namespace

SquadData read_squad(const std::filesystem::path& path) {
  if (path == "-") return parse_squad(read_standard_input(), "standard input");
  return parse_squad(read_text_file(path, limits::kJsonBytes), path.string());
}

SquadData parse_squad(std::string_view json, const std::string& name) {
  const Json document = parse_json(json, name);
  if (!document.is_object() || !document.contains("data"))
    throw UserError(name +
                    ": no 'data' at its top; expected SQuAD's JSON, {\"data\": [{\"paragraphs\": [{\"context\": ..., \"qas\": [...]}]}]}");
  return SquadBuilder().take(Place{document, name, ""});
}

}  // namespace attend
