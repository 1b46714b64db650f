#!/usr/bin/env bash
# nanoGPT's recipe for a CPU: characters of Shakespeare, the first 90 % train; 4 layers, 4 heads, 128 wide, block 64, batch 12, 2,000 steps,
# no dropout, no biases. The loss is over the whole validation part. (nanoGPT: 1.88; 1.8857 measured, 35 ms a step, 81 s with its evaluations.)
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
for seed in ${SEEDS:-1 2 3}; do
  run="$WORK/shakespeare-$seed"
  rm -rf "$run"
  "$ATTEND" pretrain gpt --train "$SHARED/data/tinyshakespeare/input.txt" --valid-fraction 0.1 --tokenizer-model char --preset nano --max-length 64 \
    --batch-size 12 --steps 2000 --learning-rate 0.001 --min-learning-rate 0.0001 --schedule cosine --warmup-steps 100 --beta2 0.99 --weight-decay 0.1 \
    --clip 1 --eval-every 0 --save-every 0 --output "$run" --threads 2 --seed "$seed" --json
done
