#include "data/squad.h"

#include <algorithm>
#include <array>
#include <iostream>
#include <unordered_set>

#include "core/error.h"
#include "core/json.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/text.h"
#include "core/text_source.h"

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
    throw UserError(file + ": " + (path.empty() ? "" : path + ": ") + problem, hint);
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

  /// A text, or a whole number as the text of its digits.
  std::string name(const std::string& key) const {
    const Place found = member(key);
    return found.value.is_number_integer() ? found.value.dump() : filled_text(key);
  }

  template <class Visit>
  void for_each(const std::string& key, const Visit& visit) const {
    member(key).for_each(visit);
  }

  template <class Visit>
  void for_each(const Visit& visit) const {
    if (!value.is_array()) refuse("expected a list");
    for (std::size_t i = 0; i < value.size(); ++i) visit(Place{value[i], file, path + "[" + std::to_string(i) + "]"});
  }
};

/// {"text": ["a", "b"], "answer_start": [0, 2]} as [{"text": "a", "answer_start": 0}, ...].
Json answers_in_rows(const Place& answers) {
  const Place texts = answers.member("text"), starts = answers.member("answer_start");
  for (const Place& list : {texts, starts})
    if (!list.value.is_array()) list.refuse("expected a list");
  if (texts.value.size() != starts.value.size())
    answers.refuse(std::to_string(texts.value.size()) + " texts and " + std::to_string(starts.value.size()) +
                   " answer_start; expected as many");
  Json rows = Json::array();
  for (std::size_t i = 0; i < texts.value.size(); ++i) rows.push_back({{"text", texts.value[i]}, {"answer_start", starts.value[i]}});
  return rows;
}

class SquadBuilder {
 public:
  explicit SquadBuilder(std::string file) : file_(std::move(file)) {}

  /// An article of the published layout, or a flat question.
  void add(const Place& entry) {
    if (entry.find("paragraphs") == nullptr && entry.find("context") != nullptr) {
      add_flat(entry);
      return;
    }
    entry.for_each("paragraphs", [&](const Place& paragraph) {
      set_context(paragraph.filled_text("context"));
      paragraph.for_each("qas", [&](const Place& question) { add_question(question, Layout::kNested); });
    });
  }

  /// A question with its context. Questions on one context follow each other, as a rule.
  void add_flat(const Place& question) {
    set_context(question.filled_text("context"));
    add_question(question, Layout::kFlat);
  }

  SquadData finish() {
    if (data_.questions.empty())
      throw UserError(file_ + " holds no question; expected data[].paragraphs[].qas[], or flat questions with their contexts");
    if (num_unsaid_ > 0 && num_unsaid_ == data_.questions.size())
      throw UserError(file_ + ": none of its " + std::to_string(num_unsaid_) + " questions has an answer, and none says is_impossible",
                      "there is nothing to learn from or to measure by; is it a test set without its answers?");
    if (data_.num_misplaced > 0 && data_.num_misplaced == num_answers_)
      throw UserError(
          file_ + ": none of its " + std::to_string(num_answers_) + " answers stands at its answer_start; the first is " + first_misplaced_,
          "answer_start counts Unicode characters of the context from 0, not bytes and not words");
    if (data_.num_misplaced > 0)
      log_warning(file_ + ": " + std::to_string(data_.num_misplaced) + " of " + std::to_string(num_answers_) +
                  " answers do not stand at their answer_start and are not trained on; the first is " + first_misplaced_);
    return std::move(data_);
  }

 private:
  enum class Layout { kNested, kFlat };

  void set_context(std::string context) {
    if (!data_.contexts.empty() && data_.contexts.back() == context) return;
    data_.contexts.push_back(std::move(context));
    offsets_.emplace(data_.contexts.back());
  }

  void add_question(const Place& place, Layout layout) {
    SquadQuestion question{.id = place.name("id"), .text = place.text("question"), .context = data_.contexts.size() - 1};
    if (!ids_.insert(question.id).second) place.refuse("the id '" + excerpt(question.id) + "' stands twice; expected each question's own");
    const Json* impossible = place.find("is_impossible");
    if (impossible != nullptr) question.is_impossible = json_bool(*impossible, place.file, place.path + ".is_impossible");
    const bool is_unsaid = add_answers(place, question) || layout == Layout::kFlat;
    if (question.is_impossible && !question.answers.empty()) place.refuse("is_impossible is true, and there are answers; expected none");
    if (question.answers.empty() && impossible == nullptr && is_unsaid) {
      question.is_impossible = true;
      num_unsaid_ += layout == Layout::kFlat;
    }
    if (!question.is_impossible && question.answers.empty())
      place.refuse("no answers; expected at least one", "a question without an answer has \"is_impossible\": true");
    if (impossible != nullptr || question.is_impossible) data_.version = SquadVersion::k2;
    data_.questions.push_back(std::move(question));
  }

  /// True where an empty text at -1 says that there is none.
  bool add_answers(const Place& place, SquadQuestion& question) {
    bool says_none = false;
    const Place given = place.member("answers");
    const Json rows = given.value.is_object() ? answers_in_rows(given) : Json();
    const Place answers{rows.is_null() ? given.value : rows, given.file, given.path};
    answers.for_each([&](const Place& answer) {
      if (is_no_answer(answer, question.is_impossible))
        says_none = true;
      else
        question.answers.push_back(read_answer(answer));
    });
    return says_none;
  }

  static bool is_no_answer(const Place& answer, bool is_impossible) {
    return answer.text("text").empty() && (is_impossible || answer.member("answer_start").value == -1);
  }

  SquadAnswer read_answer(const Place& place) {
    SquadAnswer answer{.text = place.filled_text("text"), .begin = {}};
    const Place start = place.member("answer_start");
    const std::int64_t index = json_integer(start.value, place.file, start.path);
    if (index < 0) start.refuse("is " + std::to_string(index) + "; expected 0 or more");
    const std::string& context = data_.contexts.back();
    ++num_answers_;
    const std::optional<std::size_t> begin = offsets_->byte_of(static_cast<std::size_t>(index));
    if (begin && context.compare(*begin, answer.text.size(), answer.text) == 0)
      answer.begin = begin;
    else if (data_.num_misplaced++ == 0)
      first_misplaced_ = "'" + excerpt(answer.text) + "' (" + (place.file == file_ ? "" : place.file + ": ") + place.path + ")";
    return answer;
  }

  std::string file_;
  SquadData data_;
  std::optional<CodePointOffsets> offsets_;  // of the last context
  std::unordered_set<std::string> ids_;
  std::size_t num_answers_ = 0, num_unsaid_ = 0;
  std::string first_misplaced_;
};

/// JSON Lines: the first line is a document by itself, and there is another.
bool is_json_lines(std::string_view text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || trimmed(text.substr(end)).empty()) return false;
  const std::string_view first = trimmed(text.substr(0, end));
  return first.starts_with('{') && first.ends_with('}') && Json::accept(first);
}

SquadData parse_lines(std::string_view text, const std::string& name) {
  SquadBuilder builder(name);
  std::size_t number = 0;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view line = trimmed(text.substr(start, end - start));
    const std::string place = name + ", line " + std::to_string(++number);
    start = end + 1;
    if (line.empty()) continue;
    const Json document = parse_json(line, place);
    builder.add_flat(Place{document, place, ""});
  }
  return builder.finish();
}

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
  if (path == "-") {
    const std::string content = read_standard_input();
    check_text_beginning(content, "standard input");
    return parse_squad(content, "standard input");
  }
  return parse_squad(read_text_file(path, limits::kJsonBytes), path.string());
}

SquadData parse_squad(std::string_view json, const std::string& name) {
  if (json.starts_with("\xEF\xBB\xBF")) json.remove_prefix(3);  // a byte-order mark
  if (is_json_lines(json)) return parse_lines(json, name);
  const Json document = parse_json(json, name);
  SquadBuilder builder(name);
  const Place top{document, name, ""};
  if (document.is_array())
    top.for_each([&](const Place& question) { builder.add_flat(question); });
  else if (document.is_object() && document.contains("data"))
    top.for_each("data", [&](const Place& entry) { builder.add(entry); });
  else if (document.is_object() && document.contains("context"))
    builder.add_flat(top);  // JSON Lines of one line
  else
    throw UserError(
        name + ": no 'data' at its top; expected SQuAD's JSON, {\"data\": [{\"paragraphs\": [{\"context\": ..., \"qas\": [...]}]}]}",
        "flat questions are read too, a line each: {\"id\": ..., \"context\": ..., \"question\": ..., \"answers\": ...}");
  return builder.finish();
}

}  // namespace attend
