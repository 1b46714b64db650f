#!/usr/bin/env bash
# Multi30k German to English: 3+3 layers, 256 wide, feed-forward 512, 8 heads, 10 epochs (preset small). Trains on the authors' lower-cased
# tokens and scores them as tokens; greedy and beam 5.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
tokens="$SHARED/data/multi30k/tok"
run="$WORK/multi30k-de-en"
"$ATTEND" pretrain transformer --train-source "$tokens/train.de" --train-target "$tokens/train.en" --valid-source "$tokens/val.de" --valid-target "$tokens/val.en" \
  --output "$run" --resume --preset small --dropout 0.2 --vocab-size 4000 --tokenizer-model bpe --epochs 10 --batch-tokens 2500 --learning-rate 0.001 \
  --schedule linear --warmup-steps 400 --eval-every 700 --save-every 700 --eval-sentences 200 --log-every 20 --threads 2 --seed 1
for beam in 1 5; do
  "$ATTEND" translate --model "$run" --beam "$beam" < "$tokens/test_2016_flickr.de" > "$run/test.beam$beam.en"
  "$ATTEND" metric bleu --tokenize none --reference "$tokens/test_2016_flickr.en" "$run/test.beam$beam.en"
done
"$ATTEND" evaluate translate --model "$run" --source "$tokens/test_2016_flickr.de" --reference "$tokens/test_2016_flickr.en" --json
