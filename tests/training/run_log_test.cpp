// What a run says of its metrics.
#include <torch/torch.h>

#include <catch2/catch.hpp>

#include "training/run_log.h"

namespace attend {

TEST_CASE("metrics are told with as many digits as tell two runs apart") {
  CHECK(format_metrics({{"loss", 2.10341}, {"perplexity", 8.194}, {"bleu", 31.0249}}) == "loss 2.1034  perplexity 8.19  bleu 31.02");
  CHECK(format_metrics({{"accuracy", 0.78186}, {"f1", 1}, {"mcc", -0.02516}}) == "accuracy 0.7819  f1 1.0000  mcc -0.0252");
  CHECK(format_metrics({{"loss", 12.5}}) == "loss 12.5000");
  CHECK(format_metrics({}).empty());
}

}  // namespace attend
