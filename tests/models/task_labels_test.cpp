#include "models/task_labels.h"

#include <catch2/catch.hpp>
#include <chrono>

#include "core/limits.h"
#include "tests/support/refusal.h"

namespace attend {
namespace {

Json labels(std::size_t count) {
  std::string text = "{\"id2label\": {";
  for (std::size_t i = 0; i < count; ++i) text += (i ? "," : "") + ("\"" + std::to_string(i) + "\": \"l" + std::to_string(i)) + "\"";
  return parse_json(text + "}}", "config.json");
}

}  // namespace

TEST_CASE("labels stand in the order of their ids, whatever that of the entries") {
  const TaskLabels read = read_labels(parse_json(R"({"id2label": {"2": "c", "0": "a", "1": "b"}})", "config.json"), "config.json");
  CHECK(read.names == std::vector<std::string>{"a", "b", "c"});
  CHECK(read_labels(Json::object(), "config.json").names == std::vector<std::string>{"LABEL_0", "LABEL_1"});
}

TEST_CASE("labels that are no list of names are refused, and a great many at once") {
  const auto refusal = [](const Json& config) { return refusal_of([&] { read_labels(config, "config.json"); }); };
  CHECK(refusal(parse_json(R"({"id2label": {"0": "a", "2": "b"}})", "x")).starts_with("config.json: id2label has no entry \"1\""));
  CHECK(refusal(parse_json(R"({"id2label": {"0": "a", "one": "b"}})", "x")).starts_with("config.json: id2label has no entry \"1\""));
  CHECK_FALSE(refusal(parse_json(R"({"id2label": {"0": 7}})", "x")).empty());
  CHECK_FALSE(refusal(parse_json(R"({"id2label": {}})", "x")).empty());
  CHECK(refusal(labels(limits::kClassLabels)).empty());
  // A look-up that walked along the entries would take minutes here.
  const Json many = labels(300'000);
  const auto start = std::chrono::steady_clock::now();
  CHECK(refusal(many).starts_with("config.json: id2label has 300000 entries; at most 10000 are read"));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
  CHECK(refusal(Json{{"num_labels", 10'001}}).starts_with("config.json: num_labels is 10001; expected 1 to 10000"));
  CHECK(refusal(Json{{"num_labels", 0}}).starts_with("config.json: num_labels is 0"));
}

}  // namespace attend
