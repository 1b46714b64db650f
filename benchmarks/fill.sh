#!/usr/bin/env bash
# Filling in the middle (Bavarian et al. 2022): a GPT of 200,000 parameters reads sums of two digits, half of them turned into prefix, suffix, middle at
# random places; then it is asked for the second number of sums that it has never seen, between the first one and the result.   STEPS=N benchmarks/fill.sh
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
data="$WORK/fill-data" run="$WORK/fill"
mkdir -p "$data"
sums() { "$ATTEND" data make addition --digits 2 --zero-padded --split "$1" --count "$2" --seed 1; }
sums train 8000 | awk -F '\t' '{ printf "%s=%s<|endoftext|>", $1, $2 }' > "$data/train.txt"
sums held-out 500 > "$data/test.tsv"
awk -F '\t' '{ printf "%s=%s<|endoftext|>", $1, $2 }' "$data/test.tsv" > "$data/valid.txt"
rm -rf "$run"
"$ATTEND" pretrain gpt --train "$data/train.txt" --valid "$data/valid.txt" --tokenizer-model char --preset nano --set hidden_size=64 --set max_positions=24 \
  --fill-in-the-middle 0.5 --batch-size 64 --steps "${STEPS:-12000}" --learning-rate 0.003 --warmup-steps 100 --eval-every 1000 --save-every 0 --output "$run" --threads 2 --seed 1
awk -F '[+\t]' '{ print $1 "+<fill>=" $3 }' "$data/test.tsv" | "$ATTEND" generate --model "$run" --fill --temperature 0 --max-new-tokens 4 --threads 2 > "$data/answers.txt"
awk -F '[+\t]' '{ print $2 }' "$data/test.tsv" | paste - "$data/answers.txt" | awk -F '\t' '$1 == $2 { right++ } END { print right + 0 " of " NR " numbers are right" }'
