// argv, --config files and parse errors, without a process.
#include <sstream>

#include <catch2/catch.hpp>

#include "apps/arguments.h"
#include "apps/toml_config.h"

using namespace attend;
using Catch::Contains;

namespace {

std::vector<std::string> normalised(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "attend");
  return normalise_arguments(static_cast<int>(arguments.size()), arguments.data());
}

/// attend train {text, image} with a few flags.
struct Fixture {
  CLI::App app{"", "attend"};
  std::int64_t steps = 0, epochs = 0;
  double rate = 0;
  bool share = false;
  std::string name;
  std::vector<std::string> files, set;

  Fixture() {
    app.require_subcommand(1);
    CLI::App* train = app.add_subcommand("train", "");
    train->require_subcommand(1);
    CLI::App* text = train->add_subcommand("text", "");
    text->add_option("--steps", steps)->excludes(text->add_option("--epochs", epochs));
    text->add_option("--learning-rate", rate);
    text->add_flag("--share,!--no-share", share);
    text->add_option("--name", name);
    text->add_option("--files", files);
    text->add_option("--set", set);
    train->add_subcommand("image", "");
  }

  void parse(std::vector<std::string> arguments, const std::string& toml = "") {
    if (!toml.empty()) {
      app.config_formatter(std::make_shared<TomlConfig>(app, "run.toml"));
      config_text = toml;
    }
    std::reverse(arguments.begin(), arguments.end());
    app.parse(arguments);
    if (toml.empty()) return;
    std::istringstream input(config_text);
    items = app.get_config_formatter()->from_config(input);
  }

  std::string config_error(const std::string& toml) {
    try {
      parse({"train", "text"}, toml);
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  }

  std::string parse_error(const std::vector<std::string>& arguments) {
    try {
      parse(arguments);
    } catch (const CLI::ParseError& error) {
      const UserError explained = explain_parse_error(app, error);
      return explained.what() + std::string(" | ") + explained.hint();
    }
    return "";
  }

  std::string config_text;
  std::vector<CLI::ConfigItem> items;
};

}  // namespace

TEST_CASE("underscores in flags become hyphens, in values they stay") {
  CHECK(normalised({"train", "--hidden_size=a_b", "--batch_size", "x_y", "-v"}) ==
        std::vector<std::string>{"train", "--hidden-size=a_b", "--batch-size", "x_y", "-v"});
  CHECK(normalised({"--", "--a_b"}) == std::vector<std::string>{"--", "--a_b"});
  CHECK(normalised({}).empty());
}

TEST_CASE("the configuration file is found among the arguments") {
  CHECK(config_argument({"train", "--config", "a.toml"}) == "a.toml");
  CHECK(config_argument({"train", "--config=a.toml", "--x"}) == "a.toml");
  CHECK(config_argument({"train", "--", "--config", "a.toml"}).empty());
  CHECK(config_argument({"train", "--config"}).empty());
}

TEST_CASE("a mistyped word is answered with the nearest") {
  CHECK_THAT(Fixture().parse_error({"trian"}), Contains("attend has no command 'trian'; did you mean 'train'?"));
  CHECK_THAT(Fixture().parse_error({"train", "txt"}), Contains("attend train has no command 'txt'; did you mean 'text'?"));
  CHECK_THAT(Fixture().parse_error({"train", "text", "--step", "3"}), Contains("no flag '--step'; did you mean '--steps'?"));
  CHECK_THAT(Fixture().parse_error({"train", "text", "--stepps=3"}),
             Contains("did you mean '--steps'?") && Contains("attend train text --help"));
  CHECK_THAT(Fixture().parse_error({"train", "text", "--zzzzzzzz"}), Contains("no flag '--zzzzzzzz'") && !Contains("did you mean"));
  CHECK_THAT(Fixture().parse_error({"train", "text", "extra"}), Contains("takes no argument 'extra'"));
  CHECK_THAT(Fixture().parse_error({"train", "text", "--steps", "many"}), Contains("--steps") && Contains("many"));
}

TEST_CASE("a TOML file becomes the chosen command's flags") {
  Fixture fixture;
  fixture.parse({"train", "text"},
                "steps = 12_000 # a comment\nname = \"a # b\"\n[optimizer]\nlearning_rate = 1e-4\nshare = true\n"
                "[data]\nfiles = [\"x\", \"y\"]\n[set]\ndropout = 0.3\nhidden_size = 64\n");
  const auto inputs = [&](const std::string& name) {
    for (const auto& item : fixture.items)
      if (item.name == name) return item.inputs;
    return std::vector<std::string>{};
  };
  CHECK(fixture.items.size() == 6);
  CHECK(fixture.items.front().parents == std::vector<std::string>{"train", "text"});
  CHECK(inputs("steps") == std::vector<std::string>{"12000"});
  CHECK(inputs("name") == std::vector<std::string>{"a # b"});
  CHECK(std::stod(inputs("learning-rate").at(0)) == 1e-4);
  CHECK(inputs("share") == std::vector<std::string>{"true"});
  CHECK(inputs("files") == std::vector<std::string>{"x", "y"});
  CHECK(inputs("set") == std::vector<std::string>{"dropout=0.3", "hidden_size=64"});
}

TEST_CASE("a flag wins over keys of a TOML file that it excludes") {
  Fixture fixture;
  fixture.parse({"train", "text", "--epochs", "3"}, "steps = 5\nname = \"x\"\n");
  REQUIRE(fixture.items.size() == 1);
  CHECK(fixture.items.front().name == "name");
  CHECK_THAT(Fixture().parse_error({"train", "text", "--epochs", "3", "--steps", "2"}), Contains("are given together | leave one out"));
}

TEST_CASE("a TOML file that does not fit is refused with its line") {
  CHECK_THAT(Fixture().config_error("steps = 3\nlerning_rate = 1\n"),
             Contains("run.toml line 2") && Contains("did you mean 'learning-rate'?"));
  CHECK_THAT(Fixture().config_error("steps = \n"), Contains("run.toml line 1"));
  CHECK_THAT(Fixture().config_error("\nsteps = 1979-05-27\n"), Contains("run.toml line 2"));
  CHECK_THAT(Fixture().config_error("steps = 1\nsteps = 2\n"), Contains("run.toml line 2"));
}
