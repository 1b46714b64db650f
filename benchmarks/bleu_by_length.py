"""BLEU of a translation, and of its sentences by the length of their source in words: a line of a table.
usage: bleu_by_length.py ATTEND SOURCE REFERENCE HYPOTHESIS NAME PARAMETERS MINUTES"""
import json
import pathlib
import subprocess
import sys
import tempfile

attend, source, reference, hypothesis, name, parameters, minutes = sys.argv[1:]
BUCKETS = [(0, 8), (9, 12), (13, 16), (17, 999)]
lines = [pathlib.Path(path).read_text(encoding="utf-8").removesuffix("\n").split("\n") for path in (source, reference, hypothesis)]
rows = list(zip(*lines, strict=True))


def bleu(chosen):
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder) / side for side in ("reference", "hypothesis")]
        for path, side in zip(paths, (1, 2)):
            path.write_text("".join(row[side] + "\n" for row in chosen), encoding="utf-8")
        command = [attend, "metric", "bleu", "--json", "--tokenize", "none", "--reference", paths[0], paths[1]]
        return json.loads(subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout)["score"]


cells = [f"{bleu(rows):.1f}"]
for fewest, most in BUCKETS:
    chosen = [row for row in rows if fewest <= len(row[0].split()) <= most]
    cells.append(f"{bleu(chosen):.1f} ({len(chosen)})" if chosen else "")
print(f"| {name} | {' | '.join(cells)} | {int(parameters) / 1e6:.1f} M | {minutes} |", flush=True)
