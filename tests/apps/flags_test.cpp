// Flags, --set and TOML settings made from a field list.
#include <catch2/catch.hpp>

#include "apps/flags.h"

using namespace attend;

namespace {

enum class Flavour { kPlain, kMixed };

}  // namespace

template <>
struct attend::EnumNames<Flavour> {
  static constexpr std::array values{std::pair{Flavour::kPlain, "plain"}, std::pair{Flavour::kMixed, "mixed"}};
};

namespace {

struct Settings {
  std::int64_t hidden_size = 64;
  double drop_out = 0.1;
  bool share = true;
  std::string name = "first";
  std::vector<std::int64_t> sizes{1, 2};
  std::vector<std::string> files;
  std::optional<std::int64_t> steps;
  Flavour flavour = Flavour::kPlain;

  static void fields(auto& self, auto&& visit) {
    visit("hidden_size", self.hidden_size, "width");
    visit("drop_out", self.drop_out, "probability");
    visit("share", self.share, "one table");
    visit("name", self.name, "a name");
    visit("sizes", self.sizes, "some sizes");
    visit("files", self.files, "some files");
    visit("steps", self.steps, "how many");
    visit("flavour", self.flavour, "which");
  }
};

Settings parsed(std::vector<std::string> arguments, const FlagSet& set = {}) {
  Settings settings;
  CLI::App app;
  add_config_flags(app, settings, set);
  std::reverse(arguments.begin(), arguments.end());
  app.parse(arguments);
  return settings;
}

std::string message_of(const std::vector<std::string>& settings) {
  Settings target;
  try {
    apply_settings(target, settings);
  } catch (const UserError& error) {
    return error.what() + std::string(" | ") + error.hint();
  }
  return "";
}

}  // namespace

TEST_CASE("every kind of field has a flag") {
  const Settings defaults = parsed({});
  CHECK(defaults.hidden_size == 64);
  CHECK_FALSE(defaults.steps.has_value());
  const Settings given = parsed({"--hidden-size", "128", "--drop-out=0.25", "--no-share", "--name", "", "--sizes", "3", "4", "5", "--files",
                                 "a b", "--steps", "7", "--flavour", "mixed"});
  CHECK(given.hidden_size == 128);
  CHECK(given.drop_out == 0.25);
  CHECK_FALSE(given.share);
  CHECK(given.name.empty());
  CHECK(given.sizes == std::vector<std::int64_t>{3, 4, 5});
  CHECK(given.files == std::vector<std::string>{"a b"});
  CHECK(given.steps == 7);
  CHECK(given.flavour == Flavour::kMixed);
}

TEST_CASE("a flag refuses what is not of its field's type") {
  CHECK_THROWS_AS(parsed({"--hidden-size", "many"}), CLI::ParseError);
  CHECK_THROWS_AS(parsed({"--hidden-size", "99999999999999999999"}), CLI::ParseError);
  for (const char* text : {"nan", "inf", "-inf", "1e999"}) CHECK_THROWS_AS(parsed({"--drop-out", text}), CLI::ParseError);
  CHECK_THROWS_AS(parsed({"--steps", "1.5"}), CLI::ParseError);
  CHECK(parsed({"--steps", "3.0"}).steps == 3);
  for (const char* text : {".0", "3.00", "-.0", "3.0.0"}) CHECK_THROWS_AS(parsed({"--steps", text}), CLI::ParseError);
  CHECK_THROWS_AS(parsed({"--flavour", "sweet"}), CLI::ParseError);
}

TEST_CASE("aliases set the same field, and a field can go without a flag") {
  CHECK(parsed({"--width", "8"}, {.aliases = {{"hidden_size", "--width"}}}).hidden_size == 8);
  CHECK_THROWS_AS(parsed({"--name", "x"}, {.without = {"name"}}), CLI::ParseError);
}

TEST_CASE("the help of a flag shows its default and its choices") {
  Settings settings;
  CLI::App app;
  add_config_flags(app, settings, {.group = "Model"});
  const std::string help = app.help();
  CHECK(help.find("Model:") != std::string::npos);
  CHECK(help.find("--hidden-size INT=64") != std::string::npos);
  CHECK(help.find("plain|mixed=plain") != std::string::npos);
  CHECK(help.find("one table [on]") != std::string::npos);
}

TEST_CASE("--set changes fields in order, hyphens and underscores alike") {
  Settings settings;
  apply_settings(settings, {"hidden_size=1", "hidden-size=2", "drop_out=1e-3", "share=off", "name=a=b", "sizes=7,8", "files=x,y", "steps=3",
                            "flavour=mixed"});
  CHECK(settings.hidden_size == 2);
  CHECK(settings.drop_out == 1e-3);
  CHECK_FALSE(settings.share);
  CHECK(settings.name == "a=b");
  CHECK(settings.sizes == std::vector<std::int64_t>{7, 8});
  CHECK(settings.files == std::vector<std::string>{"x", "y"});
  CHECK(settings.steps == 3);
  CHECK(settings.flavour == Flavour::kMixed);
  apply_settings(settings, {"steps=none", "sizes="});
  CHECK_FALSE(settings.steps.has_value());
  CHECK(settings.sizes.empty());
}

TEST_CASE("--set names the nearest field and what it expected") {
  using Catch::Contains;
  CHECK_THAT(message_of({"hiden_size=3"}), Contains("did you mean 'hidden_size'") && Contains("fields: hidden_size, drop_out"));
  CHECK_THAT(message_of({"hidden_size"}), Contains("has no '='"));
  CHECK_THAT(message_of({"hidden_size=wide"}), Contains("hidden_size"));
  CHECK_THAT(message_of({"share=maybe"}), Contains("share"));
  CHECK_THAT(message_of({"flavour=sweet"}), Contains("plain|mixed"));
}
