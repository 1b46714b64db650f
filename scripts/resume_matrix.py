#!/usr/bin/env python3
"""Stops small training runs at chosen places, resumes them, and compares the weights and the optimizer's state at the end with
those of a run that was never stopped: families x places x threads x processes, equal to the bit or not.

    scripts/resume_matrix.py --attend build/release/bin/attend [--markdown] [--family gpt] [--threads 2] [--processes 1]

A step is four micro-batches (--accumulate 4). The places:

- mid-epoch, epoch end: SIGKILL, where the newest checkpoint lies within an epoch, or where one has just ended;
- SIGTERM in a step: while its micro-batches run; the step is ended and saved, exit code 75;
- SIGKILL in a step: likewise; the run goes on from the checkpoint before.

Where a run was stopped is read from its files: one that was stopped elsewhere is started again, and does not count.
Needs nothing but Python's standard library.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import small_runs

STEPS = 10
PLACES = ["mid-epoch", "epoch end", "SIGTERM in a step", "SIGKILL in a step"]
BATCH_TOKENS = {"transformer": 200, "lstm": 200, "bert": 200, "gpt": 100}  # epochs of five to seven batches
TRIES = 8


def command(options, case, output, save_every):
    family, threads, processes = case
    return small_runs.command(options.attend, family, output.parent, output, batch_tokens=BATCH_TOKENS[family], steps=STEPS, accumulate=4,
                              average=0, warmup_steps=3, eval_every=5, save_every=save_every, keep=STEPS, log_every=1, threads=threads,
                              nproc=processes, peer_timeout=60)


def run_to_end(options, case, output, save_every):
    answer = subprocess.run(command(options, case, output, save_every), capture_output=True, text=True)
    if answer.returncode != 0:
        sys.exit(f"{case}: a run that nobody stopped ended with {answer.returncode}: {answer.stderr}")


def steps_recorded(output):
    """{step: seconds since the beginning}, from metrics.jsonl."""
    try:
        records = [json.loads(line) for line in (output / "metrics.jsonl").read_text().split("\n")[:-1]]
    except FileNotFoundError:
        return {}
    return {record["step"]: record["seconds"] for record in records if "loss" in record}


def steps_saved(output):
    return sorted(int(path.name[5:]) for path in (output / "checkpoints").glob("step-*") if path.name[5:].isdigit())


def ends_epoch(output, step):
    return json.loads((output / f"checkpoints/step-{step}/trainer_state.json").read_text())["position"]["batch"] == 0


def result_of(output):
    """What two runs must have alike."""
    files = [output / "model.safetensors", *(output / f"checkpoints/step-{STEPS}/{name}.safetensors" for name in ("model", "optimizer"))]
    return [small_runs.sha256(file) for file in files], small_runs.timeless_records(output)


class Undisturbed:
    """A run of one case that was never stopped, saved after every step."""

    def __init__(self, options, case, output):
        run_to_end(options, case, output, save_every=1)
        self.result = result_of(output)
        self.epoch_ends = [step for step in range(1, STEPS) if ends_epoch(output, step)]
        self.within_epochs = [step for step in range(2, STEPS - 2) if step not in self.epoch_ends]


def stop(process, processes, output, after_step, in_step, signal_number):
    """Waits for the record of a step, and into the next one if asked to, and stops the run; returns (the last step it had recorded,
    its exit code)."""
    while process.poll() is None and max(steps_recorded(output), default=0) < after_step:
        time.sleep(0.002)
    if in_step:
        seconds = list(steps_recorded(output).values())
        time.sleep(0.4 * min((after - before for before, after in zip(seconds, seconds[1:])), default=0))
    # Frozen, so that what it has recorded does not change between the look and the signal.
    targets = [process.pid] if processes == 1 else small_runs.children_of(process.pid)
    for number in (signal.SIGSTOP, None, signal_number, signal.SIGCONT):
        if number is None:
            recorded = max(steps_recorded(output), default=0)
            continue
        for target in targets:
            try:
                os.kill(target, number)
            except ProcessLookupError:
                pass  # it has just ended
    process.communicate()
    return recorded, process.returncode


def stop_at(options, case, place, undisturbed, output):
    """Runs and stops; the step that a resumed run goes on from, or None where the run was stopped elsewhere."""
    # Saved where the place wants it; else in the step before the one that is stopped.
    save_every = {"mid-epoch": undisturbed.within_epochs[0], "epoch end": min(undisturbed.epoch_ends, default=STEPS),
                  "SIGTERM in a step": STEPS, "SIGKILL in a step": 2}[place]
    after_step = {"SIGTERM in a step": 4, "SIGKILL in a step": 3}.get(place, save_every + 1)
    number = signal.SIGTERM if place == "SIGTERM in a step" else signal.SIGKILL
    process = subprocess.Popen(command(options, case, output, save_every), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    recorded, code = stop(process, case[2], output, after_step, place.endswith("step"), number)
    saved = steps_saved(output)
    if code == 0 or not saved or saved[-1] == STEPS:
        return None, save_every
    if number == signal.SIGTERM:
        was_there = code == 75 and saved[-1] == recorded + 1  # the step that ran was ended and saved
    elif place == "SIGKILL in a step":
        was_there = saved[-1] < recorded < STEPS
    else:
        was_there = ends_epoch(output, saved[-1]) == (place == "epoch end")
    return (saved[-1] if was_there else None), save_every


def try_place(options, case, place, undisturbed, folder):
    """What the table says of it, and whether all is well."""
    if place == "epoch end" and not undisturbed.epoch_ends:
        return "no step ends with an epoch", False
    for _ in range(TRIES):
        output = folder / "stopped"
        shutil.rmtree(output, ignore_errors=True)
        step, save_every = stop_at(options, case, place, undisturbed, output)
        if step is None:
            continue
        run_to_end(options, case, output, save_every)
        weights, records = result_of(output)
        if weights != undisturbed.result[0]:
            return f"other bits (from step {step})", False
        return (f"equal (from step {step})", True) if records == undisturbed.result[1] else (f"other metrics.jsonl (from step {step})", False)
    return f"not stopped there in {TRIES} tries", False


def print_row(options, cells, widths):
    if options.markdown:
        print("| " + " | ".join(cells) + " |", flush=True)
    else:
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip(), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attend", required=True, help="the attend binary")
    parser.add_argument("--family", choices=small_runs.FAMILIES, action="append", help="only this one (may be given again)")
    parser.add_argument("--threads", type=int, choices=(1, 2), action="append", help="likewise")
    parser.add_argument("--processes", type=int, choices=(1, 2), action="append", help="likewise")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    options = parser.parse_args()

    titles = ["family", "threads", "processes", *PLACES]
    widths = [11, 7, 9, *[24 for _ in PLACES]]
    begin, count, well = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        small_runs.write_data(folder, random.Random(1), train=60, valid=8)
        print_row(options, titles, widths)
        if options.markdown:
            print_row(options, ["---"] * len(titles), widths)
        for family in options.family or small_runs.FAMILIES:
            for threads in options.threads or (1, 2):
                for processes in options.processes or (1, 2):
                    case = (family, threads, processes)
                    undisturbed = Undisturbed(options, case, folder / "undisturbed")
                    answers = [try_place(options, case, place, undisturbed, folder) for place in PLACES]
                    print_row(options, [family, str(threads), str(processes), *[text for text, _ in answers]], widths)
                    count, well = count + len(answers), well + sum(is_well for _, is_well in answers)
                    shutil.rmtree(folder / "undisturbed")
    print(f"\n{well} of {count} equal to the bit, {time.monotonic() - begin:.0f} s")
    sys.exit(0 if well == count else 1)


if __name__ == "__main__":
    main()
