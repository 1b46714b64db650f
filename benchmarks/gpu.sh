#!/usr/bin/env bash
#   benchmarks/gpu.sh [--dry-run] [SECTION...]
# Ten minutes on a machine with one GPU: the device's losses and answers beside the CPU's, runs that are killed there, the speed of training,
# translating, generating and classifying beside other tools, and nanoGPT's recipe for a GPU. A line a result; a section that fails does not
# end the script, but its exit code is 1 then. --dry-run does all of it in small, to try the script.
#   DEVICE   cuda; or what $ATTEND knows besides (attend_on_pretend: pretend)
#   ATTEND   build/cuda/bin/attend;  PYTHON   .venv-cuda/bin/python, of `scripts/setup --cuda --parity`
#   PEERS    no: this side alone;    TOTAL    seconds in all (600; 3600 in small, where no section has a limit of its own)
set -euo pipefail
script="$(realpath "${BASH_SOURCE[0]}")"
cd "$(dirname "$script")/.."
export ATTEND="${ATTEND:-build/cuda/bin/attend}" DEVICE="${DEVICE:-cuda}" WORK="${WORK:-runs/gpu}" DRY="${DRY:-no}"
export PYTHON="${PYTHON:-$([[ -x .venv-cuda/bin/python ]] && echo .venv-cuda || echo .venv)/bin/python}"
only=()
for argument in "$@"; do
  case "$argument" in
    --dry-run) DRY=yes ;;
    -*) echo "$0: unknown flag '$argument'; expected --dry-run" >&2; exit 2 ;;
    *) only+=("$argument") ;;
  esac
done
export DRY TOTAL="${TOTAL:-$([[ $DRY == yes ]] && echo 3600 || echo 600)}"
source benchmarks/common.sh
models="$WORK/random-models"
dry() { [[ $DRY == yes ]]; }

# ours FIELD ARGUMENT...: a number of `attend bench`
ours() { "$ATTEND" bench "${@:2}" --device "$DEVICE" --threads 2 --json | grep -oP "\"$1\": ?\K[0-9.]+"; }

# theirs NAME SCRIPT ARGUMENT...: ", NAME 123", or that it failed, by taking more than 45 s too; nothing without its packages
theirs() {
  [[ ${PEERS:-yes} == yes ]] && "$PYTHON" -c 'import torch, transformers' 2> /dev/null || return 0
  local device=cpu number
  [[ $DEVICE != cuda* ]] || device="$DEVICE"
  number="$(timeout --foreground 45 "$PYTHON" benchmarks/on_device.py "$device" "$SHARED/peers/$2" "${@:3}" 2> "$WORK/peer.log" |
    grep -oP '[0-9.]+(?= (real tokens|target tok|tok|seq)/s)' | head -1)" || number="failed (${WORK}/peer.log)"
  echo ", $1 $number"
}

# The same folders and runs on both: rounding is a guess for a GPU, where sums are made in another order and Adam divides by their size.
section_parity() {
  "$PYTHON" tests/device/on_pretend_device.py "$ATTEND" --device "$DEVICE" --quick --rounding "$([[ $DEVICE == cuda* ]] && echo 1e-3 || echo 2e-5)" |
    tail -1
}

section_kill() {
  local family last
  for family in gpt transformer; do
    last="$(python3 scripts/kill_and_resume.py --attend "$ATTEND" --family "$family" --device "$DEVICE" \
      --kills "$(dry && echo 1 || echo 4)" --kills-a-run 2 --steps "$(dry && echo 8 || echo 40)" | tail -1)"
    echo "$family: $last"
  done
}

# train_steps FAMILY PRECISION LAYERS HIDDEN HEADS BATCH LENGTH PRESET: one line
train_steps() {
  local family="$1" precision="$2" layers="$3" hidden="$4" heads="$5" batch="$6" length="$7" preset="$8" steps=40 vocab=30522 sizes=() peer=()
  if dry; then layers=2 hidden=128 heads=2 batch=2 length=16 steps=4 vocab=500 preset=tiny; fi
  [[ $family == bert ]] || sizes=(--set num_layers="$layers" --set hidden_size="$hidden" --set num_heads="$heads")
  peer=(--model "${family/gpt/gpt2}" --layers "$layers" --hidden "$hidden" --heads "$heads" --vocab "$vocab" --batch "$batch" --seq "$length"
    --steps "$steps")
  [[ $precision == float32 ]] || peer+=(--bf16)
  local here
  here="$(ours tokens_per_second train --family "$family" --preset "$preset" "${sizes[@]}" --set vocab_size="$vocab" --set attention_dropout=0.1 \
    --batch-size "$batch" --length "$length" --steps "$steps" --precision "$precision")"
  echo "$family $layers x $hidden, $batch x $length, $precision: $here tokens/s$(theirs transformers train_step.py "${peer[@]}")$(
    dry || theirs compiled train_step.py "${peer[@]}" --compile)"
}

section_S1() { train_steps bert float32 4 256 4 16 128 mini; }
section_S2() { train_steps bert bfloat16 4 256 4 16 128 mini; }
section_S3() { for precision in float32 bfloat16; do train_steps gpt "$precision" 4 256 4 16 128 gpt2; done; }
section_S13() {
  for precision in float32 bfloat16; do
    train_steps bert "$precision" 12 768 12 8 128 base
    train_steps gpt "$precision" 12 768 12 4 256 gpt2
  done
}

section_S5() {
  local here sizes=(--batch-size 128 --steps 40) peer=(--batch 128 --steps 40)
  if dry; then sizes=(--batch-size 8 --steps 4) peer=(--batch 8 --steps 4); fi
  multi30k_ids > /dev/null
  here="$(ours tokens_per_second train --source "$WORK/train.de.ids" --target "$WORK/train.en.ids" --set vocab_size=8000 "${sizes[@]}")"
  peer=("$WORK/train.de.ids" "$WORK/train.en.ids" --vocab 8000 "${peer[@]}")
  echo "translation's steps: $here tokens/s$(theirs transformers train_seq2seq.py "${peer[@]}")"
}

# random_model NAME FIXTURE: a folder with random weights of the size that counts; in small, a fixture
random_model() {
  if dry; then
    echo "tests/fixtures/$2"
    return
  fi
  [[ -d $models/$1 ]] || "$PYTHON" "$SHARED/peers/make_random_models.py" "$models" > /dev/null 2>&1
  echo "$models/$1"
}
# to_ct2 KIND MODEL: as CTranslate2 reads it, beside it
to_ct2() { [[ -d $2-ct2 ]] || "$PYTHON" "$SHARED/peers/to_ct2.py" "$1" "$2" > /dev/null 2>&1 || true; }

section_S6() {
  local here model ids="$WORK/random.ids" most
  model="$(random_model marian-rand marian_parity)"
  most="$(dry && echo 20 || echo 15000)"
  python3 -c "
import random; random.seed(1)
for _ in range($(dry && echo 4 || echo 64)): print(*(random.randint(2, $most) for _ in range(random.randint(8, 24))))" > "$ids"
  dry || to_ct2 marian "$model"
  here="$(ours target_tokens_per_second translate --model "$model" --ids "$ids" --beam 4 --min-length 20 --max-length 20)"
  echo "beam 4, 64 sentences, float32: $here tokens/s$(dry || theirs CTranslate2 translate_ct2.py "$model-ct2" "$ids" float32 4 20)"
}

section_S7() {
  local here model sizes=(--prompt-length 32 --max-new-tokens 64)
  ! dry || sizes=(--prompt-length 4 --max-new-tokens 4 --repeats 1)
  model="$(random_model gpt2-rand gpt_text)"
  dry || to_ct2 gpt2 "$model"
  here="$(ours tokens_per_second generate --model "$model" "${sizes[@]}")"
  echo "a GPT-2 small's greedy tokens, float32: $here tokens/s$(
    dry || { theirs transformers gpt2_decode.py "$model" 64 hf; theirs CTranslate2 gpt2_decode.py "$model" 64 ct2; } | tr -d '\n')"
}

section_S8() {
  local here model sizes=(--batch-size 8 --length 128)
  ! dry || sizes=(--batch-size 2 --length 16 --repeats 1)
  model="$(random_model bert-base-rand bert_classes)"
  here="$(ours sequences_per_second classify --model "$model" "${sizes[@]}")"
  echo "a BERT base that classifies 8 x 128, float32: $here sequences/s$(
    dry || { theirs transformers bert_infer.py "$model" 8 128 hf; theirs 'in bfloat16' bert_infer.py "$model" 8 128 hf-bf16; } | tr -d '\n')"
}

# As many of the recipe's 5,000 steps as there is time for, measured first; the schedule ends with them.
section_Q2() {
  local run="$WORK/shakespeare" batch=64 length=256 most=5000 preset=mini precision=bfloat16 milliseconds steps loss
  if dry; then batch=2 length=16 most=3 preset=nano precision=float32; fi
  rm -rf "$run"
  milliseconds="$(ours milliseconds_per_step train --family gpt --preset "$preset" --set vocab_size=65 --batch-size "$batch" --length "$length" \
    --steps "$(dry && echo 3 || echo 30)" --precision "$precision")"
  steps="$(python3 -c "print(max(2, min($most, int(0.7 * 1000 * $LIMIT / $milliseconds))))")"
  "$ATTEND" pretrain gpt --train "$SHARED/data/tinyshakespeare/input.txt" --valid-fraction "$(dry && echo 0.001 || echo 0.1)" \
    --tokenizer-model char --preset "$preset" --max-length "$length" --batch-size "$batch" --steps "$steps" --learning-rate 0.001 \
    --min-learning-rate 0.0001 --schedule cosine --warmup-steps "$((steps < 200 ? 1 : 100))" --beta2 0.99 --weight-decay 0.1 --clip 1 \
    --eval-every "$((steps < 500 ? 0 : 250))" --save-every 0 --output "$run" --device "$DEVICE" --precision "$precision" --threads 2 --seed 1 \
    -q > /dev/null
  loss="$("$PYTHON" - "$run/metrics.jsonl" <<'PYTHON'
import json, sys
losses = [record["evaluation"]["loss"] for record in map(json.loads, open(sys.argv[1])) if "evaluation" in record]
print(f"{min(losses):.4f}")
PYTHON
  )"
  echo "$steps of 5000 steps, $milliseconds ms each: loss $loss (nanoGPT: 1.4697)"
}

if [[ -n ${SECTION:-} ]]; then
  "section_$SECTION"
  exit
fi

machine
if [[ $DEVICE == cuda* ]]; then nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader 2> /dev/null || echo "no nvidia-smi"; fi
failed=()
# section NAME LIMIT: as a process of its own, of so many seconds at most, or of those that are left
section() {
  local name="$1" limit="$2" left=$((TOTAL - SECONDS)) begin=$SECONDS code=0
  (( ${#only[@]} == 0 )) || [[ " ${only[*]} " == *" $name "* ]] || return 0
  (( limit <= left )) && ! dry || limit=$left
  if (( limit < 5 )); then
    code=124
  else
    SECTION="$name" LIMIT="$limit" timeout --kill-after=5 "$limit" bash "$script" 2> "$WORK/$name.log" |
      sed -u "s/^/$name: /" || code=${PIPESTATUS[0]}
  fi
  case "$code" in
    0) ;;
    124 | 137) echo "$name: no time left after $((SECONDS - begin)) s" ;;
    *) echo "$name: failed: $(grep -E 'rror|ended with|differ' "$WORK/$name.log" | tail -1)" ;;
  esac
  (( code == 0 )) || failed+=("$name")
}

section parity 120
section kill 90
section S1 75
section S2 75
section S3 120
section S5 45
section S6 75
section S7 75
section S8 75
section Q2 120
section S13 "$TOTAL"
echo "$SECONDS s; failed: ${failed[*]:-none}"
(( ${#failed[@]} == 0 ))
