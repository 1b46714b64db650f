#!/usr/bin/env bash
# What pretraining is worth: BERT (preset mini: 4 layers, 256 wide) pretrained on 1,900 film reviews, then fine-tuned on SST-2's sentences
# with three seeds, and the same model fine-tuned from random weights. Dev accuracy, mean of three.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
bert="$WORK/bert-reviews"
"$ATTEND" pretrain bert --train "$SHARED/data/reviews/train.txt" --valid "$SHARED/data/reviews/valid.txt" --preset mini --vocab-size 8000 \
  --learning-rate 0.001 --steps 5000 --warmup-steps 500 --max-minutes 60 --output "$bert" --resume --threads 2 --seed 1
sst2() {
  "$ATTEND" finetune classify --model "$bert" --train "$SHARED/data/sst2/train.tsv" --valid "$SHARED/data/sst2/dev.tsv" --text 0 --label 1 \
    --epochs 5 --learning-rate "$2" --warmup-steps 100 --seeds 1,2,3 --output "$WORK/sst2-$1" --resume --threads 2 "${@:3}"
}
sst2 pretrained 0.0002
sst2 scratch 0.0002 --from-scratch
sst2 scratch-fast 0.0005 --from-scratch
