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

# train_multi30k SOURCE TARGET RUN FLAG...: trains on the authors' lower-cased tokens.
train_multi30k() {
  local tokens="$SHARED/data/multi30k/tok" source="$1" target="$2" run="$3"
  "$ATTEND" pretrain transformer --train-source "$tokens/train.$source" --train-target "$tokens/train.$target" --valid-source "$tokens/val.$source" \
    --valid-target "$tokens/val.$target" --output "$run" --resume --tokenizer-model bpe --eval-sentences 200 --threads 2 --seed 1 "${@:4}"
}

# score_multi30k SOURCE TARGET RUN: test 2016, tokens against tokens, greedy and beam 5; the same lines with 13a.
score_multi30k() {
  local test="$SHARED/data/multi30k/tok/test_2016_flickr" source="$1" target="$2" run="$3" beam tokenize
  for beam in 1 5; do
    "$ATTEND" translate --model "$run" --beam "$beam" < "$test.$source" > "$run/test.beam$beam.$target"
    for tokenize in none 13a; do
      "$ATTEND" metric bleu --tokenize "$tokenize" --reference "$test.$target" "$run/test.beam$beam.$target"
    done
  done
}
