#!/usr/bin/env bash
# What is learnt from the prompt: a GPT of 0.8 M parameters, 4 layers, 128 wide, reads 200,000 episodes of three families of tasks, each by a
# rule of its own; then it answers 1,000 queries a family by rules that it has never seen, after 0 to 12 examples (docs/tasks.md).
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
data="$WORK/in-context-data" run="$WORK/in-context"
families=(affix replace stamp)
mkdir -p "$data"
mixture="$(IFS=,; echo "${families[*]}")"
"$ATTEND" data make "$mixture" --episodes --split train --count 200000 --shots 9-12 --seed 1 > "$data/train.txt"
"$ATTEND" data make "$mixture" --episodes --split train --count 1000 --shots 9-12 --seed 2 > "$data/valid.txt"
for family in "${families[@]}"; do "$ATTEND" data make "$family" --split held-out --rules 100 --count 17 --seed 3 > "$data/$family.tsv"; done
"$ATTEND" pretrain gpt --train "$data/train.txt" --valid "$data/valid.txt" --tokenizer-model char --preset tiny --set num_layers=4 --set max_positions=224 \
  --documents separate --batch-tokens 2048 --steps 10000 --learning-rate 0.002 --min-learning-rate 0.0002 --schedule cosine --warmup-steps 200 \
  --eval-every 1000 --save-every 1000 --output "$run" --resume --threads 2 --seed 1
"$ATTEND" evaluate few-shot --model "$run" --data "$data"/{affix,replace,stamp}.tsv --shots 0,1,2,4,8,12 --queries 1000 --max-new-tokens 16 --threads 2 \
  --page "$WORK/in-context.html"
