#!/usr/bin/env bash
#   benchmarks/multi30k_de_en.sh [tok|raw]
# Multi30k German to English: 3+3 layers, 256 wide, feed-forward 512, 8 heads, 10 epochs (preset small), greedy and
# beam 5: on the authors' lower-cased tokens, scored as tokens, or on raw text.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
text="${1:-tok}"
run="$WORK/multi30k-de-en-$text"
train_multi30k "$text" de en "$run" --preset small --dropout 0.2 --vocab-size 4000 --epochs 10 --batch-tokens 2500 --learning-rate 0.001 \
  --schedule linear --warmup-steps 400 --eval-every 700 --save-every 700 --log-every 20
score_multi30k "$text" de en "$run"
