#!/usr/bin/env bash
# Training steps on Multi30k's sentence pairs against transformers' MarianMTModel, in turn, three times: 4+4 layers, 128 wide,
# vocabulary 8,000, random batches of 128 pairs, float32, AdamW, clipping, label smoothing 0.1, dropout 0.1.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
multi30k_ids
for _ in 1 2 3; do
  "$ATTEND" bench train --source "$WORK/train.de.ids" --target "$WORK/train.en.ids" --set vocab_size=8000 --threads 2 | paste -sd' '
  "$PYTHON" "$SHARED/peers/train_seq2seq.py" "$WORK/train.de.ids" "$WORK/train.en.ids" --vocab 8000 2> /dev/null
done
