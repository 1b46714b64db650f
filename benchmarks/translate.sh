#!/usr/bin/env bash
#   benchmarks/translate.sh [PRECISION...]      float32 where none is named
# Beam search against CTranslate2, in turn, three times: a random 512-wide base model, vocabulary 16,000, 64 sentences of 8 to 24
# tokens, beam 4, 20 forced output tokens.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
models="$WORK/random-models"
if [[ ! -d $models/marian-rand-ct2 ]]; then
  "$PYTHON" "$SHARED/peers/make_random_models.py" "$models" > /dev/null 2>&1
  "$PYTHON" "$SHARED/peers/to_ct2.py" marian "$models/marian-rand" > /dev/null 2>&1
fi
"$PYTHON" -c "
import random; random.seed(1)
for _ in range(64): print(*(random.randint(2, 15000) for _ in range(random.randint(8, 24))))" > "$WORK/random.ids"
for precision in "${@:-float32}"; do
  for _ in 1 2 3; do
    "$ATTEND" bench translate --model "$models/marian-rand" --ids "$WORK/random.ids" --beam 4 --min-length 20 --max-length 20 --threads 2 \
      --precision "$precision" | paste -sd' ' | sed "s/^/$precision: /"
    "$PYTHON" "$SHARED/peers/translate_ct2.py" "$models/marian-rand-ct2" "$WORK/random.ids" "$precision" 4 20 2> /dev/null || echo "CTranslate2 $precision: not there"
  done
done
