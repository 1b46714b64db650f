#!/usr/bin/env bash
#   benchmarks/busy.sh [SETTING...]      default, runtime, passive; all of them unless named
# The work of S1, S4, S6 and S7 beside 0, 1, 2 and 4 busy processes, as a table: tokens a second, ROUNDS runs in turn (3). `default` is the
# command as it is, `runtime` what GNU's OpenMP does by itself, `passive` threads that sleep at once. The random models are made where they
# are missing.
set -euo pipefail
settings=("$@")
(( $# > 0 )) || settings=(default runtime passive)
source "$(dirname "$0")/common.sh"
unset GOMP_SPINCOUNT OMP_WAIT_POLICY

busy=()
# start_busy N: each ends with stop_busy, with this script, and by itself where the script was killed.
start_busy() {
  for ((i = 0; i < $1; ++i)); do
    timeout 600 bash -c 'while :; do :; done' &
    busy+=("$!")
  done
}
stop_busy() {
  (( ${#busy[@]} == 0 )) || kill "${busy[@]}" 2> /dev/null || true
  wait
  busy=()
}
trap stop_busy EXIT
trap 'exit 130' INT TERM

models="$WORK/random-models"
[[ -d $models/gpt2-rand && -d $models/marian-rand ]] || "$PYTHON" "$SHARED/peers/make_random_models.py" "$models" > /dev/null 2>&1
ids="$WORK/random-16.ids"
"$PYTHON" -c "
import random; random.seed(1)
for _ in range(16): print(*(random.randint(2, 15000) for _ in range(random.randint(8, 24))))" > "$ids"

# work NAME: the command line of the work, smaller than its own benchmark: a process that spins takes minutes for that.
work() {
  case "$1" in
    S1) echo train --family bert --preset mini --set vocab_size=30522 --set attention_dropout=0.1 --batch-size 16 --length 128 --steps 4 ;;
    S4) echo train --family gpt --preset nano --set vocab_size=65 --batch-size 12 --length 64 --steps 40 ;;
    S6) echo translate --model "$models/marian-rand" --ids "$ids" --beam 4 --min-length 20 --max-length 20 --repeats 1 ;;
    S7) echo generate --model "$models/gpt2-rand" --prompt-length 32 --max-new-tokens 32 --repeats 1 ;;
  esac
}

# measure SETTING WORK: tokens a second
measure() {
  local variables=()
  case "$1" in
    default) ;;
    runtime) variables=(GOMP_SPINCOUNT=300000) ;;
    passive) variables=(OMP_WAIT_POLICY=passive) ;;
    *) echo "$0: '$1' is not one of default, runtime, passive" >&2; exit 2 ;;
  esac
  local command
  read -ra command <<< "$(work "$2")"
  env "${variables[@]}" "$ATTEND" bench "${command[@]}" --threads 2 --json | grep -oP 'tokens_per_second": *\K[0-9]+'
}

machine
echo "| work | setting | 0 busy | 1 busy | 2 busy | 4 busy |"
echo "| --- | --- | --- | --- | --- | --- |"
declare -A cells
for count in 0 1 2 4; do
  start_busy "$count"
  for ((round = 0; round < ${ROUNDS:-3}; ++round)); do
    for name in S1 S4 S6 S7; do
      for setting in "${settings[@]}"; do
        cells[$name,$setting,$count]+="${cells[$name,$setting,$count]:+, }$(measure "$setting" "$name")"
      done
    done
  done
  stop_busy
done
for name in S1 S4 S6 S7; do
  for setting in "${settings[@]}"; do
    row="| $name | $setting |"
    for count in 0 1 2 4; do row+=" ${cells[$name,$setting,$count]} |"; done
    echo "$row"
  done
done
