#!/usr/bin/env bash
# Sums of three digits, zero-padded, the answer's digits in reverse: a GPT of 200,000 parameters learns from 10,000 of them, and is asked 1,000 that it has
# never seen, greedily.   EPOCHS=N benchmarks/addition.sh
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
data="$WORK/addition-data" run="$WORK/addition"
mkdir -p "$data"
"$ATTEND" data make addition --digits 3 --answer-order reversed --zero-padded --count 10000 --split train > "$data/train.tsv"
"$ATTEND" data make addition --digits 3 --answer-order reversed --zero-padded --count 1000 --split held-out > "$data/test.tsv"
rm -rf "$run"
"$ATTEND" pretrain gpt --train "$data/train.tsv" --valid "$data/test.tsv" --input 0 --output-column 1 --header no --tokenizer-model char --preset nano \
  --set hidden_size=64 --set max_positions=32 --batch-size 32 --epochs "${EPOCHS:-15}" --learning-rate 0.003 --warmup-steps 100 --eval-every 500 \
  --save-every 0 --output "$run" --threads 2 --seed 1
cut -f1 "$data/test.tsv" | sed 's/$/ ->/' | "$ATTEND" generate --model "$run" --temperature 0 --max-new-tokens 8 --stop '\n' --threads 2 | sed 's/^ //' > "$data/answers.txt"
cut -f2 "$data/test.tsv" | paste - "$data/answers.txt" | awk -F '\t' '$1 == $2 { right++ } END { print right + 0 " of " NR " held-out sums are right" }'
