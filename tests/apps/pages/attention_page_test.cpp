// The page of `attention` as a file; what it looks like is for the browser's check.
#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

#include "apps/pages/attention_page.h"
#include "core/json.h"
#include "core/random.h"

namespace attend {
namespace {

using Catch::Contains;

/// A text of `length` tokens that attends to itself, drawn weights; queries see no key after them.
AttentionPage page_of(std::int64_t layers, std::int64_t heads, std::size_t length) {
  AttentionPage page;
  page.title = "A <title>";
  page.model = "runs/gpt";
  page.family = "gpt2";
  page.kind = "full";
  page.texts = {{.name = "source", .tokens = std::vector<std::string>(length, "</script>"), .special = {0}}};
  AttentionView::Part part{.name = "decoder", .label = "Self-attention", .queries = "source", .keys = "source"};
  part.layers = layers;
  part.heads = heads;
  part.causal = true;
  RandomStream random(1, "attention page");
  for (std::int64_t i = 0; i < layers * heads; ++i) {
    part.summary.push_back({.entropy = 0.5, .does = "looks at the previous token", .share = 0.75});
    for (std::size_t q = 0; q < length; ++q) {
      std::vector<float> row(length, std::numeric_limits<float>::quiet_NaN());
      float sum = 0;
      for (std::size_t k = 0; k <= q; ++k) sum += row[k] = static_cast<float>(random.uniform());
      for (std::size_t k = 0; k <= q; ++k) row[k] /= sum;
      part.weights.insert(part.weights.end(), row.begin(), row.end());
    }
  }
  page.parts = {std::move(part)};
  return page;
}

Json data_of(const std::string& html) {
  const std::string open = R"(<script type="application/json" id="attention-data">)";
  const std::size_t begin = html.find(open) + open.size();
  return Json::parse(html.substr(begin, html.find("</script>", begin) - begin));
}

}  // namespace

TEST_CASE("a page of attention holds its numbers, and tokens cannot end its script") {
  const AttentionPage page = page_of(2, 3, 5);
  const std::string html = attention_page(page);
  CHECK_THAT(html, Contains("default-src 'none'") && Contains("A &lt;title&gt;"));
  const Json data = data_of(html);
  CHECK(data.at("texts").at("source").at("tokens").at(4) == "</script>");
  CHECK(data.at("parts").at(0).at("weights").at("levels") == 0);
  CHECK(data.at("parts").at(0).at("rollout").is_null());
  CHECK(data.at("parts").at(0).at("summary").at(1).at(2).at("does") == "looks at the previous token");

  const Json numbers = Json::parse(attention_numbers(page));
  const Json& weights = numbers.at("parts").at(0).at("weights");
  REQUIRE(weights.size() == 2);
  for (std::size_t layer = 0; layer < 2; ++layer)
    for (std::size_t head = 0; head < 3; ++head)
      for (std::size_t q = 0; q < 5; ++q)
        for (std::size_t k = 0; k < 5; ++k) {
          const float expected = page.parts[0].weights[((layer * 3 + head) * 5 + q) * 5 + k];
          const Json& shown = weights.at(layer).at(head).at(q).at(k);
          CHECK(shown.is_null() == std::isnan(expected));
          if (!shown.is_null()) CHECK(shown.get<float>() == expected);
        }
}

TEST_CASE("a large page is rounded, and stays under 15 MB") {
  const std::string html = attention_page(page_of(6, 8, 320));
  CHECK(html.size() < 15'000'000);
  CHECK(data_of(html).at("parts").at(0).at("weights").at("levels").get<int>() >= 8);
}

TEST_CASE("numbers of another shape than the texts are a mistake of ours") {
  AttentionPage page = page_of(1, 1, 4);
  page.parts[0].weights.pop_back();
  CHECK_THROWS_AS(attention_page(page), std::logic_error);
}

}  // namespace attend
