#!/usr/bin/env bash
# What pretraining is worth: BERT (preset tiny: 2 layers, 128 wide) pretrained on 1,900 film reviews, then fine-tuned on SST-2's sentences
# with three seeds, and the same model fine-tuned from random weights, at three learning rates. Dev accuracy, mean of three.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
bert="$WORK/bert-reviews"
"$ATTEND" pretrain bert --train "$SHARED/data/reviews/train.txt" --valid "$SHARED/data/reviews/valid.txt" --preset tiny --vocab-size 4000 --dropout 0 \
  --max-length 64 --batch-tokens 4096 --learning-rate 0.002 --warmup-steps 500 --steps 22000 --eval-every 1000 --eval-examples 500 --save-every 2000 \
  --max-minutes 60 --output "$bert" --resume --threads 2 --seed 1
# sst2 NAME LEARNING_RATE FLAG...: the metrics of three seeds
sst2() {
  echo "== $1, learning rate $2"
  "$ATTEND" finetune classify --model "$bert" --train "$SHARED/data/sst2/train.tsv" --valid "$SHARED/data/sst2/dev.tsv" --text 0 --label 1 --dropout 0.1 \
    --epochs 5 --learning-rate "$2" --warmup-steps 100 --seeds 1,2,3 --output "$WORK/sst2-$1-$2" --resume --threads 2 -q "${@:3}"
}
for rate in 0.0001 0.0003 0.001; do
  sst2 pretrained "$rate"
  sst2 scratch "$rate" --from-scratch
done
