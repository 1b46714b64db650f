#!/usr/bin/env bash
#   benchmarks/train_nanogpt.sh NANOGPT
# The step of nanoGPT's recipe for a CPU (4 layers, 4 heads, 128 wide, 65 characters, 12 x 64 tokens, no dropout, no biases) here and in
# nanoGPT's own train.py, in turn, five times: the median of steps 100 to 300. NANOGPT is a clone of github.com/karpathy/nanoGPT.
set -euo pipefail
source "$(dirname "$0")/common.sh"
[[ -f ${1:-}/train.py ]] || { echo "usage: benchmarks/train_nanogpt.sh NANOGPT, a clone of github.com/karpathy/nanoGPT" >&2; exit 2; }
machine
there="$WORK/nanogpt"
mkdir -p "$there/data/shakespeare_char"
cp "$1"/{train,model,configurator}.py "$there"
"$PYTHON" - "$SHARED/data/tinyshakespeare/input.txt" "$there/data/shakespeare_char" <<'PYTHON'
import array, pathlib, pickle, sys
text, folder = pathlib.Path(sys.argv[1]).read_text(), pathlib.Path(sys.argv[2])
ids = {character: i for i, character in enumerate(sorted(set(text)))}
cut = int(len(text) * 0.9)
for name, part in (("train", text[:cut]), ("val", text[cut:])):
    (folder / f"{name}.bin").write_bytes(array.array("H", [ids[c] for c in part]).tobytes())
(folder / "meta.pkl").write_bytes(pickle.dumps({"vocab_size": len(ids), "stoi": ids, "itos": {i: c for c, i in ids.items()}}))
PYTHON
python="$(realpath -s "$PYTHON")"
for _ in 1 2 3 4 5; do
  (cd "$there" && "$python" train.py --dataset=shakespeare_char --device=cpu --compile=False --eval_iters=1 --eval_interval=100000 --log_interval=1 \
    --block_size=64 --batch_size=12 --n_layer=4 --n_head=4 --n_embd=128 --max_iters=300 --lr_decay_iters=2000 --dropout=0.0 --bias=False \
    --gradient_accumulation_steps=1 --learning_rate=1e-3 --min_lr=1e-4 --beta2=0.99 --warmup_iters=100 2> /dev/null) |
    awk -F'time |ms' '/^iter/ && ++n > 100 { print $2 }' | sort -n | awk '{ t[NR] = $1 } END { printf "nanoGPT: %.1f ms a step\n", t[int((NR + 1) / 2)] }'
  "$ATTEND" bench train --family gpt --preset nano --set vocab_size=65 --batch-size 12 --length 64 --steps 300 --threads 2 | paste -sd' '
done
