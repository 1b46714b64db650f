#!/usr/bin/env bash
# Training steps of an LSTM translator on Multi30k's sentence pairs against the same model in plain PyTorch, in turn, three times: 256 wide,
# one layer, vocabulary 8,000, random batches of 128 pairs, float32, AdamW, clipping, label smoothing 0.1, dropout 0.1.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
multi30k_ids
for attention in global none; do
  for _ in 1 2 3; do
    "$ATTEND" bench train --family lstm --preset small --source "$WORK/train.de.ids" --target "$WORK/train.en.ids" --set vocab_size=8000 \
      --set "attention=$attention" --threads 2 | paste -sd' '
    "$PYTHON" benchmarks/lstm_torch.py "$WORK/train.de.ids" "$WORK/train.en.ids" --vocab 8000 --attention "$attention"
  done
done
