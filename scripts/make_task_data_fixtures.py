"""Writes tests/fixtures/task_data.json: what ../shared/data's tables and CoNLL files hold, counted in another way than by our readers.

Only counts and a hash are kept, no text.

Usage: python scripts/make_task_data_fixtures.py
"""

import hashlib
import json
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "tests" / "fixtures" / "task_data.json"
DATA = ROOT.parent / "shared" / "data"

# file -> (names of text, pair and label where it has a header, their numbers)
TABLES = {
    **{f"glue/MRPC/{part}.tsv": (("#1 String", "#2 String", "Quality"), (3, 4, 0)) for part in ("train", "dev")},
    **{f"glue/RTE/{part}.tsv": (("sentence1", "sentence2", "label"), (1, 2, 3)) for part in ("train", "dev")},
    **{f"glue/CoLA/{part}.tsv": (None, (3, None, 1)) for part in ("train", "dev")},
    **{f"sst2/{part}.tsv": (None, (0, None, 1)) for part in ("train", "dev")},
}
CONLL = ["wnut17/wnut17train.conll", "wnut17/emerging.dev.conll", "wnut17/emerging.test.conll"]


def lines_of(path):
    lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode("utf-8").replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def sha256(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def table(name):
    names, numbers = TABLES[name]
    rows = [line.split("\t") for line in lines_of(DATA / name)]
    if names:
        assert rows[0][numbers[0]] == names[0]
        rows = rows[1:]
    picked = [["" if number is None else row[number] for number in numbers] for row in rows]
    return {
        "file": name, "names": list(names) if names else None, "numbers": ["" if n is None else str(n) for n in numbers], "rows": len(rows),
        "labels": dict(sorted(Counter(row[2] for row in picked).items())), "sha256": sha256("".join("\t".join(row) + "\n" for row in picked)),
    }


def conll(name):
    sentences = [[]]
    for line in lines_of(DATA / name):
        if line.strip():
            token, tag = line.split("\t")
            sentences[-1].append((token.strip(), tag.strip()))
        elif sentences[-1]:
            sentences.append([])
    sentences = [sentence for sentence in sentences if sentence]
    text = "".join("".join(f"{token}\t{tag}\n" for token, tag in sentence) + "\n" for sentence in sentences)
    return {"file": name, "sentences": len(sentences), "tokens": sum(map(len, sentences)),
            "outside": sum(tag == "O" for sentence in sentences for _, tag in sentence),
            "tags": len({tag for sentence in sentences for _, tag in sentence}), "sha256": sha256(text)}


def main():
    fixture = {"tables": [table(name) for name in TABLES], "conll": [conll(name) for name in CONLL]}
    OUTPUT.write_text(json.dumps(fixture, indent=1) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
