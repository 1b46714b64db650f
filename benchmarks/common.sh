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
