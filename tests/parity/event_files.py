#!/usr/bin/env python3
"""Event files of a run that was stopped and resumed, read with TensorBoard's own reader and compared with metrics.jsonl.

    tests/parity/event_files.py build/release/bin/attend
"""
import json
import pathlib
import subprocess
import sys
import tempfile

SKIPPED = 4
try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError:
    print("TensorBoard is not installed (scripts/setup --parity): skipped")
    sys.exit(SKIPPED)


def main():
    attend = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "text.txt").write_text("a b c d e f g h\n" * 400)
        command = [attend, "pretrain", "gpt", "--train", str(folder / "text.txt"), "--valid-fraction", "0.2", "--tokenizer-model", "char",
                   "--preset", "tiny", "--set", "max_positions=32", "--max-length", "32", "--batch-size", "2", "--threads", "1", "--schedule",
                   "constant", "--warmup-steps", "2", "--log-every", "2", "--eval-every", "4", "--save-every", "4", "--tensorboard", "-q",
                   "--output", str(folder / "run")]
        subprocess.run(command + ["--steps", "8"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(command + ["--steps", "12", "--resume"], check=True, stdout=subprocess.DEVNULL)
        reader = EventAccumulator(str(folder / "run/tensorboard"))
        reader.Reload()
        expected = {}
        for line in (folder / "run/metrics.jsonl").read_text().splitlines():
            record = json.loads(line)
            values = {f"eval/{key}": value for key, value in record.get("evaluation", {}).items()}
            if "loss" in record:
                values = {"train/loss": record["loss"], "train/learning_rate": record["learning_rate"], "train/epoch": record["epoch"],
                          "train/grad_norm": record["gradient_norm"], "train/tokens_per_second": record["tokens_per_second"]}
            for tag, value in values.items():
                expected.setdefault(tag, []).append((record["step"], value))
        tags = reader.Tags()["scalars"]
        if sorted(tags) != sorted(expected):
            sys.exit(f"tags are {sorted(tags)}; metrics.jsonl has {sorted(expected)}")
        for tag, records in expected.items():
            found = [(event.step, event.value) for event in reader.Scalars(tag)]
            if [step for step, _ in found] != [step for step, _ in records]:
                sys.exit(f"{tag}: steps {found} against {records}")
            for (step, value), (_, other) in zip(found, records):
                if abs(value - other) > 1e-6 * max(1, abs(other)):
                    sys.exit(f"{tag} at step {step}: {value} against {other}")
        print(f"{len(tags)} tags as in metrics.jsonl: {', '.join(sorted(tags))}")


if __name__ == "__main__":
    main()
