#!/usr/bin/env bash
# Classifying 8 sequences of 128 tokens with a random BERT base (12 layers, 768 wide) against onnxruntime, in turn, three times, float32.
# The peer needs the Python packages onnx and onnxruntime.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
models="$WORK/random-models"
[[ -d $models/bert-base-rand ]] || "$PYTHON" "$SHARED/peers/make_random_models.py" "$models" > /dev/null 2>&1
for _ in 1 2 3; do
  "$ATTEND" bench classify --model "$models/bert-base-rand" --batch-size 8 --length 128 --threads 2 | paste -sd' '
  "$PYTHON" "$SHARED/peers/bert_infer.py" "$models/bert-base-rand" 8 128 ort 2> /dev/null
done
