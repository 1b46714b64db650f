#!/usr/bin/env bash
#   benchmarks/generate.sh [PRECISION...]       float32 where none is named
# 64 greedy tokens after a prompt of 32, batch 1, GPT-2 small's shape with random weights, against llama.cpp and CTranslate2, in turn,
# three times. The peers need the Python packages ctranslate2, gguf and xllamacpp.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
models="$WORK/random-models"
[[ -d $models/gpt2-rand ]] || "$PYTHON" "$SHARED/peers/make_random_models.py" "$models" > /dev/null 2>&1
[[ -d $models/gpt2-rand-ct2 ]] || "$PYTHON" "$SHARED/peers/to_ct2.py" gpt2 "$models/gpt2-rand" > /dev/null 2>&1
declare -A gguf=([float32]=f32 [int8]=q8_0) ct2=([float32]=ct2 [int8]=ct2-int8)
for precision in "${@:-float32}"; do
  type="${gguf[$precision]:-none}"
  file="$models/gpt2-rand-$type.gguf"
  [[ $type == none || -f $file ]] || "$PYTHON" "$SHARED/peers/hf_gpt2_to_gguf.py" "$models/gpt2-rand" "$file" "$type" > /dev/null 2>&1 || echo "llama.cpp $type: not there"
  for _ in 1 2 3; do
    "$ATTEND" bench generate --model "$models/gpt2-rand" --prompt-length 32 --max-new-tokens 64 --threads 2 --precision "$precision" | paste -sd' ' |
      sed "s/^/$precision: /"
    [[ ! -f $file ]] || "$PYTHON" "$SHARED/peers/gpt2_decode_llamacpp.py" "$file" 64 2> /dev/null | tail -1
    [[ -z ${ct2[$precision]:-} ]] || "$PYTHON" "$SHARED/peers/gpt2_decode.py" "$models/gpt2-rand" 64 "${ct2[$precision]}" 2> /dev/null
  done
done
