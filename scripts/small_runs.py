"""Training runs of seconds, for the scripts that stop them: kill_and_resume.py, inject_faults.py, resume_matrix.py.

Needs nothing but Python's standard library.
"""
import hashlib
import json
import pathlib
import sys

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


def write_data(folder, rng, train=300, valid=30):
    """What the four families read: so many sentences to learn from, and to measure with."""
    write_pairs(folder, "train", train, rng)
    write_pairs(folder, "valid", valid, rng)
    for part in ("train", "valid"):
        write_documents(folder, f"{part}.txt", f"{part}.de", end="\n")
        write_documents(folder, f"{part}.documents", f"{part}.de", end="<|endoftext|>\n")


def translation(data):
    return ["--train-source", data / "train.de", "--train-target", data / "train.en", "--valid-source", data / "valid.de",
            "--valid-target", data / "valid.en", "--eval-sentences", "8", "--vocab-size", "64"]


FAMILIES = {
    "transformer": translation,
    # Where it looks is drawn: hard attention has the most random numbers.
    "lstm": lambda data: [*translation(data), "--attention", "hard"],
    "bert": lambda data: ["--train", data / "train.txt", "--valid", data / "valid.txt", "--max-length", "32", "--eval-examples", "20",
                          "--vocab-size", "64"],
    "gpt": lambda data: ["--train", data / "train.documents", "--valid", data / "valid.documents", "--max-length", "32",
                         "--documents", "separate", "--fill-in-the-middle", "0.5", "--eval-tokens", "400", "--vocab-size", "300"],
}
BATCH_TOKENS = {"transformer": 200, "lstm": 200, "bert": 300, "gpt": 300}


def command(attend, family, data, output, **flags):
    """The command that starts the run, or goes on with it: eval_every=4 is --eval-every 4."""
    chosen = {"preset": "tiny", "batch_tokens": BATCH_TOKENS[family], "steps": 60, "accumulate": 2, "warmup_steps": 10, "eval_every": 20,
              "save_every": 7, "average": 2, "log_every": 5, "threads": 1, "device": "cpu", **flags}
    words = [word for name, value in chosen.items() for word in ("--" + name.replace("_", "-"), str(value))]
    return [str(attend), "pretrain", family, "--resume", "--output", str(output), *map(str, FAMILIES[family](data)), "-q", *words]


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


def children_of(pid):
    try:
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []
