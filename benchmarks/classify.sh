#!/usr/bin/env bash
#   benchmarks/classify.sh [PRECISION...]       float32 where none is named
# Classifying 8 sequences of 128 tokens with a random BERT base (12 layers, 768 wide) against onnxruntime and OpenVINO, in turn, three times.
# The peers need the Python packages onnx, onnxruntime and openvino.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
models="$WORK/random-models"
[[ -d $models/bert-base-rand ]] || "$PYTHON" "$SHARED/peers/make_random_models.py" "$models" > /dev/null 2>&1
declare -A peers=([float32]="ort ov" [bfloat16]="ov-bf16 hf-bf16" [int8]="ort-int8")
for precision in "${@:-float32}"; do
  for _ in 1 2 3; do
    "$ATTEND" bench classify --model "$models/bert-base-rand" --batch-size 8 --length 128 --threads 2 --precision "$precision" | paste -sd' ' |
      sed "s/^/$precision: /"
    for peer in ${peers[$precision]}; do
      "$PYTHON" "$SHARED/peers/bert_infer.py" "$models/bert-base-rand" 8 128 "$peer" 2> /dev/null || echo "$peer: not there"
    done
  done
done
