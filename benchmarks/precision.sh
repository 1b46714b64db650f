#!/usr/bin/env bash
#   benchmarks/precision.sh translate|lm|classify|embed MODEL
# What bfloat16 and int8 cost a trained model, beside float32:
#   translate  BLEU on Multi30k's test 2016, German to English, beam 5
#   lm         perplexity of the reviews that were not trained on
#   classify   accuracy on SST-2's dev
#   embed      cosine to float32's vectors of SST-2's dev sentences, mean and least
set -euo pipefail
source "$(dirname "$0")/common.sh"
task="$1" model="$2"
machine
folder="$WORK/precision"
mkdir -p "$folder"
test="$SHARED/data/multi30k/tok/test_2016_flickr" sst2="$SHARED/data/sst2/dev.tsv"
cut -f1 "$sst2" > "$folder/sentences.txt"
for precision in float32 bfloat16 int8; do
  common=(--model "$model" --precision "$precision" --threads 2 -q)
  case "$task" in
    translate) "$ATTEND" evaluate translate "${common[@]}" --source "$test.de" --reference "$test.en" --beam 5 ;;
    lm) "$ATTEND" evaluate lm "${common[@]}" --data "$SHARED/data/reviews/valid.txt" ;;
    classify) "$ATTEND" evaluate classify "${common[@]}" --data "$sst2" --text 0 --label 1 --header no ;;
    embed) "$ATTEND" embed "${common[@]}" --json < "$folder/sentences.txt" > "$folder/$precision.json" ;;
    *) echo "$0: '$task' is not one of translate, lm, classify, embed" >&2; exit 2 ;;
  esac | paste -sd' ' | sed -n "s/^./$precision: &/p"
done
[[ $task != embed ]] || "$PYTHON" - "$folder" <<'PYTHON'
import json, sys
import numpy as np
read = lambda name: np.array([json.loads(line) for line in open(f"{sys.argv[1]}/{name}.json")])
exact = read("float32")
for name in ("bfloat16", "int8"):
    vectors = read(name)
    cosine = (exact * vectors).sum(1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(vectors, axis=1)
    print(f"{name}: cosine {cosine.mean():.5f}, least {cosine.min():.5f}, {len(cosine)} sentences")
PYTHON
