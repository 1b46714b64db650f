#!/usr/bin/env python3
"""What a line is answered does not depend on the lines beside it, up to the rounding of sums.

    same_in_batches.py ATTEND [LINES]

Trains a small translator and a small GPT for a minute, and lets each answer real lines (1,000 of Multi30k, 200 beginnings of Shakespeare's) in
batches and one at a time. Texts are equal, but where the scores of the two best answers differ by less than 1e-4; these are counted.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

SKIPPED = 4
CLOSE = 1e-4
MOST_DIFFERENT = 0.01  # of the lines; the worst seen is 0 of 1,200
DATA = pathlib.Path(__file__).resolve().parents[2] / ".." / "shared" / "data"


def run(*arguments, text=None):
    return subprocess.run([str(a) for a in arguments], input=text, text=True, check=True, stdout=subprocess.PIPE).stdout


def compare(name, together, alone, text_of, score_of):
    """Counts what differs; ends the test where two answers differ by more than rounding."""
    different = 0
    for number, (a, b) in enumerate(zip(together, alone, strict=True), 1):
        difference = abs(score_of(a) - score_of(b))
        if difference >= CLOSE:
            sys.exit(f"{name}, line {number}: scores {score_of(a)} and {score_of(b)} of {text_of(a)!r} and {text_of(b)!r}")
        different += text_of(a) != text_of(b)
    print(f"{name}: {len(alone)} lines, {different} answered with another text whose score is within {CLOSE}")
    if different > MOST_DIFFERENT * len(alone):
        sys.exit(f"{name}: {different} of {len(alone)} differ")


def translations(attend, folder, lines):
    train = DATA / "multi30k"
    run(attend, "pretrain", "transformer", "--train-source", train / "train.de", "--train-target", train / "train.en", "--preset", "tiny",
        "--steps", 250, "--warmup-steps", 100, "--output", folder, "-q")
    text = "".join(open(train / "test_2016_flickr.de", encoding="utf-8").readlines()[:lines])

    def answers(*flags):
        output = run(attend, "translate", "--model", folder, "--beam", 4, "--max-length", 40, "--json", *flags, text=text)
        return [json.loads(line) for line in output.splitlines()]

    compare("translate", answers(), answers("--batch-tokens", 1), lambda a: a["translation"], lambda a: a["score"])


def continuations(attend, folder):
    text = DATA / "tinyshakespeare" / "input.txt"
    run(attend, "pretrain", "gpt", "--train", text, "--valid-fraction", 0.1, "--preset", "nano", "--tokenizer-model", "char", "--steps", 300,
        "--output", folder, "-q")
    prompts = [line for line in open(text, encoding="utf-8").read().splitlines() if 10 < len(line) < 40][:200]

    def answers(*flags):
        output = run(attend, "generate", "--model", folder, "--temperature", 0, "--max-new-tokens", 24, "--json", *flags,
                     text="\n".join(prompts) + "\n")
        return [json.loads(line) for line in output.splitlines()]

    compare("generate", answers(), answers("--batch-tokens", 1), lambda a: a["text"], lambda a: a["log_probability"] / a["tokens"])


def main():
    attend = sys.argv[1]
    lines = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    if not (DATA / "multi30k").is_dir():
        print(f"{DATA} is not there: skipped")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as folder:
        translations(attend, os.path.join(folder, "translator"), lines)
        continuations(attend, os.path.join(folder, "gpt"))


if __name__ == "__main__":
    main()
