#include <sstream>

#include "core/text.h"
#include "data/table.h"
#include "tests/fuzz/fuzz.h"

/// The first byte chooses the columns, the header and what becomes of bad rows, the others are the table.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attend;
  if (size == 0) return 0;
  constexpr const char* kColumns[][3] = {{"0", "", "1"}, {"text", "", "label"}, {"0", "1", "2"}, {"a", "b", ""}};
  const auto& columns = kColumns[*data & 3];
  const Header header = (*data & 12) == 0 ? Header::kAuto : (*data & 12) == 4 ? Header::kYes : Header::kNo;
  return fuzz::expect_value_or_refusal([&] {
    std::istringstream in{std::string(fuzz::text_of(data + 1, size - 1))};
    const BadRows bad_rows = (*data & 16) == 0 ? BadRows::kRefuse : BadRows::kSkip;
    TableReader reader(in, "fuzz", {columns[0], columns[1], columns[2]}, {.header = header, .bad_rows = bad_rows});
    for (LabelledText cells; reader.next(cells);) {
      fuzz::promise(*columns[2] == '\0' || !cells.label.empty(), "a label is never empty");
      fuzz::promise(is_valid_utf8(cells.text) && is_valid_utf8(cells.text_pair) && is_valid_utf8(cells.label), "texts are UTF-8");
    }
  });
}
