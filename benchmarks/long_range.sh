#!/usr/bin/env bash
#   benchmarks/long_range.sh [TASK...]      listops, text-1024, text-4096, reviews-1024, reviews-4096
# What each kind of attention costs in quality, with equal steps, batches and seeds, from random weights, 2 layers, 64 wide.
#   listops    a BERT; Long Range Arena's rules, 500 to 2,000 tokens (Tay et al. 2021): accuracy on 500 examples that were not trained on
#   text-N     a GPT, of the kinds that can be causal, goes on with reviews, N bytes at once: loss on reviews that were not trained on
#   reviews-N  a BERT; whether two passages, in characters, come from the same review. No kind learns it in these steps (full attention at
#              1,024: 50.0 %), so it is not run unless it is named
# STEPS, SEEDS and KINDS may be set.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
tasks=("$@")
(( ${#tasks[@]} > 0 )) || tasks=(listops text-1024 text-4096)
STEPS="${STEPS:-400}" SEEDS="${SEEDS:-1,2,3}"
read -ra kinds <<< "${KINDS:-full window bigbird linformer reformer linear}"
model=(--preset tiny --set hidden_size=64 --set intermediate_size=256 --dropout 0)
causal="full window reformer linear"
rate=(--learning-rate 0.001 --schedule cosine --warmup-steps 50)
folder="$WORK/long-range"
mkdir -p "$folder"

# A kind's settings for texts of LENGTH tokens: each sees at most some 256 at once.
settings() {  # KIND LENGTH
  echo "--set attention=$1 --set max_positions=$2"
  case "$1" in
    window) echo "--set attention_window=256" ;;
    bigbird) echo "--set attention_block=32 --set attention_random=3" ;;
    linformer) echo "--set attention_projected=128" ;;
    reformer) echo "--set attention_buckets=$(( $2 / 32 )) --set attention_chunk=64" ;;
  esac
}

# Bytes: a run a seed, and its last evaluation.
text() {  # LENGTH
  local kind seed set output
  for kind in "${kinds[@]}"; do
    [[ " $causal " == *" $kind "* ]] || continue
    read -ra set <<< "$(settings "$kind" "$1" | paste -sd' ')"
    for seed in ${SEEDS//,/ }; do
      output="$folder/text-$1-$kind-$seed"
      rm -rf "$output"
      "$ATTEND" pretrain gpt --train "$SHARED/data/reviews/train.txt" --valid "$SHARED/data/reviews/valid.txt" --tokenizer-model char \
        "${model[@]}" "${rate[@]}" "${set[@]}" --max-length "$1" --batch-size $(( 16384 / $1 )) --steps "$STEPS" \
        --eval-every 0 --save-every 0 --seed "$seed" --threads 2 --output "$output" --json -q | sed "s/^/text-$1 $kind $seed /"
    done
  done
}

for task in "${tasks[@]}"; do
  case "$task" in
    text-*) text "${task#text-}"; continue ;;
    listops)
      length=2048 batch=8 columns=(--text 0 --label 1)
      "$ATTEND" data make listops --lengths 500-2000 --count 20000 --seed 1 | tr -d '[' | tr ']' ')' > "$folder/$task.train.tsv"
      "$ATTEND" data make listops --lengths 500-2000 --count 500 --seed 2 | tr -d '[' | tr ']' ')' > "$folder/$task.test.tsv"
      ;;
    reviews-*)
      length="${task#reviews-}" batch=$(( 16384 / ${task#reviews-} )) columns=(--text 1 --text-pair 2 --label 0)
      characters=$(( (length - 40) / 2 ))
      "$PYTHON" benchmarks/same_review.py "$SHARED/data/reviews/train.txt" "$characters" 8000 1 > "$folder/$task.train.tsv"
      "$PYTHON" benchmarks/same_review.py "$SHARED/data/reviews/valid.txt" "$characters" 500 2 > "$folder/$task.test.tsv"
      ;;
    *) echo "$0: '$task' is not one of listops, text-1024, text-4096, reviews-1024, reviews-4096" >&2; exit 2 ;;
  esac
  # The smallest WordPiece vocabulary there is: characters. Words of ListOps are whole.
  head -500 "$folder/$task.train.tsv" | if [[ $task == listops ]]; then cut -f1; else cut -f2- | tr '\t' '\n'; fi > "$folder/$task.text"
  for kind in "${kinds[@]}"; do
    start="$folder/$task-$kind"
    rm -rf "$start" "$start-run"
    read -ra set <<< "$(settings "$kind" "$length" | paste -sd' ')"
    # Sizes and a tokenizer alone are wanted of this folder.
    "$ATTEND" pretrain bert --train "$folder/$task.text" --valid "$folder/$task.text" --no-next-sentence --vocab-size 120 \
      "${model[@]}" "${set[@]}" --max-length 128 --steps 1 --eval-examples 8 --output "$start" --resume -q
    "$ATTEND" finetune classify --model "$start" --from-scratch --train "$folder/$task.train.tsv" --valid "$folder/$task.test.tsv" --header no \
      "${columns[@]}" --max-length "$length" --batch-size "$batch" --steps "$STEPS" "${rate[@]}" \
      --eval-every 0 --save-every 0 --seeds "$SEEDS" --output "$start-run" --threads 2 --json -q | sed "s/^/$task $kind /"
  done
done
