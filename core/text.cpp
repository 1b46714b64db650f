#include "core/text.h"

#include <algorithm>
#include <array>
#include <iostream>
#include <iterator>

#include "core/error.h"
#include "core/lfs_pointer.h"
#include "core/limits.h"
#include "core/text_source.h"

namespace attend {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

void replace_all(std::string& text, std::string_view found, std::string_view written) {
  for (std::size_t at = 0; (at = text.find(found, at)) != std::string::npos; at += written.size()) text.replace(at, found.size(), written);
}

}  // namespace

LineReader::LineReader(const std::filesystem::path& path) : name_(path.string()), in_(&std::cin) {
  if (path == "-") {
    name_ = "standard input";
    return;
  }
  file_ = open_text(path);
  in_ = file_.get();
}

LineReader::LineReader(std::istream& in, std::string name) : name_(std::move(name)), in_(&in) {}

bool LineReader::next(std::string& line) {
  line.clear();
  std::array<char, 1 << 14> part;  // so that a line without an end is refused before it fills the memory
  while (true) {
    in_->getline(part.data(), part.size());
    const auto count = static_cast<std::size_t>(in_->gcount());
    if (in_->bad()) throw UserError("cannot read " + name_ + " after line " + std::to_string(line_number_));
    const bool part_is_full = in_->fail() && !in_->eof() && count > 0;
    const bool has_break = in_->good();  // counted, not stored
    line.append(part.data(), count - (has_break ? 1 : 0));
    if (line.size() > limits::kLineBytes) {
      throw UserError(name_ + ": line " + std::to_string(line_number_ + 1) + " is longer than " + std::to_string(limits::kLineBytes) +
                      " bytes");
    }
    if (part_is_full) {
      in_->clear(in_->rdstate() & ~std::ios::failbit);
      continue;
    }
    if (!has_break && line.empty()) return false;
    break;
  }
  check_text_line(line, ++line_number_, name_);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line_number_ == 1 && line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
  return true;
}

std::vector<std::string> read_lines(const std::filesystem::path& path) {
  LineReader reader(path);
  std::vector<std::string> lines;
  for (std::string line; reader.next(line);) lines.push_back(line);
  return lines;
}

std::string read_file(const std::filesystem::path& path, std::uintmax_t max_bytes) {
  const auto file = open_text(path);
  std::string content;
  std::array<char, 1 << 16> part;
  while (file->read(part.data(), part.size()) || file->gcount() > 0) {
    content.append(part.data(), static_cast<std::size_t>(file->gcount()));
    if (content.size() > max_bytes) throw UserError(path.string() + " is larger than the " + std::to_string(max_bytes) + " bytes allowed");
  }
  if (file->bad()) throw UserError("cannot read " + path.string());
  refuse_lfs_pointer(content, path.string());
  return content;
}

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](const Utf8Sequence& sequence) { return sequence.is_valid && is_white_space(sequence.code_point); };
  while (!text.empty()) {
    const Utf8Sequence first = utf8_at(text, 0);
    if (!is_blank(first)) break;
    text.remove_prefix(first.length);
  }
  while (!text.empty()) {
    std::size_t start = text.size() - 1;
    while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
    const Utf8Sequence last = utf8_at(text, start);
    if (!is_blank(last) || start + last.length != text.size()) break;
    text.remove_suffix(last.length);
  }
  return text;
}

std::string_view trimmed(std::string_view text, std::string_view blanks) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool is_ascii_punctuation(char32_t c) {
  return (c >= U'!' && c <= U'/') || (c >= U':' && c <= U'@') || (c >= U'[' && c <= U'`') || (c >= U'{' && c <= U'~');
}

std::string one_line(std::string text) {
  replace_all(text, "\n", "\\n");
  replace_all(text, "\r", "\\r");
  return text;
}

std::vector<std::string> with_line_breaks(std::vector<std::string> texts) {
  for (std::string& text : texts) replace_all(text, "\\n", "\n");
  return texts;
}

std::string unescaped(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      result += text[at];
      continue;
    }
    const char escape = ++at < text.size() ? text[at] : '\0';
    if (escape != 'n' && escape != 't' && escape != '\\')
      throw UserError("a backslash in '" + excerpt(text) + "' is not followed by n, t or a backslash", "write a backslash itself as \\\\");
    result += escape == 'n' ? '\n' : escape == 't' ? '\t' : '\\';
  }
  return result;
}

std::string read_text_file(const std::filesystem::path& path, std::uintmax_t max_bytes) {
  std::string content = read_file(path, max_bytes);
  check_text_beginning(std::string_view(content).substr(0, kTextBeginning), path.string());
  return content;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  const std::size_t allowed = std::clamp<std::size_t>(word.size() / 3, 1, 3);
  std::size_t best = allowed + 1;
  std::string found;
  for (const std::string& candidate : candidates) {
    const std::size_t rows = word.size(), columns = candidate.size();
    if ((rows > columns ? rows - columns : columns - rows) >= best) continue;
    // Optimal string alignment: insertions, deletions, replacements and swaps of neighbours cost one each.
    std::vector<std::size_t> before_last, last(columns + 1), current(columns + 1);
    for (std::size_t j = 0; j <= columns; ++j) last[j] = j;
    for (std::size_t i = 1; i <= rows; ++i) {
      current[0] = i;
      for (std::size_t j = 1; j <= columns; ++j) {
        const bool is_same = word[i - 1] == candidate[j - 1];
        current[j] = std::min({last[j] + 1, current[j - 1] + 1, last[j - 1] + (is_same ? 0 : 1)});
        const bool is_swap = i > 1 && j > 1 && word[i - 1] == candidate[j - 2] && word[i - 2] == candidate[j - 1];
        if (is_swap) current[j] = std::min(current[j], before_last[j - 2] + 1);
      }
      before_last = std::exchange(last, current);
    }
    // A distance as large as the word shares nothing with it.
    if (last[columns] < best && last[columns] < std::max(rows, columns)) {
      best = last[columns];
      found = candidate;
    }
  }
  return found;
}

}  // namespace attend
