#!/usr/bin/env bash
# Answers by likelihood, of which all behind one prompt are compared: 60 of SST-2's sentences, good or bad, after 4 and 8 examples, with a GPT
# of 6 layers, 512 wide (random but for two steps: the time is the same). OTHER names another build of attend to run in turn, such as one
# from before 84afbdc, which reads the prompt once for each answer.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
model="$WORK/few-shot-likelihood" task="$WORK/few-shot-likelihood.tsv" text="$WORK/few-shot-likelihood.txt"
head -n 2500 "$SHARED/data/reviews/train.txt" > "$text"
head -n 120 "$SHARED/data/sst2/dev.tsv" | awk -F '\t' '{print $1 "\t" ($2 == 1 ? "good" : "bad")}' > "$task"
"$ATTEND" pretrain gpt --train "$text" --preset tiny --vocab-size 2000 --set hidden_size=512 --set num_layers=6 --set num_heads=8 \
  --set max_positions=512 --max-length 128 --batch-tokens 512 --steps 2 --warmup-steps 0 --output "$model" --resume --threads 2 -q > /dev/null
for _ in 1 2 3; do
  for program in "$ATTEND" ${OTHER:+"$OTHER"}; do
    peak "$program" "$program" evaluate few-shot --model "$model" --data "$task" --shots 4,8 --queries 60 --by likelihood --threads 2
  done
done
