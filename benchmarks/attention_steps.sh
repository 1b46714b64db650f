#!/usr/bin/env bash
#   benchmarks/attention_steps.sh [LENGTH...]      2048 8192
# A training step of BERT and of GPT (preset mini: 4 layers, 256 wide) over one text of LENGTH tokens, with each kind of attention: time,
# and the most memory of the process.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
lengths=("$@")
(( ${#lengths[@]} > 0 )) || lengths=(2048 8192)
step() {  # FAMILY KIND LENGTH FLAG...
  "$ATTEND" bench train --family "$1" --preset mini --set vocab_size=8000 --set "max_positions=$3" --set "attention=$2" --length "$3" \
    --batch-size 1 --steps 4 --threads 2 "${@:4}" --json \
    | "$PYTHON" -c 'import json, sys
row = json.load(sys.stdin)
print(*sys.argv[1:], round(row["milliseconds_per_step"]), "ms", round(row["peak_memory_mib"]), "MiB")' "$1" "$2" "$3"
}
for length in "${lengths[@]}"; do
  for family in bert gpt; do
    step "$family" full "$length"
    step "$family" window "$length" --set attention_window=256
    if [[ $family == bert ]]; then
      step bert bigbird "$length"
      step bert linformer "$length"
    fi
    step "$family" reformer "$length" --set "attention_buckets=$(( length / 32 ))"
    step "$family" linear "$length"
  done
done
