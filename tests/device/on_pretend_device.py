#!/usr/bin/env python3
"""Every command on a device whose memory the host cannot touch, beside the same on the CPU.

    on_pretend_device.py BINARY        an `attend` that knows --device pretend (tests/CMakeLists.txt)
    on_pretend_device.py BINARY --device cuda --rounding 1e-3 [--quick]        or a device that there is

Losses and answers agree to rounding; a run on the device that is stopped goes on to the same bits; and a training step takes to the pretend
device, which counts, what its batch needs, and brings back one small tensor.
"""
import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
from small_runs import BATCH_TOKENS, FAMILIES, sha256, timeless_records, write_data  # noqa: E402
import random  # noqa: E402

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("binary")
parser.add_argument("--device", default="pretend")
parser.add_argument("--rounding", type=float, default=2e-5, help="of losses around 1; answers, and sums over many tokens, get ten times as much")
parser.add_argument("--quick", action="store_true", help="one model a family, with full attention")
OPTIONS = parser.parse_args()
ROUNDING, BINARY, DEVICE = OPTIONS.rounding, OPTIONS.binary, OPTIONS.device
IS_PRETEND = DEVICE == "pretend"
# A step's most copies to the device: ids, segments, places and targets. From it comes one tensor of sums; the LSTM's hard attention brings
# whether a look was drawn, and what each was worth, besides.
MOST_COPIES = {"transformer": (5, 1), "lstm": (22, 3), "bert": (7, 1), "bert reformer": (9, 1), "gpt": (3, 1), "gpt reformer": (5, 1)}
KINDS = {"bert": [], "gpt": []} if OPTIONS.quick else {
    "bert": ["window", "bigbird", "linformer", "reformer", "linear"],
    "gpt": ["window", "reformer", "linear"],
}
# Where hard attention looks is drawn, and a real device draws other numbers.
LSTMS = ["global"] if OPTIONS.quick else ["none", "global", "local", *(["hard"] if IS_PRETEND else [])]
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def fail(text):
    sys.exit(f"on_pretend_device.py: {text}")


def attend(arguments, device, stdin="", environment=None):
    process = subprocess.run([BINARY, *map(str, arguments), "--device", device, "--threads", "1"], input=stdin, capture_output=True, text=True,
                             env={**os.environ, **(environment or {})})
    if process.returncode != 0:
        fail(f"{' '.join(map(str, arguments))} on {device} ended with {process.returncode}: {process.stderr[-800:]}")
    return process.stdout


WORST = {"losses": 0.0, "answers": 0.0}


def differ(what, a, b, rounding):
    difference = abs(a - b) / max(1, abs(a))
    WORST[what] = max(WORST[what], difference)
    return difference > rounding


def compare_numbers(what, a, b):
    """Two JSON values, alike but for rounding."""
    if isinstance(a, dict) and a.keys() == b.keys():
        for key in a:
            compare_numbers(f"{what}, {key}", a[key], b[key])
    elif isinstance(a, list) and len(a) == len(b):
        for first, second in zip(a, b):
            compare_numbers(what, first, second)
    elif isinstance(a, float) and isinstance(b, (float, int)):
        if differ("losses", a, b, ROUNDING):
            fail(f"{what}: {a} on the CPU, {b} on the device")
    elif a != b:
        fail(f"{what}: {a!r} on the CPU, {b!r} on the device")


def answers_agree(arguments, stdin=""):
    cpu, device = (attend(arguments, name, stdin) for name in ("cpu", DEVICE))
    if NUMBER.sub("#", cpu) != NUMBER.sub("#", device):
        fail(f"{arguments[0]}: other words on the device:\n{cpu[:400]}\n{device[:400]}")
    for a, b in zip(NUMBER.findall(cpu), NUMBER.findall(device)):
        if differ("answers", float(a), float(b), 10 * ROUNDING):
            fail(f"{arguments[0]}: {a} on the CPU, {b} on the device")
    if not cpu:
        fail(f"{arguments[0]} answered nothing")
    print(f"{' '.join(map(str, arguments[:2]))}: {len(cpu.splitlines())} lines agree", flush=True)


def train_both(name, arguments, data):
    """On both, without dropout, whose random numbers a device draws otherwise; returns the CPU's folder."""
    short = ["--steps", "4", "--accumulate", "2", "--warmup-steps", "2", "--log-every", "1", "-q"]
    outputs = {device: data / f"{name} {device}" for device in ("cpu", DEVICE)}
    for device, output in outputs.items():
        attend([*arguments, *short, "--output", output], device)
    records = [list(timeless_records(output).values()) for output in outputs.values()]
    compare_numbers(name, *records)
    print(f"{name}: {len(records[0])} records agree", flush=True)
    return outputs["cpu"]


def pretrain(family, data, extra=()):
    arguments = FAMILIES[family](data)
    if "--attention" in extra:
        at = arguments.index("--attention")
        del arguments[at:at + 2]
    return ["pretrain", family, *arguments, "--batch-tokens", BATCH_TOKENS[family], "--preset", "tiny", *extra]


def check_copies(name, arguments, data):
    """Of steps alone: without validation data there is no evaluation at the end."""
    for flag in ("--valid", "--valid-source", "--valid-target", "--eval-sentences", "--eval-examples", "--eval-tokens"):
        if flag in arguments:
            at = arguments.index(flag)
            del arguments[at:at + 2]
    counts = []
    for steps in (2, 10):
        file = data / "copies.json"
        attend([*arguments, "--steps", steps, "--warmup-steps", "1", "--log-every", "1000", "--eval-every", "0", "--save-every", "0", "-q", "--output",
                data / f"copies {name} {steps}"], DEVICE, environment={"ATTEND_COPIES": str(file)})
        counts.append(json.loads(file.read_text()))
    a_step = {key: (counts[1][key] - counts[0][key]) / 8 for key in ("in", "out", "bytes_in", "bytes_out")}
    most_in, most_out = MOST_COPIES.get(name, MOST_COPIES[name.split()[0]])
    print(f"{name}: {a_step['in']:g} copies in ({a_step['bytes_in']:.0f} bytes), {a_step['out']:g} out ({a_step['bytes_out']:.0f} bytes) a step")
    if a_step["in"] > most_in or a_step["out"] > most_out:
        fail(f"{name}: more than {most_in} copies in and {most_out} out a step")


def check_resume(family, data):
    """With dropout: stopped by SIGTERM and resumed, the run ends in the bits of the one that was not."""
    arguments = [*pretrain(family, data), "--steps", "30", "--save-every", "5", "--eval-every", "0", "--warmup-steps", "5", "--dropout", "0.1", "-q"]
    whole, cut = data / f"{family} whole", data / f"{family} cut"
    attend([*arguments, "--output", whole], DEVICE)
    process = subprocess.Popen([BINARY, *map(str, arguments), "--device", DEVICE, "--threads", "1", "--output", cut], stderr=subprocess.PIPE)
    while process.poll() is None and not (cut / "checkpoints/step-5").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    message = process.communicate()[1].decode()
    if process.returncode not in (0, 75):
        fail(f"{family}: SIGTERM ended the run with {process.returncode}: {message}")
    attend([*arguments, "--resume", "--output", cut], DEVICE)
    if sha256(whole / "model.safetensors") != sha256(cut / "model.safetensors"):
        fail(f"{family}: the resumed run has other weights")
    print(f"{family}: {'stopped and ' if process.returncode == 75 else ''}resumed to the same bits", flush=True)


def main():
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder)
        write_data(data, rng)
        german = (data / "train.de").read_text().splitlines()
        few = "\n".join(german[:6]) + "\n"
        (data / "classes.tsv").write_text("".join(f"{line}\t{'yes' if 'hund' in line else 'no'}\n" for line in german))
        (data / "tags.conll").write_text("".join("".join(f"{w} {'B-X' if w == 'hund' else 'O'}\n" for w in line.split()) + "\n" for line in german))
        (data / "task.tsv").write_text("hund\tdog\nkatze\tcat\nhaus\thouse\nbaum\ttree\n")
        masked, pairs = "hund sieht [MASK]\nkatze [MASK] haus\n", "hund sieht haus\tkatze mag baum\n"

        exact = ("--dropout", "0")
        seq2seq = {"transformer": train_both("transformer", pretrain("transformer", data, exact), data)}
        for attention in LSTMS:
            seq2seq[attention] = train_both(f"lstm {attention}", pretrain("lstm", data, (*exact, "--attention", attention)), data)
        for model in seq2seq.values():
            answers_agree(["translate", "--model", model, "--max-length", "12"], few)
            answers_agree(["translate", "--model", model, "--max-length", "12", "--beam", "1", "--scores"], few)
        answers_agree(["evaluate", "translate", "--model", seq2seq["transformer"], "--source", data / "valid.de", "--reference", data / "valid.en"])
        bert, gpt = [], []
        for family, models in (("bert", bert), ("gpt", gpt)):
            models.append(train_both(family, pretrain(family, data, exact), data))
            for kind in KINDS[family]:
                models.append(train_both(f"{family} {kind}", pretrain(family, data, (*exact, "--set", f"attention={kind}")), data))
            if not OPTIONS.quick:
                train_both(f"{family} recomputed", pretrain(family, data, (*exact, "--recompute")), data)
        for model in bert:
            answers_agree(["fill-mask", "--model", model], masked)
            answers_agree(["next-sentence", "--model", model], pairs)
            answers_agree(["embed", "--model", model], few)
            answers_agree(["evaluate", "mlm", "--model", model, "--data", data / "valid.txt", "--max-length", "32"])
        for model in gpt:
            answers_agree(["generate", "--model", model, "--temperature", "0", "--max-new-tokens", "8"], few)
            answers_agree(["generate", "--model", model, "--top-k", "5", "--max-new-tokens", "8"], few)
            answers_agree(["score", "--model", model], few)
            answers_agree(["evaluate", "lm", "--model", model, "--data", data / "valid.documents"])
        answers_agree(["prompt", "--model", gpt[0], "--examples", data / "task.tsv", "--shots", "1"], "hund\nhaus\n")
        answers_agree(["evaluate", "few-shot", "--model", gpt[0], "--data", data / "task.tsv", "--shots", "0,1", "--by", "likelihood"])
        for model in (bert[0], gpt[0], seq2seq["global"]):
            answers_agree(["attention", "--model", model, "--text", "hund sieht haus", "--json", "--output", data / "page.html"])

        columns = ["--text", "0", "--label", "1", "--header", "no"]
        classes = ["--train", data / "classes.tsv", "--valid", data / "classes.tsv", *columns]
        for model in (bert[0], gpt[0]):
            fine = train_both(f"classify {model.name}", ["finetune", "classify", "--model", model, *classes, *exact], data)
            answers_agree(["classify", "--model", fine], few)
            answers_agree(["evaluate", "classify", "--model", fine, "--data", data / "classes.tsv", *columns])
        tags = train_both("tag", ["finetune", "tag", "--model", bert[0], "--train", data / "tags.conll", "--valid", data / "tags.conll", *exact], data)
        answers_agree(["tag", "--model", tags], few)

        for name, arguments in (("transformer", []), ("lstm", []), ("bert", []), ("gpt", [])) if IS_PRETEND else ():
            check_copies(name, pretrain(name, data, arguments), data)
        for family, kinds in KINDS.items():
            for kind in kinds if IS_PRETEND else ():
                check_copies(f"{family} {kind}", pretrain(family, data, ("--set", f"attention={kind}")), data)
        for family in ["bert", "gpt"] if OPTIONS.quick else FAMILIES:
            check_resume(family, data)
    print(f"{'the device that does not exist' if IS_PRETEND else DEVICE} gave the CPU's answers: "
          f"losses differ by {WORST['losses']:.0e} at most, answers by {WORST['answers']:.0e}")


if __name__ == "__main__":
    main()
