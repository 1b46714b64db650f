#!/usr/bin/env bash
# From the shell to the first translated sentence, against a program that only links LibTorch: medians of 11 runs, in turn.
#   benchmarks/startup.sh MODEL_FOLDER SENTENCE
set -euo pipefail
model="$(realpath "${1:?a trained model folder}")"
sentence="${2:?a sentence of its source language}"
source "$(dirname "$0")/common.sh"
machine
torch="$("$PYTHON" -c 'import pathlib, torch; print(pathlib.Path(torch.__file__).parent)')"
empty="$WORK/empty_libtorch"
if [[ ! -x $empty ]]; then
  echo '#include <ATen/ATen.h>
int main() { return at::ones({1}).numel() == 1 ? 0 : 1; }' > "$empty.cpp"
  g++ -std=c++20 -O2 -isystem "$torch/include" "$empty.cpp" -o "$empty" -L"$torch/lib" -Wl,-rpath,"$torch/lib" -Wl,--no-as-needed -ltorch -ltorch_cpu -lc10
fi
"$PYTHON" - "$ATTEND" "$model" "$sentence" "$empty" <<'PYTHON'
import statistics, subprocess, sys, time
attend, model, sentence, empty = sys.argv[1:]
def seconds(command, text=""):
    start = time.perf_counter()
    subprocess.run(command, input=text, text=True, check=True, capture_output=True)
    return time.perf_counter() - start
translating = [attend, "translate", "--model", model, "--threads", "2", "-q"]
ours, floor = [], []
for _ in range(11):
    ours.append(seconds(translating, sentence + "\n"))
    floor.append(seconds([empty]))
print(f"attend translate {statistics.median(ours):.3f} s, an empty LibTorch program {statistics.median(floor):.3f} s, "
      f"difference {statistics.median(ours) - statistics.median(floor):.3f} s")
PYTHON
