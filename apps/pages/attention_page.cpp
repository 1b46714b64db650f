#include "apps/pages/attention_page.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string_view>

#include "apps/pages/script_page.h"
#include "core/json.h"

namespace attend {

namespace embedded {  // made of apps/pages/attention
extern const std::string_view attention_style, attention_script;
}

namespace {

constexpr std::size_t kExactBytes = 8'000'000;  // of float32; above them weights are rounded
constexpr std::size_t kPageBytes = 15'000'000;
constexpr int kSteps[] = {64, 48, 32, 24, 16, 12, 8};
constexpr int kRolloutSteps = 255;  // a rollout is a twelfth of the weights or less, and its numbers are small
constexpr unsigned char kNotComputed = 255;

const AttentionPage::Text& text_named(const AttentionPage& page, const std::string& name) {
  for (const AttentionPage::Text& text : page.texts)
    if (text.name == name) return text;
  throw std::logic_error("attention page: no text " + name);
}

/// Layers, heads, queries, keys.
using Shape = std::array<std::size_t, 4>;

Shape shape_of(const AttentionPage& page, const AttentionPage::Part& part) {
  const Shape shape = {static_cast<std::size_t>(part.layers), static_cast<std::size_t>(part.heads),
                       text_named(page, part.queries).tokens.size(), text_named(page, part.keys).tokens.size()};
  const auto [layers, heads, queries, keys] = shape;
  if (part.weights.size() != layers * heads * queries * keys || part.summary.size() != layers * heads ||
      (!part.rollout.empty() && part.rollout.size() != layers * queries * keys))
    throw std::logic_error("attention page: " + part.name + " has numbers of another shape");
  return shape;
}

/// What the scripts read (data.js): float32 where `steps` is 0, else a byte a weight, of its square root, so that small ones keep digits.
Json packed(const std::vector<float>& weights, int steps) {
  if (steps == 0) return {{"levels", 0}, {"data", deflated(std::as_bytes(std::span(weights)))}};
  std::vector<unsigned char> bytes(weights.size());
  std::transform(weights.begin(), weights.end(), bytes.begin(), [steps](float weight) {
    if (std::isnan(weight)) return kNotComputed;
    return static_cast<unsigned char>(std::lround(std::sqrt(std::clamp(weight, 0.0F, 1.0F)) * static_cast<float>(steps - 1)));
  });
  return {{"levels", steps}, {"data", deflated(std::as_bytes(std::span(bytes)))}};
}

Json about_text(const AttentionPage::Text& text) { return {{"tokens", text.tokens}, {"special", text.special}}; }

/// A part without its weights.
Json about_part(const AttentionPage& page, const AttentionPage::Part& part) {
  const auto [layers, heads, queries, keys] = shape_of(page, part);
  Json summary = Json::array();
  for (std::size_t layer = 0; layer < layers; ++layer) {
    Json row = Json::array();
    for (std::size_t head = 0; head < heads; ++head) {
      const AttentionPage::Head& each = part.summary[layer * heads + head];
      row.push_back({{"entropy", each.entropy}, {"does", each.does}, {"share", each.share}});
    }
    summary.push_back(std::move(row));
  }
  return {{"name", part.name},     {"label", part.label}, {"queries", part.queries}, {"keys", part.keys},
          {"layers", part.layers}, {"heads", part.heads}, {"causal", part.causal},   {"summary", std::move(summary)}};
}

/// A page without its parts.
Json about_page(const AttentionPage& page) {
  Json texts = Json::object();
  for (const AttentionPage::Text& text : page.texts) texts[text.name] = about_text(text);
  return {{"version", 1},      {"title", page.title},       {"model", page.model}, {"family", page.family},
          {"kind", page.kind}, {"texts", std::move(texts)}, {"notes", page.notes}};
}

std::string document(const AttentionPage& page, int steps) {
  Json data = about_page(page), parts = Json::array();
  for (const AttentionPage::Part& part : page.parts) {
    Json each = about_part(page, part);
    each["weights"] = packed(part.weights, steps);
    each["rollout"] = part.rollout.empty() ? Json(nullptr) : packed(part.rollout, steps == 0 ? 0 : kRolloutSteps);
    parts.push_back(std::move(each));
  }
  data["parts"] = std::move(parts);
  return script_page({page.title, "attention-data", embedded::attention_style, embedded::attention_script}, data);
}

void add_number(std::string& text, float number) {
  if (std::isnan(number)) {
    text += "null";
    return;
  }
  char digits[32];
  text.append(digits, std::to_chars(std::begin(digits), std::end(digits), number).ptr);
}

/// Arrays in arrays, of these lengths; `next` is the first number.
void add_nested(std::string& text, const float*& next, std::span<const std::size_t> lengths) {
  text += '[';
  for (std::size_t i = 0; i < lengths[0]; ++i) {
    if (i > 0) text += ',';
    if (lengths.size() == 1)
      add_number(text, *next++);
    else
      add_nested(text, next, lengths.subspan(1));
  }
  text += ']';
}

std::string nested(const std::vector<float>& numbers, std::initializer_list<std::size_t> lengths) {
  std::string text;
  const float* next = numbers.data();
  add_nested(text, next, {lengths.begin(), lengths.size()});
  return text;
}

/// The object with one member more; `value` is JSON already. Millions of weights would take gigabytes as values of a JSON tree.
void add_member(std::string& object, const std::string& key, const std::string& value) {
  object.pop_back();
  object += ",\"" + key + "\":" + value + "}";
}

}  // namespace

std::string attention_page(const AttentionPage& page) {
  std::size_t bytes = 0;
  for (const AttentionPage::Part& part : page.parts) bytes += (part.weights.size() + part.rollout.size()) * sizeof(float);
  if (bytes < kExactBytes) return document(page, 0);
  std::string html;
  for (const int steps : kSteps) {
    html = document(page, steps);
    if (html.size() < kPageBytes) break;
  }
  return html;
}

std::string attention_numbers(const AttentionPage& page) {
  std::string parts;
  for (const AttentionPage::Part& part : page.parts) {
    const auto [layers, heads, queries, keys] = shape_of(page, part);
    std::string each = one_line(about_part(page, part));
    add_member(each, "weights", nested(part.weights, {layers, heads, queries, keys}));
    add_member(each, "rollout", part.rollout.empty() ? "null" : nested(part.rollout, {layers, queries, keys}));
    parts += (parts.empty() ? "" : ",") + each;
  }
  std::string text = one_line(about_page(page));
  add_member(text, "parts", "[" + parts + "]");
  return text;
}

}  // namespace attend
