#include "apps/toml_config.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <sstream>

#include <toml++/toml.h>

#include "apps/arguments.h"
#include "core/error.h"
#include "core/text.h"

namespace attend {
namespace {

std::string place(const std::string& file, const toml::source_region& region) {
  return file + " line " + std::to_string(region.begin.line) + ", column " + std::to_string(region.begin.column);
}

/// A scalar as one would type it after a flag.
std::string scalar_text(const toml::node& node, const std::string& file) {
  if (const auto text = node.as_string()) return text->get();
  if (const auto flag = node.as_boolean()) return flag->get() ? "true" : "false";
  char digits[64];  // the shortest text that reads back the same
  if (const auto integer = node.as_integer()) return {digits, std::to_chars(digits, std::end(digits), integer->get()).ptr};
  if (const auto number = node.as_floating_point()) return {digits, std::to_chars(digits, std::end(digits), number->get()).ptr};
  throw UserError(place(file, node.source()) + ": expected a number, a text, true or false");
}

class Flattener {
 public:
  Flattener(CLI::App& app, const std::string& file) : command_(*chosen_command(app)), file_(file) {
    for (const CLI::App* at = &command_; at->get_parent() != nullptr; at = at->get_parent())
      parents_.insert(parents_.begin(), at->get_name());
    for (const CLI::Option* option : command_.get_options())
      if (option->get_configurable())
        for (const auto& name : option->get_lnames()) known_.push_back(name);
    for (const CLI::Option* option : command_.get_options())
      if (option->count() > 0)
        for (const CLI::Option* excluded : option->get_excludes())
          for (const auto& name : excluded->get_lnames()) overruled_.push_back(name);
  }

  void add_table(const toml::table& table) {
    for (const auto& [key, node] : table) {
      if (const auto* inner = node.as_table())
        key.str() == "set" ? add_set_table(*inner) : add_table(*inner);
      else
        add_key(key, node);
    }
  }

  std::vector<CLI::ConfigItem> take() { return std::move(items_); }

 private:
  void add_key(const toml::key& key, const toml::node& node) {
    std::string name(key.str());
    std::replace(name.begin(), name.end(), '_', '-');
    require_flag(name, key.source());
    if (std::find(overruled_.begin(), overruled_.end(), name) != overruled_.end()) return;
    CLI::ConfigItem item{parents_, name, {}};
    if (const auto* list = node.as_array())
      for (const auto& element : *list) item.inputs.push_back(scalar_text(element, file_));
    else
      item.inputs.push_back(scalar_text(node, file_));
    if (!item.inputs.empty()) items_.push_back(std::move(item));
  }

  void add_set_table(const toml::table& table) {
    require_flag("set", table.source());
    CLI::ConfigItem item{parents_, "set", {}};
    for (const auto& [key, node] : table) item.inputs.push_back(std::string(key.str()) + "=" + scalar_text(node, file_));
    if (!item.inputs.empty()) items_.push_back(std::move(item));
  }

  void require_flag(const std::string& name, const toml::source_region& region) const {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) return;
    const std::string near = nearest(name, known_);
    throw UserError(place(file_, region) + ": '" + command_.get_name() + "' has no setting '" + name + "'" +
                        (near.empty() ? "" : "; did you mean '" + near + "'?"),
                    "settings are the command's flags without the leading hyphens");
  }

  CLI::App& command_;
  std::string file_;
  std::vector<std::string> parents_, known_;
  std::vector<std::string> overruled_;  // their flags exclude one that was given
  std::vector<CLI::ConfigItem> items_;
};

}  // namespace

std::vector<CLI::ConfigItem> TomlConfig::from_config(std::istream& input) const {
  std::ostringstream text;
  text << input.rdbuf();
  Flattener flattener(app_, name_);
  try {
    flattener.add_table(toml::parse(text.str(), name_));
  } catch (const toml::parse_error& error) {
    throw UserError(place(name_, error.source()) + ": " + std::string(error.description()));
  }
  return flattener.take();
}

std::string TomlConfig::to_config(const CLI::App*, bool, bool, std::string) const {
  return {};  // runs write their own run.toml, see training/
}

}  // namespace attend
