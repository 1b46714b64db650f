#!/usr/bin/env bash
# Byte-level BPE of reviews/train.txt, line by line on one thread, against Hugging Face tokenizers: CPU seconds, three runs each in turn.
#   benchmarks/tokenize_byte_bpe.sh [VOCABULARY_SIZE...]
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
text="$SHARED/data/reviews/train.txt"
for size in "${@:-8000}"; do
  folder="$WORK/byte_bpe_$size"
  "$ATTEND" tokenizer train --type byte-bpe --vocab-size "$size" --output "$folder" "$text" -q
  TOKENIZERS_PARALLELISM=false RAYON_NUM_THREADS=1 "$PYTHON" - "$(dirname "$ATTEND")/tokenizer_answers" "$folder" "$text" <<'PYTHON'
import os, pathlib, subprocess, sys, time
from transformers import GPT2Tokenizer
helper, folder, text = sys.argv[1:]
reference = GPT2Tokenizer.from_pretrained(folder).backend_tokenizer
lines = pathlib.Path(text).read_text(encoding="utf-8").split("\n")
megabytes = os.path.getsize(text) / 1e6
for _ in range(3):
    ours = float(subprocess.run([helper, folder, "seconds", text], check=True, capture_output=True, text=True).stdout.split()[1])
    start = time.process_time()
    reference.encode_batch_fast(lines, add_special_tokens=False)
    theirs = time.process_time() - start
    print(f"{folder}: here {ours:.3f} s ({megabytes / ours:.1f} MB/s), tokenizers {theirs:.2f} s ({megabytes / theirs:.1f} MB/s), ratio {theirs / ours:.1f}")
PYTHON
done
