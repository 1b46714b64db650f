#!/usr/bin/env bash
# 64 greedy tokens after a prompt of 32, batch 1, GPT-2 small's shape with random weights, against CTranslate2 and transformers, in turn,
# three times, float32. The peers need the Python packages ctranslate2 and transformers.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
models="$WORK/random-models"
[[ -d $models/gpt2-rand ]] || "$PYTHON" "$SHARED/peers/make_random_models.py" "$models" > /dev/null 2>&1
[[ -d $models/gpt2-rand-ct2 ]] || "$PYTHON" "$SHARED/peers/to_ct2.py" gpt2 "$models/gpt2-rand" > /dev/null 2>&1
for _ in 1 2 3; do
  "$ATTEND" bench generate --model "$models/gpt2-rand" --prompt-length 32 --max-new-tokens 64 --threads 2 | paste -sd' '
  "$PYTHON" "$SHARED/peers/gpt2_decode.py" "$models/gpt2-rand" 64 ct2 2> /dev/null
  "$PYTHON" "$SHARED/peers/gpt2_decode.py" "$models/gpt2-rand" 64 hf 2> /dev/null
done
