#!/usr/bin/env bash
#   benchmarks/before_attention.sh [KIND...]
# Multi30k German to English by LSTMs, without attention, with hard, local and global attention, of one layer; and by the Transformer of
# multi30k_de_en.sh, of three layers. All are 256 wide (preset small), EPOCHS (10) epochs, lower-cased tokens, beam 5. BLEU of all of test
# 2016 and by the length of the source, parameters, minutes.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
text="$(multi30k tok)"
kinds=("$@")
(( ${#kinds[@]} > 0 )) || kinds=(none hard local global transformer)
common=(--train-source "$text/train.de" --train-target "$text/train.en" --valid-source "$text/val.de" --valid-target "$text/val.en"
        --preset small --epochs "${EPOCHS:-10}" --batch-tokens 2500 --learning-rate 0.001 --schedule linear --eval-sentences 200 --eval-every 700
        --save-every 700 --log-every 100 --resume --threads 2 --seed 1 -q)
for kind in "${kinds[@]}"; do
  run="$WORK/before-attention-$kind"
  if [[ $kind == transformer ]]; then
    "$ATTEND" pretrain transformer "${common[@]}" --tokenizer-model bpe --vocab-size 4000 --dropout 0.2 --warmup-steps 400 --output "$run"
  else
    "$ATTEND" pretrain lstm "${common[@]}" --attention "$kind" --tokenizer-model bpe --vocab-size 4000 --warmup-steps 200 --output "$run"
  fi
  # Of training alone, at the rate of the fastest tenth of the records: what ran beside does not count.
  minutes="$("$PYTHON" -c '
import json, sys
rates = sorted(r["tokens_per_second"] for r in map(json.loads, open(sys.argv[1] + "/metrics.jsonl")) if "tokens_per_second" in r)
tokens = json.load(open(sys.argv[1] + "/checkpoints/last/trainer_state.json"))["tokens"]
print(round(tokens / rates[int(0.9 * len(rates))] / 60, 1))' "$run")"
  "$ATTEND" translate --model "$run" --beam 5 < "$text/test_2016_flickr.de" > "$run/test.en"
  "$PYTHON" benchmarks/bleu_by_length.py "$ATTEND" "$text/test_2016_flickr.de" "$text/test_2016_flickr.en" "$run/test.en" "$kind" \
    "$("$ATTEND" inspect "$run" --json | "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["parameters"])')" "$minutes"
done
