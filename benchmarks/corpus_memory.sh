#!/usr/bin/env bash
#   benchmarks/corpus_memory.sh [GIGABYTES]
# Peak memory of preparing a large corpus for BERT, vocabulary learnt from it included, and of one training step on it. The text is
# generated: sentences of the reviews drawn at random, one word in fifty replaced by one that was never seen, as in text from the web.
set -euo pipefail
source "$(dirname "$0")/common.sh"
machine
gigabytes="${1:-2.2}" text="$WORK/corpus-memory.txt" run="$WORK/corpus-memory"
"$PYTHON" - "$SHARED/data/reviews/train.txt" "$text" "$gigabytes" <<'PYTHON'
import random, sys
source, target, gigabytes = sys.argv[1:]
random.seed(1)
sentences = [line.split() for line in open(source, encoding="utf-8") if line.strip()]
letters = "abcdefghijklmnopqrstuvwxyz"
written = documents = lines = 0
with open(target, "w", encoding="utf-8") as file:
    while written < float(gigabytes) * 1e9:
        parts = []
        for _ in range(random.randint(10, 50)):
            words = random.choice(sentences)
            if random.random() < len(words) / 50:
                words = list(words)
                words[random.randrange(len(words))] = "".join(random.choices(letters, k=random.randint(5, 9)))
            parts.append(" ".join(words))
        written += file.write("\n".join(parts) + "\n\n")
        documents, lines = documents + 1, lines + len(parts)
print(f"{written / 1e9:.2f} GB, {documents:,} documents, {lines:,} sentences")
PYTHON
rm -rf "$run"
peak "pretrain bert, vocabulary of 30,522, one step" "$ATTEND" pretrain bert --train "$text" --preset tiny --vocab-size 30522 --max-length 128 \
  --steps 1 --eval-every 0 --output "$run" --threads 2 --seed 1
ls -l "$run"
rm -rf "$run" "$text"
