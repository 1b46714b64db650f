#!/usr/bin/env python3
"""`attend embed` against sentence-transformers, the library itself, by hand.

    python3 tests/parity/embed_reference.py ATTEND FOLDER TEXT [LINES]

FOLDER is a sentence-transformers model (modules.json), TEXT a file whose lines are embedded (the part before a tab). The Python that runs
this needs, besides the packages of `scripts/setup --parity`, sentence-transformers.
"""
import json
import pathlib
import subprocess
import sys

import torch
from sentence_transformers import SentenceTransformer

attend, folder, text = sys.argv[1:4]
count = int(sys.argv[4]) if len(sys.argv) > 4 else 1000
lines = [line.split("\t")[0].strip() for line in pathlib.Path(text).read_text(encoding="utf-8").splitlines()]
lines = [line for line in lines if line][:count]
theirs = torch.tensor(SentenceTransformer(folder, device="cpu").encode(lines))
done = subprocess.run([attend, "embed", "--model", folder, "-q"], input="".join(line + "\n" for line in lines), capture_output=True, text=True, check=True)
ours = torch.tensor([json.loads(line) for line in done.stdout.splitlines()])
difference = (ours - theirs).abs().max().item()
print(f"{len(lines)} sentences, {ours.shape[1]} numbers each: they differ by at most {difference:.2e}")
sys.exit(not (ours.shape == theirs.shape and difference < 1e-5))
