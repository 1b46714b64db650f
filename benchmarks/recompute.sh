#!/usr/bin/env bash
# What --recompute saves and costs: training steps of BERT base (12 layers, 768 wide; 8 and 32 sequences of 128 tokens) and GPT-2 small (1 and 4
# of 1,024), with and without it: tokens a second, and the process's peak memory. Weights, gradients and Adam's means are 1,680 MiB of BERT
# base's and 1,900 of GPT-2 small's. STEPS (4) is the number of steps.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
measure() {  # NAME FLAG...
  local name="$1"
  shift
  for recompute in "" --recompute; do
    echo "$name ${recompute:-kept}: $("$ATTEND" bench train "$@" --steps "${STEPS:-4}" --threads 2 $recompute | paste -sd' ')"
  done
}
for batch in 8 32; do measure "BERT base, $batch x 128" --family bert --preset base --set vocab_size=30522 --batch-size "$batch" --length 128; done
for batch in 1 4; do measure "GPT-2 small, $batch x 1024" --family gpt --preset gpt2 --set vocab_size=50257 --batch-size "$batch" --length 1024; done
