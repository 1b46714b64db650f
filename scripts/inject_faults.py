#!/usr/bin/env python3
"""Lets one system call of a small training run fail, or be the moment of a SIGKILL: each call in turn that writes under the
run's folder. After each fault the checkpoints must be whole, and the resumed run must end in the bits of a run without one.

    scripts/inject_faults.py --attend build/release/bin/attend [--family lstm|bert|gpt] [--points 100 | --every 3] [--processes 2]
    scripts/inject_faults.py --attend build/release/bin/attend --only fsync:31:EIO     one fault again; --keep FOLDER leaves its files

strace makes the faults: ENOSPC (a full disk), EIO (a broken one), and SIGKILL before the call. After each of them

- an error ends the run with exit code 75 and one sentence that names the file; where an error does no harm (harmless() lists them),
  the run may go on to its end;
- `attend verify` finds the newest checkpoint whole, and `last` leads to a whole one;
- after an error no temporary file is left, nor after the resumed run in checkpoints/;
- the run, resumed without faults, ends with the SHA-256 of model.safetensors and the records of metrics.jsonl that it always has.

With two processes the fault is the first one's, which alone writes; the other one has to end too, with 75 and a sentence.
Says what it skips, with exit code 4, where strace is missing or must not trace. Needs nothing but Python's standard library.
"""
import argparse
import collections
import json
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import small_runs

CALLS = ["openat", "write", "pwrite64", "writev", "pwritev", "pwritev2", "sendfile", "copy_file_range", "ftruncate", "fallocate", "fchmod",
         "fsync", "fdatasync", "sync_file_range", "msync", "rename", "renameat", "renameat2", "mkdir", "mkdirat", "link", "linkat", "symlink",
         "symlinkat", "unlink", "unlinkat", "rmdir"]
FAULTS = {"SIGKILL": "signal=SIGKILL", "ENOSPC": "error=ENOSPC", "EIO": "error=EIO"}
LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)$")
SKIPPED, ASIDE = 4, ", aside"
TEMPORARY = re.compile(r"\.(tmp|offsets|old)-\d+-[0-9a-f]+")
Call = collections.namedtuple("Call", "name number path")  # the number-th call of that name in the main thread


def strace(trace, calls, *more):
    return ["strace", "-qq", "-y", "-s", "0", "-o", str(trace), "-e", "trace=" + ",".join(calls), *more]


def alike(text):
    """Temporary names without what makes them unlike each other."""
    return TEMPORARY.sub(r".\1-*", text)


def path_in(line, folder):
    """The file under `folder` that a line of the trace changes, by its final name relative to it; None where it changes none."""
    found = LINE.match(line)
    if not found or (found[1] == "openat" and not re.search(r"O_WRONLY|O_RDWR|O_CREAT", found[2])):
        return None
    paths = [path for path in re.findall(r'[<"]([^<>"]*)[>"]', found[2]) if path == str(folder) or path.startswith(f"{folder}/")]
    # Of a copy the second file is written, of a rename or a link the second name is the new one.
    if not paths or (found[1] in ("sendfile", "copy_file_range") and not found[2].startswith(tuple("0123456789"))):
        return None
    path = paths[0] if found[1] in ("sendfile", "copy_file_range") else paths[-1]
    steps_aside = found[1].startswith("rename") and TEMPORARY.search(os.path.basename(path))  # what is no longer kept, before it is removed
    return TEMPORARY.sub("", os.path.relpath(path, folder)) + (ASIDE if steps_aside else "")


class Runs:
    """Runs of one command, in folders of their own under `root`."""

    def __init__(self, options, root):
        self.options, self.root = options, root
        small_runs.write_data(root, random.Random(1), train=40, valid=8)

    def command(self, output):
        # One layer: few tensors. Steps: three checkpoints, one of them pruned, and the mean at the end.
        sizes = {"transformer": ["encoder_layers=1", "decoder_layers=1"], "lstm": [], "bert": ["num_layers=1"], "gpt": ["num_layers=1"]}
        words = small_runs.command(self.options.attend, self.options.family, self.root, output, steps=3, warmup_steps=2, eval_every=2,
                                   save_every=1, average=2, keep=1, log_every=1, peer_timeout=20)
        return words + [word for size in sizes[self.options.family] for word in ("--set", size)]

    def environment(self, rank, port):
        if self.options.processes == 1:
            return None
        return {**os.environ, "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(self.options.processes),
                "LOCAL_WORLD_SIZE": str(self.options.processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}

    def run(self, output, tracer=(), others_tracer=()):
        """[(exit code, standard error)] of every process, the first one's first; a code of -9 is a SIGKILL."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        started = []
        for rank in range(self.options.processes):
            words = [*(tracer if rank == 0 else others_tracer), *self.command(output)]
            started.append(subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self.environment(rank, port)))
        return [(process.returncode, message.decode()) for process, (_, message) in ((each, each.communicate(timeout=300)) for each in started)]

    def verify(self, output):
        """What `attend verify` finds wrong in a run's folder: {"checkpoints/step-1": [], ".": ["model: ..."]}."""
        answer = subprocess.run([str(self.options.attend), "verify", "--json", str(output)], capture_output=True, text=True)
        found = {}
        for line in answer.stdout.splitlines():
            entry = json.loads(line)
            faults = [f"{check['name']}: {fault}" for check in entry["checks"] for fault in check["faults"]]
            found[os.path.relpath(entry["folder"], output)] = faults
        if answer.returncode != (2 if not found or any(found.values()) else 0):
            sys.exit(f"verify ended with {answer.returncode}: {answer.stderr}")
        return found

    def calls(self):
        """Every call under the folder, in order, of a run without faults; and what that run ends with."""
        output = self.root / "undisturbed"
        traces = [self.root / f"trace-{rank}" for rank in range(self.options.processes)]
        for code, message in self.run(output, strace(traces[0], CALLS, "-f"), strace(traces[-1], CALLS, "-f")):
            if code != 0:
                sys.exit(f"the run without faults ended with {code}: {message}")
        if self.options.processes > 1:
            writes = [path for path in (path_in(line, output) for line in traces[-1].read_text().splitlines()) if path]
            if writes:
                sys.exit(f"another process than the first wrote {writes[0]}")
        found, numbers = [], collections.Counter()
        lines = traces[0].read_text().splitlines()
        main_thread = lines[0].split()[0]
        for line in lines:
            path, name = path_in(line, output), LINE.match(line)
            if line.split()[0] != main_thread:
                if path:
                    sys.exit(f"not the main thread wrote {path}: this script would miss it")
            elif name and "resumed>" not in line:
                numbers[name[1]] += 1
                if path:
                    found.append(Call(name[1], numbers[name[1]], path))
        return found, small_runs.sha256(output / "model.safetensors"), small_runs.timeless_records(output)


def harmless(call):
    """Errors that the program may pass over: the number in .lock is for a message, one checkpoint too many does no harm, and
    neither does a file that could not be removed."""
    return (call.path == ".lock" and call.name in ("write", "ftruncate")) or call.name in ("unlink", "unlinkat", "rmdir") or (
        call.path.endswith(ASIDE))


def leftovers(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if TEMPORARY.search(path.name))


def sentence_faults(message, call, output):
    errors = [line for line in message.splitlines() if not line.startswith("warning: ")]
    if len(errors) != 1:
        return [f"{len(errors)} lines on standard error, expected one sentence: {errors}"]
    file = output / call.path
    named = [str(file)] + ([str(file.parent)] if file.parent != output else [])
    faults = [] if any(name in errors[0] for name in named) else [f"the sentence does not name {call.path}: {errors[0]}"]
    return faults + ([f"the sentence has a temporary name: {errors[0]}"] if TEMPORARY.search(errors[0]) else [])


def checkpoint_faults(runs, output):
    """What is wrong with the newest checkpoint and with `last`; and what else `attend verify` finds wrong in the run's folder."""
    folder = output / "checkpoints"
    found = runs.verify(output)
    steps = sorted((int(path.name[5:]) for path in folder.glob("step-*") if path.name[5:].isdigit()), reverse=True)
    needed = [f"checkpoints/step-{step}" for step in steps[:1]]
    if os.path.lexists(folder / "last"):
        needed.append(f"checkpoints/{os.readlink(folder / 'last')}")
    faults = [f"{name} is not whole: {found.get(name, 'it is missing')}" for name in dict.fromkeys(needed) if found.get(name) != []]
    return faults, [f"verify finds at fault: {name}: {said}" for name, said in found.items() if said and name not in needed]


def ended_faults(call, fault, ended, output):
    """What is wrong with how the processes ended."""
    (code, message), others = ended[0], ended[1:]
    faults = []
    if fault == "SIGKILL":
        faults += [] if code == -9 else [f"exit code {code} after SIGKILL"]
    elif code == 75:
        faults += sentence_faults(message, call, output)
    elif code != 0 or not harmless(call):
        faults.append(f"exit code {code}, expected 75: {message.strip() or 'nothing on standard error'}")
    for other_code, other_message in others:
        if code != 0 and other_code != 75 or (code == 0 and other_code != 0):
            faults.append(f"the other process ended with {other_code}: {other_message.strip()}")
        elif code != 0 and not other_message.startswith("error: "):
            faults.append(f"the other process said {other_message!r}")
    return faults


def try_fault(runs, call, fault, expected, output):
    """(what went wrong, what is worth a note); None where the call was another one this time."""
    trace = runs.root / "trace"
    ended = runs.run(output, strace(trace, [call.name], "-e", f"inject={call.name}:{FAULTS[fault]}:when={call.number}"))
    lines = trace.read_text().splitlines()
    hit = [line for line in lines if "(INJECTED)" in line] or [line for line in lines[-3:] if fault == "SIGKILL" and LINE.match(line)][-1:]
    path = path_in(hit[0], output) if hit else None
    if path != call.path:
        return None
    faults = ended_faults(call, fault, ended, output)
    broken, notes = checkpoint_faults(runs, output)
    faults += broken
    if fault != "SIGKILL" and not harmless(call) and leftovers(output):
        faults.append(f"left behind after the error: {leftovers(output)}")
    for code, message in runs.run(output):
        if code != 0:
            return faults + [f"the resumed run ended with {code}: {message.strip()}"], notes
    weights, records = expected
    if small_runs.sha256(output / "model.safetensors") != weights:
        faults.append("the resumed run ended in other weights")
    if small_runs.timeless_records(output) != records:
        faults.append("the resumed run ended with another metrics.jsonl")
    faults += [f"after the resumed run {name} is not whole: {said}" for name, said in runs.verify(output).items() if said]
    left = leftovers(output)
    faults += [f"left behind after the resumed run: {name}" for name in left if name.startswith("checkpoints/")]
    notes += [f"left behind after the resumed run: {name}" for name in left if not name.startswith("checkpoints/")]
    return faults, notes


def chosen_points(options, calls):
    if options.only:
        asked = [point.split(":") for point in options.only]
        return [(call, fault) for name, number, fault in asked for call in calls if call.name == name and call.number == int(number)]
    points = [(call, fault) for call in calls for fault in FAULTS]
    count = min(options.points or -(-len(points) // options.every), len(points))
    # One of each of so many equal parts, drawn: an even step would meet the same fault again and again. In any order, so that
    # a run that is interrupted has seen a bit of everything.
    rng = random.Random(options.seed)
    edges = [i * len(points) // count for i in range(count + 1)]
    chosen = [points[rng.randrange(begin, end)] for begin, end in zip(edges, edges[1:])]
    rng.shuffle(chosen)
    return chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attend", required=True, type=pathlib.Path, help="the attend binary")
    parser.add_argument("--family", choices=small_runs.FAMILIES, default="gpt")
    parser.add_argument("--processes", type=int, choices=(1, 2), default=1)
    parser.add_argument("--points", type=int, help="only so many of them, drawn evenly")
    parser.add_argument("--every", type=int, default=1, help="one of so many, drawn evenly")
    parser.add_argument("--seed", type=int, default=1, help="of the drawing")
    parser.add_argument("--only", metavar="CALL:NUMBER:FAULT", action="append", help="only this one (may be given again)")
    parser.add_argument("--keep", type=pathlib.Path, help="leave all files here")
    options = parser.parse_args()
    options.attend = options.attend.resolve()
    if not shutil.which("strace") or subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True).returncode != 0:
        print("skipped: strace is missing, or tracing is not allowed here")
        sys.exit(SKIPPED)

    with tempfile.TemporaryDirectory() as folder:
        if options.keep:
            options.keep.mkdir(parents=True)
        runs = Runs(options, (options.keep or pathlib.Path(folder)).resolve())
        calls, *expected = runs.calls()
        points = chosen_points(options, calls)
        print(f"{options.family}, {options.processes} process(es): {len(calls)} calls under the run's folder, {3 * len(calls)} points, "
              f"{len(points)} of them here; undisturbed {expected[0]}", flush=True)
        begin, wrong, elsewhere, count = time.monotonic(), 0, 0, collections.Counter()
        found, notes = collections.defaultdict(list), collections.defaultdict(list)
        try:
            for i, (call, fault) in enumerate(points):
                output = runs.root / f"run-{i}"
                result = try_fault(runs, call, fault, expected, output)
                if not options.keep:
                    shutil.rmtree(output, ignore_errors=True)
                if result is None:
                    elsewhere += 1
                    continue
                count[fault] += 1
                wrong += 1 if result[0] else 0
                point = f"{call.name}:{call.number}:{fault} ({call.path})"
                for kept, lines in zip((found, notes), result):
                    for line in lines:
                        kept[alike(line.replace(str(output), "RUN"))].append(point)
                if result[0]:
                    print(f"{point}: {'; '.join(result[0])}".replace(str(output), "RUN"), flush=True)
        except KeyboardInterrupt:
            print("interrupted: what follows is of a part, evenly drawn")
        for title, kept in (("wrong", found), ("note", notes)):
            for line, which in kept.items():
                print(f"{title}, {len(which)} times, first {which[0]}: {line}")
        print(f"{count['SIGKILL']} kills, {count['ENOSPC']} full disks, {count['EIO']} broken disks in {time.monotonic() - begin:.0f} s: "
              f"{wrong} ended wrong; {elsewhere} met another call and do not count")
    sys.exit(1 if wrong or (points and elsewhere * 2 > len(points)) else 0)


if __name__ == "__main__":
    main()
