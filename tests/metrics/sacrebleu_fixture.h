// tests/fixtures/metrics.json and its options as ours.
#pragma once

#include "core/field_io.h"
#include "metrics/bleu.h"

namespace attend {

inline const Json& metric_fixture() {
  static const Json fixture = read_json_file(std::filesystem::path(ATTEND_SOURCE_DIR) / "tests/fixtures/metrics.json");
  return fixture;
}

template <Config Options>
Options options_from_json(const Json& object) {
  Options options;
  from_json(options, object, "metrics.json", UnknownKeys::kRefuse);
  return options;
}

/// `effective_order` is no field of ours: sentences have it, corpora do not.
inline BleuOptions bleu_options(Json object) {
  const bool effective = object.value("effective_order", false);
  object.erase("effective_order");
  BleuOptions options = options_from_json<BleuOptions>(object);
  options.orders = effective ? BleuOrders::kEffective : BleuOrders::kAll;
  return options;
}

}  // namespace attend
