#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "core/field_io.h"
#include "core/limits.h"
#include "core/text.h"

namespace attend {
namespace {

std::string quoted(const std::string& text) {
  if (!is_valid_utf8(text)) throw UserError("the text '" + excerpt(text) + "' is not valid UTF-8, so it cannot be saved as TOML");
  std::string result = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        result += "\\\"";
        break;
      case '\\':
        result += "\\\\";
        break;
      case '\n':
        result += "\\n";
        break;
      case '\r':
        result += "\\r";
        break;
      case '\t':
        result += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) {
          result += c;
        } else {
          result += "\\u00";
          result += "0123456789ABCDEF"[(c >> 4) & 15];
          result += "0123456789ABCDEF"[c & 15];
        }
    }
  }
  return result + '"';
}

std::string key_text(const std::string& key) {
  const auto is_bare = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !key.empty() && std::all_of(key.begin(), key.end(), is_bare) ? key : quoted(key);
}

std::string number_text(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;  // the fewest digits that read back the same
  const std::string text(digits, end);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

std::string value_text(const Json& value) {
  switch (value.type()) {
    case Json::value_t::boolean:
      return value.get<bool>() ? "true" : "false";
    case Json::value_t::number_integer:
      return std::to_string(value.get<std::int64_t>());
    case Json::value_t::number_unsigned:
      return std::to_string(json_integer(value, "TOML", "a value"));
    case Json::value_t::number_float:
      return number_text(value.get<double>());
    case Json::value_t::string:
      return quoted(value.get_ref<const std::string&>());
    case Json::value_t::array: {
      std::string items;
      for (const Json& item : value) items += (items.empty() ? "" : ", ") + value_text(item);
      return "[" + items + "]";
    }
    case Json::value_t::object: {  // inside a list, where a [table] cannot stand
      std::string items;
      for (const auto& [key, item] : value.items()) {
        if (!item.is_null()) items += (items.empty() ? " " : ", ") + key_text(key) + " = " + value_text(item);
      }
      return "{" + items + " }";
    }
    default:
      throw std::invalid_argument("a null inside a list has no TOML form");
  }
}

void append_table(std::string& toml, const Json& object, const std::string& prefix) {
  for (const auto& [key, value] : object.items()) {
    if (!value.is_null() && !value.is_object()) toml += key_text(key) + " = " + value_text(value) + "\n";
  }
  for (const auto& [key, value] : object.items()) {
    if (!value.is_object()) continue;
    const std::string path = prefix + key_text(key);
    toml += (toml.empty() ? "[" : "\n[") + path + "]\n";
    append_table(toml, value, path + ".");
  }
}

constexpr std::size_t kKeyParts = 16;  // a.b.c has 3

/// Where the string that begins at `start` ends: one past its closing quotes, or the text's end.
std::size_t end_of_string(std::string_view text, std::size_t start) {
  const char quote = text[start];
  const std::string_view triple = quote == '"' ? "\"\"\"" : "'''";
  const bool is_long = text.substr(start).starts_with(triple);
  for (std::size_t at = start + (is_long ? 3 : 1); at < text.size(); ++at) {
    if (text[at] == '\\' && quote == '"') {
      ++at;
    } else if (!is_long && text[at] == quote) {
      return at + 1;
    } else if (is_long && text.substr(at).starts_with(triple)) {
      at += 3;
      for (int more = 0; more < 2 && at < text.size() && text[at] == quote; ++more) ++at;  // one or two of the text's own
      return at;
    } else if (!is_long && text[at] == '\n') {
      return at;  // a mistake, which the parser will find
    }
  }
  return text.size();
}

/// toml++ destroys nested tables by recursion, so a key of 100,000 parts overflows the stack: such keys are found before it
/// sees them. What nests by brackets it caps itself.
void refuse_deep_keys(std::string_view text, const std::string& name) {
  std::size_t dots = 0, line = 1;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      const std::size_t end = end_of_string(text, at);
      line += static_cast<std::size_t>(
          std::count(text.begin() + static_cast<std::ptrdiff_t>(at), text.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
      at = end;
      continue;
    }
    if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
      continue;
    }
    if (c == '.' && ++dots >= kKeyParts) {
      throw UserError(name + ": line " + std::to_string(line) + ": a key of more than " + std::to_string(kKeyParts) + " parts");
    }
    if (c == '\n') ++line;
    if (std::string_view("\n=[]{},").find(c) != std::string_view::npos) dots = 0;
    ++at;
  }
}

class TomlReader {
 public:
  explicit TomlReader(const std::string& name) : name_(name) {}

  /// `tables`: how many the node lies in, which are the parts of the key that json_to_toml() would write for it.
  Json read(const toml::node& node, std::size_t depth = 1, std::size_t tables = 0) const {
    if (depth > limits::kJsonDepth) fail(node, "nested deeper than " + std::to_string(limits::kJsonDepth) + " levels");
    if (tables > kKeyParts && node.is_table()) fail(node, "in more than " + std::to_string(kKeyParts) + " tables");
    if (const auto* table = node.as_table()) return read_table(*table, depth, tables);
    if (const auto* array = node.as_array()) {
      Json items = Json::array();
      for (const toml::node& item : *array) items.push_back(read(item, depth + 1, tables));
      return items;
    }
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* integer = node.as_integer()) return integer->get();
    if (const auto* number = node.as_floating_point()) return number->get();
    if (const auto* boolean = node.as_boolean()) return boolean->get();
    fail(node, "found a date or a time; expected a number, a text, true, false or a list");
  }

 private:
  /// toml++ sorts keys; the file's own order is what people wrote.
  Json read_table(const toml::table& table, std::size_t depth, std::size_t tables) const {
    std::vector<std::pair<const toml::key*, const toml::node*>> entries;
    for (const auto& [key, node] : table) entries.emplace_back(&key, &node);
    std::stable_sort(entries.begin(), entries.end(),
                     [](const auto& a, const auto& b) { return a.first->source().begin < b.first->source().begin; });
    Json object = Json::object();
    for (const auto& [key, node] : entries) object[std::string(key->str())] = read(*node, depth + 1, tables + 1);
    return object;
  }

  [[noreturn]] void fail(const toml::node& node, const std::string& what) const {
    const auto where = node.source().begin;
    throw UserError(name_ + ": line " + std::to_string(where.line) + ", column " + std::to_string(where.column) + ": " + what);
  }

  const std::string& name_;
};

}  // namespace

std::string json_to_toml(const Json& object) {
  if (!object.is_object()) throw std::invalid_argument("json_to_toml: not an object");
  std::string toml;
  append_table(toml, object, "");
  return toml;
}

Json toml_to_json(std::string_view text, const std::string& name) {
  refuse_deep_keys(text, name);
  try {
    const toml::table table = toml::parse(text, std::string_view(name));
    return TomlReader(name).read(table);
  } catch (const toml::parse_error& error) {
    const auto where = error.source().begin;
    throw UserError(name + ": line " + std::to_string(where.line) + ", column " + std::to_string(where.column) +
                    ": not valid TOML: " + repair_utf8(error.description()));
  }
}

}  // namespace attend
