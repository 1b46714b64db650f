#!/usr/bin/env bash
# Training steps of an LSTM translator on Multi30k's sentence pairs against the same model in plain PyTorch, in turn, three times: 256 wide,
# one layer, vocabulary 8,000, random batches of 128 pairs, float32, AdamW, clipping, label smoothing 0.1, dropout 0.1.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
tokens="$SHARED/data/multi30k/tok"
tokenizer="$WORK/multi30k-8000"
if [[ ! -f $tokenizer/vocab.json ]]; then
  "$ATTEND" tokenizer train --type sentencepiece --model bpe --vocab-size 8000 --output "$tokenizer" "$tokens/train.de" "$tokens/train.en"
fi
for side in de en; do "$ATTEND" tokenizer encode --tokenizer "$tokenizer" --ids < "$tokens/train.$side" > "$WORK/train.$side.ids"; done
for attention in global none; do
  for _ in 1 2 3; do
    "$ATTEND" bench train --family lstm --preset small --source "$WORK/train.de.ids" --target "$WORK/train.en.ids" --set vocab_size=8000 \
      --set "attention=$attention" --threads 2 | paste -sd' '
    "$PYTHON" benchmarks/lstm_torch.py "$WORK/train.de.ids" "$WORK/train.en.ids" --vocab 8000 --attention "$attention"
  done
done
