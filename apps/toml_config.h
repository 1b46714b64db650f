// `--config FILE.toml`: the flags of the chosen command from a TOML file, in the place of CLI11's own reader (which is not TOML).
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace attend {

/// A key is a flag's name with underscores or hyphens, `batch_tokens = 4096`; a list gives several values. Tables only
/// group keys (`[optimizer]`), except `[set]`, whose `field = value` is `--set field=value`. Flags given on the command
/// line win, also over keys whose flags they exclude. Throws UserError for bad TOML (line and column) and for keys the command has no flag
/// for (line, nearest flag).
class TomlConfig : public CLI::Config {
 public:
  /// `app` is the root; `name` is the file, for messages.
  TomlConfig(CLI::App& app, std::string name) : app_(app), name_(std::move(name)) {}

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override;
  std::string to_config(const CLI::App*, bool default_also, bool write_description, std::string prefix) const override;

 private:
  CLI::App& app_;
  std::string name_;
};

}  // namespace attend
