#include "core/sample.h"

#include "core/error.h"

namespace attend {

Json to_json(const std::vector<Sample>& samples) {
  Json list = Json::array();
  for (const Sample& sample : samples) list.push_back({{"input", sample.input}, {"output", sample.output}, {"expected", sample.expected}});
  return list;
}

std::vector<Sample> samples_from_json(const Json& json, const std::string& place) {
  if (!json.is_array()) throw UserError(place + ": \"samples\" must be a list");
  std::vector<Sample> samples;
  for (const Json& each : json) {
    const auto text = [&](const char* key) {
      const auto found = each.is_object() ? each.find(key) : each.end();
      if (found == each.end() || !found->is_string()) throw UserError(place + ": a sample has no text \"" + key + "\"");
      return found->get<std::string>();
    };
    samples.push_back({.input = text("input"), .output = text("output"), .expected = text("expected")});
  }
  return samples;
}

}  // namespace attend
