#!/usr/bin/env python3
"""Kills a small training run at random moments, resumes it to the end, and compares the final weights with those of a run
that was never stopped: they must have the same SHA-256, and metrics.jsonl the same records.

    scripts/kill_and_resume.py --attend build/release/bin/attend --kills 50 [--family lstm|bert|gpt] [--processes 2]

With several processes one of them is killed, or what started them, and the others have to end by themselves.

Needs nothing but Python's standard library. Every random choice follows from --seed, except the machine's own timing.
"""
import argparse
import hashlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

NOUNS = {"hund": "dog", "katze": "cat", "vogel": "bird", "haus": "house", "baum": "tree", "kind": "child"}
VERBS = {"sieht": "sees", "findet": "finds", "sucht": "seeks", "mag": "likes"}


def write_pairs(folder, name, count, rng):
    source, target = [], []
    for _ in range(count):
        subject, thing = rng.choice(list(NOUNS)), rng.choice(list(NOUNS))
        verb = rng.choice(list(VERBS))
        extra = " und ".join(rng.choice(list(NOUNS)) for _ in range(rng.randint(0, 3)))
        source.append(f"{subject} {verb} {thing} {extra}".strip())
        words = [NOUNS.get(word, VERBS.get(word, "and")) for word in source[-1].split()]
        target.append(" ".join(words))
    (folder / f"{name}.de").write_text("\n".join(source) + "\n")
    (folder / f"{name}.en").write_text("\n".join(target) + "\n")


def write_documents(folder, name, pairs_file, end):
    """Documents of five sentences each."""
    lines = (folder / pairs_file).read_text().splitlines()
    (folder / name).write_text("".join(line + ("\n" + end if i % 5 == 4 else "\n") for i, line in enumerate(lines)))


FAMILIES = {
    "transformer": lambda data: ["--train-source", data / "train.de", "--train-target", data / "train.en", "--valid-source", data / "valid.de",
                                 "--valid-target", data / "valid.en", "--eval-sentences", "8", "--batch-tokens", "200", "--vocab-size", "64"],
    # Where it looks is drawn: hard attention has the most random numbers.
    "lstm": lambda data: ["--train-source", data / "train.de", "--train-target", data / "train.en", "--valid-source", data / "valid.de",
                          "--valid-target", data / "valid.en", "--eval-sentences", "8", "--batch-tokens", "200", "--vocab-size", "64",
                          "--attention", "hard"],
    "bert": lambda data: ["--train", data / "train.txt", "--valid", data / "valid.txt", "--max-length", "32", "--batch-tokens", "300",
                          "--eval-examples", "20", "--vocab-size", "64"],
    "gpt": lambda data: ["--train", data / "train.documents", "--valid", data / "valid.documents", "--max-length", "32", "--batch-tokens", "300",
                         "--documents", "separate", "--fill-in-the-middle", "0.5", "--eval-tokens", "400", "--vocab-size", "300"],
}


def command(options, data, output):
    return [options.attend, "pretrain", options.family, "--resume", "--output", str(output), *map(str, FAMILIES[options.family](data)),
            "--preset", "tiny", "--steps", str(options.steps), "--accumulate", "2", "--warmup-steps", "10", "--eval-every", "20",
            "--save-every", "7", "--average", "2", "--log-every", "5", "--threads", str(options.threads), "--device", "cpu", "-q",
            "--nproc", str(options.processes), "--peer-timeout", "60"]


def timeless_records(output):
    """metrics.jsonl without what a clock decides. A record that stands twice, because the process died between writing it
    and the next checkpoint, counts once; two that differ are an error."""
    records = {}
    for line in (output / "metrics.jsonl").read_text().splitlines():
        record = json.loads(line)
        for key in ("seconds", "tokens_per_second"):
            record.pop(key, None)
        key = (record["step"], next((kind for kind in ("evaluation", "average", "skipped") if kind in record), "step"))
        if records.setdefault(key, record) != record:
            sys.exit(f"step {key[0]} stands twice in {output}/metrics.jsonl, and differs")
    return records


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def runs(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def kill_one(process, rng):
    """SIGKILL to the process, or to one of those that it started; returns when all have ended."""
    children = [int(pid) for pid in pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    try:
        os.kill(rng.choice([process.pid, *children]), signal.SIGKILL)
    except ProcessLookupError:
        pass  # it has just ended
    process.communicate()
    while any(runs(pid) for pid in children):
        time.sleep(0.02)


def run_with_kills(options, data, output, rng, most_kills, typical_seconds):
    """Starts the run again and again until it ends by itself; returns how often it was killed."""
    kills = 0
    while True:
        process = subprocess.Popen(command(options, data, output), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if kills < most_kills:
            try:
                process.wait(timeout=rng.uniform(0, typical_seconds))
            except subprocess.TimeoutExpired:
                kill_one(process, rng)
                kills += 1
                continue
        message = process.communicate()[1].decode()
        if process.returncode != 0:
            sys.exit(f"the resumed run ended with {process.returncode}: {message}")
        return kills


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attend", required=True, help="the attend binary")
    parser.add_argument("--family", choices=FAMILIES, default="transformer")
    parser.add_argument("--kills", type=int, default=50, help="how many kills in all")
    parser.add_argument("--kills-a-run", type=int, default=5, help="a run is left alone after so many")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)

    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder)
        write_pairs(data, "train", 300, rng)
        write_pairs(data, "valid", 30, rng)
        for part in ("train", "valid"):
            write_documents(data, f"{part}.txt", f"{part}.de", end="\n")
            write_documents(data, f"{part}.documents", f"{part}.de", end="<|endoftext|>\n")
        start = time.monotonic()
        whole = data / "whole"
        run_with_kills(options, data, whole, rng, 0, 0)
        seconds = time.monotonic() - start
        expected, expected_records = sha256(whole / "model.safetensors"), timeless_records(whole)
        print(f"never stopped: {seconds:.1f} s, {expected}", flush=True)
        total, runs = 0, 0
        while total < options.kills:
            output = data / f"run-{runs}"
            start = time.monotonic()
            kills = run_with_kills(options, data, output, rng, min(options.kills_a_run, options.kills - total), seconds)
            if kills == 0:  # the machine is faster than it was: kills would come after the end again
                seconds = min(seconds, time.monotonic() - start)
            if sha256(output / "model.safetensors") != expected:
                sys.exit(f"run {runs}, killed {kills} times: its weights differ from the run's that was never stopped")
            if timeless_records(output) != expected_records:
                sys.exit(f"run {runs}, killed {kills} times: its metrics.jsonl differs from the run's that was never stopped")
            total, runs = total + kills, runs + 1
            print(f"run {runs}: killed {kills} times, equal to the bit ({total} of {options.kills})", flush=True)
    print(f"{total} kills in {runs} runs: every run ended in the same weights")


if __name__ == "__main__":
    main()
