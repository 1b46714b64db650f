#!/usr/bin/env bash
#   benchmarks/multi30k_en_de.sh [tok|raw]
# Multi30k English to German: 4+4 layers, 128 wide, feed-forward 256, 4 heads (preset tiny, 2.6 M parameters), the last five checkpoints
# averaged. The peak learning rate matters: 0.004 does not learn to translate (docs/results.md).
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
text="${1:-tok}"
run="$WORK/multi30k-en-de-$text"
train_multi30k "$text" en de "$run" --preset tiny --dropout 0.2 --vocab-size 10000 --epochs 30 --batch-tokens 4096 --learning-rate 0.0015 \
  --schedule linear --warmup-steps 1000 --eval-every 500 --save-every 150 --keep 10 --average 5 --log-every 50
score_multi30k "$text" en de "$run"
