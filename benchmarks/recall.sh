#!/usr/bin/env bash
#   benchmarks/recall.sh [SEED...]
# "I grew up in France . ... I speak fluent": how often a language model names the language when the country lies N words back. An LSTM and a
# Transformer of equal size learn texts of 1 to 50 words between the two, half of them of 1 to 4 (without short ones this LSTM hardly learns
# what to keep: docs/tour.md), and are asked at 5 to 100. A language model is the decoder of a
# translator whose every source is one full stop, so that both have the same data, training, search and measure.
# Prints accuracy of 200 texts for each N and seed, and writes docs/recall.svg from the means.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
seeds=("$@")
(( ${#seeds[@]} > 0 )) || seeds=(1 2 3)
folder="$WORK/recall"
mkdir -p "$folder"
starts() { sed 's/.*/./' "$1"; }

for lengths in 1-4 1-50; do "$ATTEND" data make recall --lengths "$lengths" --count 30000 --seed 1; done | tr '\t' ' ' > "$folder/train.text"
"$ATTEND" data make recall --lengths 1-50 --count 500 --seed 2 | tr '\t' ' ' > "$folder/valid.text"
for part in train valid; do starts "$folder/$part.text" > "$folder/$part.start"; done
words=(5 10 20 30 40 50 75 100)
for n in "${words[@]}"; do "$ATTEND" data make recall --lengths "$n-$n" --count 200 --seed 3 > "$folder/test.$n.tsv"; done

common=(--train-source "$folder/train.start" --train-target "$folder/train.text" --valid-source "$folder/valid.start"
        --valid-target "$folder/valid.text" --tokenizer-model word --vocab-size 100 --preset tiny --dropout 0 --set max_positions=160
        --steps 2000 --batch-tokens 3000 --learning-rate 0.003 --schedule cosine --warmup-steps 200 --clip 1 --eval-every 1000
        --eval-sentences 1 --save-every 1000 --resume --threads 2 -q)
: > "$folder/results.tsv"
for seed in "${seeds[@]}"; do
  "$ATTEND" pretrain lstm "${common[@]}" --attention none --set hidden_size=192 --seed "$seed" --output "$folder/lstm-$seed" > /dev/null
  "$ATTEND" pretrain transformer "${common[@]}" --set encoder_layers=1 --set decoder_layers=2 --set hidden_size=128 --set encoder_ffn_size=256 --set decoder_ffn_size=256 \
    --seed "$seed" --output "$folder/transformer-$seed" > /dev/null
  for model in lstm transformer; do
    parameters="$("$ATTEND" inspect "$folder/$model-$seed" --json | "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["parameters"])')"
    for n in "${words[@]}"; do
      starts "$folder/test.$n.tsv" \
        | "$ATTEND" translate --model "$folder/$model-$seed" --beam 1 --max-length 130 --prefix <(cut -f1 "$folder/test.$n.tsv") \
        | paste <(tr '\t' ' ' < "$folder/test.$n.tsv") - \
        | awk -F'\t' -v model="$model" -v seed="$seed" -v n="$n" -v parameters="$parameters" \
            '$1 == $2 {right++} END {printf "%s\t%s\t%s\t%.1f\t%s\n", model, seed, n, 100 * right / NR, parameters}' | tee -a "$folder/results.tsv"
    done
  done
done
# A column a model, means over the seeds.
awk -F'\t' '{sum[$3, $1] += $4; count[$3, $1]++; if (!seen[$3]++) order[++rows] = $3}
  END {print "words\tLSTM\tTransformer"
       for (i = 1; i <= rows; i++) {n = order[i]; printf "%s\t%.2f\t%.2f\n", n, sum[n, "lstm"] / count[n, "lstm"], sum[n, "transformer"] / count[n, "transformer"]}}' \
  "$folder/results.tsv" > "$folder/means.tsv"
cat "$folder/means.tsv"
"$PYTHON" scripts/tour_tools.py curve "$folder/means.tsv" docs/recall.svg --x "words between country and question" --y "right, %"
