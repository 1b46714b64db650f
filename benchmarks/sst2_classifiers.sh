#!/usr/bin/env bash
# A GPT fine-tuned as a classifier (a linear layer on its last token's state) on SST-2's sentences, beside the BERT of bert_reviews.sh (run
# that first) of the same depth and width, pretrained on the same reviews for as long, MINUTES; beside the GPT from random weights; and beside
# logistic regression on words and word pairs (scikit-learn, to be installed beside). Dev accuracy, mean of three seeds.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
sst2="$SHARED/data/sst2" gpt="$WORK/gpt-reviews"
"$ATTEND" pretrain gpt --train "$SHARED/data/reviews/train.txt" --valid "$SHARED/data/reviews/valid.txt" --preset nano --set num_layers=2 --set num_heads=2 \
  --vocab-size 4000 --max-length 64 --batch-tokens 4096 --learning-rate 0.002 --warmup-steps 500 --steps 22000 --max-minutes "${MINUTES:-22}" --eval-every 1000 \
  --eval-tokens 50000 --save-every 2000 --output "$gpt" --resume --threads 2 --seed 1
for rate in 0.0001 0.0003 0.001; do
  for start in pretrained scratch; do
    echo "== GPT, $start, learning rate $rate"
    "$ATTEND" finetune classify --model "$gpt" --train "$sst2/train.tsv" --valid "$sst2/dev.tsv" --text 0 --label 1 --dropout 0.1 --epochs 5 \
      --learning-rate "$rate" --warmup-steps 100 --seeds 1,2,3 --output "$WORK/sst2-gpt-$start-$rate" --resume --threads 2 -q \
      $([[ $start == pretrained ]] || echo --from-scratch)
  done
done
for folder in "$WORK"/sst2-pretrained-*; do
  [[ -d $folder ]] || continue
  echo "== BERT, ${folder##*/}, seed 1"
  "$ATTEND" evaluate classify --model "$folder/seed-1" --data "$sst2/dev.tsv" --text 0 --label 1
done
"$PYTHON" - "$sst2" <<'PYTHON'
import sys
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
def read(name):
    rows = [line.rstrip("\n").split("\t") for line in open(f"{sys.argv[1]}/{name}.tsv", encoding="utf-8")]
    return [row[0] for row in rows], [row[1] for row in rows]
(texts, labels), (dev_texts, dev_labels) = read("train"), read("dev")
for pairs in (1, 2):
    words = CountVectorizer(ngram_range=(1, pairs), token_pattern=r"\S+", binary=True)
    model = LogisticRegression(max_iter=1000).fit(words.fit_transform(texts), labels)
    print(f"logistic regression on {'words' if pairs == 1 else 'words and pairs of words'}: {model.score(words.transform(dev_texts), dev_labels):.4f}")
PYTHON
