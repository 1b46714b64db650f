#!/usr/bin/env bash
# What heads of models trained here do, counted over 100 texts (docs/attention.md): the previous and the next token in the demo's BERT and
# few-shot GPT, copying and induction in that GPT and in one that read repeats alone, alignment in the demo's translator and in those of
# before_attention.sh, where WORK has them. DEMO is the demo's folder; it is made where it is not there.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
demo="${DEMO:-$WORK/demo}" repeats="$WORK/repeats" text="$(multi30k tok)"
heads() { "$PYTHON" benchmarks/attention_heads.py "$1" "$ATTEND" "${@:2}"; }
[[ -f $demo/gpt/model.safetensors ]] || "$ATTEND" demo --output "$demo" -q
heads neighbours "$demo/bert" "$demo/bert.valid.txt"
heads neighbours "$demo/gpt" "$demo/episodes.valid.txt"
heads copying "$demo/gpt" "$demo/episodes.valid.txt"
heads induction "$demo/gpt"
[[ -f $repeats.txt ]] || "$PYTHON" benchmarks/attention_heads.py write-repeats > "$repeats.txt"
"$ATTEND" pretrain gpt --train "$repeats.txt" --valid-fraction 0.005 --tokenizer-model char --preset tiny --set max_positions=64 \
  --documents separate --batch-tokens 1024 --learning-rate 0.002 --schedule cosine --warmup-steps 200 --steps 3000 --threads 1 --seed 1 \
  --output "$repeats" --resume -q
heads neighbours "$repeats" "$repeats.txt"
heads induction "$repeats"
heads alignment "$demo/translator" "$demo/test.en" "$demo/test.de" "$demo/train.en" "$demo/train.de"
for kind in global transformer; do
  model="$WORK/before-attention-$kind"
  [[ -f $model/model.safetensors ]] || continue
  heads alignment "$model" "$text/test_2016_flickr.de" "$text/test_2016_flickr.en" "$text/train.de" "$text/train.en"
done
