// attend metric bleu|chrf|ter: scores a text against its references, with sacreBLEU's digits and signature.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "apps/command.h"
#include "apps/common.h"
#include "metrics/bleu.h"
#include "metrics/chrf.h"
#include "metrics/ter.h"

namespace attend {

enum class MetricKind { kBleu, kChrf, kTer };

struct MetricOptions {
  CommonOptions common;
  MetricKind metric = MetricKind::kBleu;
  std::string hypothesis = "-";  ///< a file, or "-" for standard input
  std::vector<std::string> references;
  bool sentence = false;    ///< a score a line, instead of one for all
  bool score_only = false;  ///< the number alone
  std::int64_t width = 1;   ///< decimals
  BleuOptions bleu;
  ChrfOptions chrf;
  TerOptions ter;
};

/// Prints sacreBLEU's line, or a JSON object with the full digits, for the corpus or for each line.
/// Throws UserError where the files do not fit each other, cannot be read or are not UTF-8, and where a setting makes no sense.
int run_metric(const MetricOptions& options, std::istream& in, std::ostream& out);

}  // namespace attend
