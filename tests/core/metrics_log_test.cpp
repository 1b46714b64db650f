#include "core/metrics_log.h"

#include <signal.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "core/error.h"
#include "tests/support/captured_stderr.h"
#include "tests/support/temp_folder.h"

namespace attend {

TEST_CASE("metrics are appended, a line each") {
  const TempFolder folder;
  MetricsLog log(folder / "metrics.jsonl");
  log.append({{"step", 1}, {"loss", 2.5}});
  log.append({{"step", 2}, {"text", "a\nb"}, {"bad", "\xFF"}, {"nan", std::nan("")}});
  CHECK(read_text(folder / "metrics.jsonl") ==
        "{\"step\":1,\"loss\":2.5}\n{\"step\":2,\"text\":\"a\\nb\",\"bad\":\"\xEF\xBF\xBD\",\"nan\":null}\n");
}

TEST_CASE("a resumed run drops the steps it will take again") {
  const TempFolder folder;
  const auto path = folder / "metrics.jsonl";
  const std::string early = "{\"event\":\"start\"}\n{\"step\":1,\"loss\":3}\n{\"step\":2,\"loss\":2}\n",
                    late = "{\"step\":3,\"loss\":1}\n{\"step\":4,\"loss\":0}\n";
  write_text(path, early + late);
  MetricsLog log(path, 2);
  CHECK(read_text(path) == early);
  log.append({{"step", 3}});
  CHECK(read_text(path) == early + "{\"step\":3}\n");
}

TEST_CASE("a new run keeps no steps of an older one") {
  const TempFolder folder;
  write_text(folder / "metrics.jsonl", "{\"step\":0}\n{\"step\":1}\n");
  MetricsLog log(folder / "metrics.jsonl");
  CHECK(read_text(folder / "metrics.jsonl") == "{\"step\":0}\n");
}

TEST_CASE("a last line cut short is dropped, a broken line inside with a warning") {
  const TempFolder folder;
  const auto path = folder / "metrics.jsonl";
  const std::string whole = "{\"step\":1,\"loss\":3}\n{\"step\":2,\"loss\":2}\n";
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    write_text(path, whole.substr(0, size));
    const std::string warnings = captured_stderr([&] { MetricsLog(path, 10); });
    const std::size_t kept = size == whole.size() ? size : size > whole.size() / 2 - 1 ? whole.size() / 2 : 0;
    INFO("cut after " << size);
    CHECK(read_text(path) == whole.substr(0, kept));
    CHECK(warnings.empty());
  }
  write_text(path, "{\"step\":1}\ngarbage\n{\"step\":2.5}\n{\"step\":3}\n");
  const std::string warnings = captured_stderr([&] { MetricsLog(path, 10); });
  CHECK(read_text(path) == "{\"step\":1}\n{\"step\":3}\n");
  CHECK(warnings.find("metrics.jsonl line 2") != std::string::npos);
  CHECK(warnings.find("metrics.jsonl line 3") != std::string::npos);
}

TEST_CASE("a full disk leaves whole lines of metrics") {
  const TempFolder folder;
  const auto path = folder / "metrics.jsonl";
  MetricsLog log(path);
  log.append({{"step", 1}});
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit limit{15, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  CHECK_THROWS_AS(log.append({{"step", 2}}), StorageError);
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  CHECK(read_text(path) == "{\"step\":1}\n");
  log.append({{"step", 2}});
  CHECK(read_text(path) == "{\"step\":1}\n{\"step\":2}\n");
  CHECK_THROWS_AS(MetricsLog(folder / "absent/metrics.jsonl").append({{"step", 1}}), StorageError);
}

}  // namespace attend
