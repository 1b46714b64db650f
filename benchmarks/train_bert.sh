#!/usr/bin/env bash
#   benchmarks/train_bert.sh [float32|bfloat16]
# BERT pretraining steps (masked words and next sentences) against transformers' BertForPreTraining, in turn, three times: 4 layers,
# 256 wide, vocabulary 30,522, 16 random sequences of 128 tokens, AdamW, clipping, dropout 0.1 everywhere on both sides.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
precision="${1:-float32}"
for _ in 1 2 3; do
  "$ATTEND" bench train --family bert --preset mini --set vocab_size=30522 --set attention_dropout=0.1 --batch-size 16 --length 128 --steps 12 \
    --precision "$precision" --threads 2 | paste -sd' '
  "$PYTHON" "$SHARED/peers/train_step.py" --model bert $([[ $precision == float32 ]] || echo --bf16) 2> /dev/null
done
