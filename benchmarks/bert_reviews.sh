#!/usr/bin/env bash
# What pretraining is worth: BERT (preset tiny: 2 layers, 128 wide) pretrained on 1,900 film reviews for at most an hour, then fine-tuned on
# SST-2's sentences with three seeds, beside the same model fine-tuned from random weights; two rates of dropout and two learning rates for
# both, one thread each. Dev accuracy, mean of three. With `next-sentence` as argument: pretraining alone, with next sentences, whose
# accuracy is printed as it goes.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
pretrain() {  # OUTPUT FLAG...
  "$ATTEND" pretrain bert --train "$SHARED/data/reviews/train.txt" --valid "$SHARED/data/reviews/valid.txt" --preset tiny --dropout 0 \
    --batch-tokens 4096 --learning-rate 0.002 --warmup-steps 500 --eval-every 1000 --eval-examples 500 --save-every 2000 --max-minutes 60 \
    --output "$@" --resume --threads 2 --seed 1
}
if [[ ${1:-} == next-sentence ]]; then
  pretrain "$WORK/bert-reviews-next-sentence" --vocab-size 4000 --max-length 64 --steps 22000
  exit
fi
bert="$WORK/bert-reviews"
pretrain "$bert" --vocab-size 8000 --no-next-sentence --mask-probability 0.2 --max-length 128 --steps 30000
# sst2 NAME DROPOUT LEARNING_RATE FLAG...: the metrics of three seeds
sst2() {
  local run="$WORK/sst2-$1-$2-$3"
  OMP_NUM_THREADS=1 "$ATTEND" finetune classify --model "$bert" --train "$SHARED/data/sst2/train.tsv" --valid "$SHARED/data/sst2/dev.tsv" \
    --text 0 --label 1 --dropout "$2" --epochs 8 --learning-rate "$3" --warmup-steps 100 --seeds 1,2,3 --output "$run" --resume --threads 1 -q \
    "${@:4}" > "$run.txt"
}
for dropout in 0.1 0.2; do
  for rate in 0.0003 0.001; do
    sst2 pretrained "$dropout" "$rate" &
    sst2 scratch "$dropout" "$rate" --from-scratch
    wait $!  # fails as that does
    for start in pretrained scratch; do
      echo "$start, dropout $dropout, learning rate $rate: $(grep accuracy "$WORK/sst2-$start-$dropout-$rate.txt")"
    done
  done
done
