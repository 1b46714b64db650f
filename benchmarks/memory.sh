#!/usr/bin/env bash
# Peak memory (resident) of the work of S1, S5 and S6, each side as a process of its own: benchmarks/train_bert.sh, train_seq2seq.sh and
# translate.sh tell what is run; run the last two first, whose files are used here.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
peers="$SHARED/peers" models="$WORK/random-models"
peak "S1 here" "$ATTEND" bench train --family bert --preset mini --set vocab_size=30522 --set attention_dropout=0.1 --batch-size 16 --length 128 --steps 12 --threads 2
peak "S1 transformers" "$PYTHON" "$peers/train_step.py" --model bert
peak "S5 here" "$ATTEND" bench train --source "$WORK/train.de.ids" --target "$WORK/train.en.ids" --set vocab_size=8000 --threads 2
peak "S5 transformers" "$PYTHON" "$peers/train_seq2seq.py" "$WORK/train.de.ids" "$WORK/train.en.ids" --vocab 8000
peak "S6 here" "$ATTEND" bench translate --model "$models/marian-rand" --ids "$WORK/random.ids" --beam 4 --min-length 20 --max-length 20 --threads 2
peak "S6 CTranslate2" "$PYTHON" "$peers/translate_ct2.py" "$models/marian-rand-ct2" "$WORK/random.ids" float32 4 20
