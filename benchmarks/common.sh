# Sourced by the runners: where things are, and the machine's description.
#   SHARED   folder with data/ and peers/ (../shared beside the repository)
#   PYTHON   a Python with the peers' packages (.venv after scripts/setup --parity)
#   WORK     where runs and intermediate files go
cd "$(dirname "${BASH_SOURCE[0]}")/.."
SHARED="${SHARED:-$(cd .. && pwd)/shared}"
PYTHON="${PYTHON:-.venv/bin/python}"
WORK="${WORK:-runs}"
ATTEND="${ATTEND:-build/release/bin/attend}"
export OMP_NUM_THREADS=2
mkdir -p "$WORK"
[[ -d $SHARED/data && -d $SHARED/peers ]] || { echo "no data/ and peers/ in $SHARED; set SHARED" >&2; exit 2; }
[[ -x $ATTEND ]] || { echo "no $ATTEND; run scripts/build" >&2; exit 2; }

machine() {
  echo "machine: $(lscpu | sed -n 's/^Model name: *//p'), 2 threads; load before: $(cut -d' ' -f1 /proc/loadavg)"
  echo "commit: $(git rev-parse --short HEAD)$([[ -z $(git status --porcelain --untracked-files=no) ]] || echo ' and changes'), $(date -u +%F)"
}

# peak NAME COMMAND...: its peak of resident memory in MiB, mapped pages counted, and its time
peak() {
  "$PYTHON" - "$@" <<'PYTHON'
import resource, subprocess, sys, time
name, *command = sys.argv[1:]
start = time.monotonic()
subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(f"{name}: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB, {time.monotonic() - start:.0f} s", flush=True)
PYTHON
}

# Multi30k as `tok` (the authors' lower-cased tokens: what papers score) or `raw` (text as it was written).
multi30k() {
  case "$1" in
    tok) echo "$SHARED/data/multi30k/tok" ;;
    raw) echo "$SHARED/data/multi30k" ;;
    *) echo "$0: '$1' is not one of tok, raw" >&2; exit 2 ;;
  esac
}

# train_multi30k TEXT SOURCE TARGET RUN FLAG...
train_multi30k() {
  local text source="$2" target="$3" run="$4"
  text="$(multi30k "$1")"
  "$ATTEND" pretrain transformer --train-source "$text/train.$source" --train-target "$text/train.$target" --valid-source "$text/val.$source" \
    --valid-target "$text/val.$target" --output "$run" --resume --tokenizer-model bpe --eval-sentences 200 --threads 2 --seed 1 "${@:5}"
}

# score_multi30k TEXT SOURCE TARGET RUN: test 2016, greedy and beam 5. Tokens are scored as they are and with 13a, raw text with 13a.
score_multi30k() {
  local test source="$2" target="$3" run="$4" beam tokenize
  test="$(multi30k "$1")/test_2016_flickr"
  for beam in 1 5; do
    "$ATTEND" translate --model "$run" --beam "$beam" < "$test.$source" > "$run/test.beam$beam.$target"
    for tokenize in $([[ $1 == raw ]] || echo none) 13a; do
      "$ATTEND" metric bleu --tokenize "$tokenize" --reference "$test.$target" "$run/test.beam$beam.$target"
    done
  done
}

# Token ids of Multi30k's training pairs, a vocabulary of 8,000: $WORK/train.de.ids, $WORK/train.en.ids.
multi30k_ids() {
  local tokens="$SHARED/data/multi30k/tok" tokenizer="$WORK/multi30k-8000" side
  if [[ ! -f $tokenizer/vocab.json ]]; then
    "$ATTEND" tokenizer train --type sentencepiece --model bpe --vocab-size 8000 --output "$tokenizer" "$tokens/train.de" "$tokens/train.en"
  fi
  for side in de en; do "$ATTEND" tokenizer encode --tokenizer "$tokenizer" --ids < "$tokens/train.$side" > "$WORK/train.$side.ids"; done
}
