#!/usr/bin/env python3
"""Kills a small training run at random moments, resumes it to the end, and compares the final weights with those of a run
that was never stopped: they must have the same SHA-256, and metrics.jsonl the same records.

    scripts/kill_and_resume.py --attend build/release/bin/attend --kills 50 [--family lstm|bert|gpt] [--processes 2] [--device cuda]

With several processes one of them is killed, or what started them, and the others have to end by themselves.

Needs nothing but Python's standard library. Every random choice follows from --seed, except the machine's own timing.
"""
import argparse
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

import small_runs


def start(options, data, output):
    command = small_runs.command(options.attend, options.family, data, output, steps=options.steps, threads=options.threads,
                                 nproc=options.processes, peer_timeout=60, device=options.device)
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def kill_one(process, rng):
    """SIGKILL to the process, or to one of those that it started; returns when all have ended."""
    children = small_runs.children_of(process.pid)
    try:
        os.kill(rng.choice([process.pid, *children]), signal.SIGKILL)
    except ProcessLookupError:
        pass  # it has just ended
    process.communicate()
    while any(small_runs.runs(pid) for pid in children):
        time.sleep(0.02)


def run_with_kills(options, data, output, rng, most_kills, typical_seconds):
    """Starts the run again and again until it ends by itself; returns how often it was killed."""
    kills = 0
    while True:
        process = start(options, data, output)
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
    parser.add_argument("--family", choices=small_runs.FAMILIES, default="transformer")
    parser.add_argument("--kills", type=int, default=50, help="how many kills in all")
    parser.add_argument("--kills-a-run", type=int, default=5, help="a run is left alone after so many")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--device", default="cpu", help="where the runs compute, as attend's --device takes it")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)

    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder)
        small_runs.write_data(data, rng)
        begin = time.monotonic()
        whole = data / "whole"
        run_with_kills(options, data, whole, rng, 0, 0)
        seconds = time.monotonic() - begin
        expected, expected_records = small_runs.sha256(whole / "model.safetensors"), small_runs.timeless_records(whole)
        print(f"never stopped: {seconds:.1f} s, {expected}", flush=True)
        total, runs = 0, 0
        while total < options.kills:
            output = data / f"run-{runs}"
            begin = time.monotonic()
            kills = run_with_kills(options, data, output, rng, min(options.kills_a_run, options.kills - total), seconds)
            if kills == 0:  # the machine is faster than it was: kills would come after the end again
                seconds = min(seconds, time.monotonic() - begin)
            if small_runs.sha256(output / "model.safetensors") != expected:
                sys.exit(f"run {runs}, killed {kills} times: its weights differ from the run's that was never stopped")
            if small_runs.timeless_records(output) != expected_records:
                sys.exit(f"run {runs}, killed {kills} times: its metrics.jsonl differs from the run's that was never stopped")
            total, runs = total + kills, runs + 1
            print(f"run {runs}: killed {kills} times, equal to the bit ({total} of {options.kills})", flush=True)
    print(f"{total} kills in {runs} runs: every run ended in the same weights")


if __name__ == "__main__":
    main()
