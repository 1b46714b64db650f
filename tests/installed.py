#!/usr/bin/env python3
"""The installed package serves programs: examples/ is built against `cmake --install` and run.

    installed.py BUILD SOURCE      BUILD: the build folder; SOURCE: the repository
"""
import os
import pathlib
import subprocess
import sys
import tempfile


def run(*arguments, quiet=False, **more):
    done = subprocess.run([str(a) for a in arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT if quiet else None, **more)
    if done.returncode != 0:
        sys.exit(f"{arguments} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def main():
    build, source = (pathlib.Path(a) for a in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        prefix, examples = place / "installed", place / "build"
        run("cmake", "--install", build, "--prefix", prefix)
        run("cmake", "-S", source / "examples", "-B", examples, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Release")
        run("cmake", "--build", examples, "-j", os.cpu_count() or 1, quiet=True)

        attend = prefix / "bin" / "attend"
        assert run(attend, "--version").startswith("attend 0."), "the installed command runs"

        rows = [line.split("\t") for line in run(examples / "sentence_vectors", source / "tests/fixtures/gpt_text", "the cat sings", "the cat sings",
                                                 "the dog eats").splitlines()]
        assert len(rows) == 3 and rows[0][1] == "1.0000" and rows[0][0] == "1.0000" and float(rows[0][2]) < 1, rows

        lines = [f"{number} {word}" for number in range(40) for word in ("eins", "zwei", "drei")]
        for side in ("de", "en"):
            (place / f"train.{side}").write_text("".join(f"{line} {side}\n" for line in lines), encoding="utf-8")
        run(attend, "pretrain", "transformer", "--train-source", place / "train.de", "--train-target", place / "train.en", "--preset", "tiny",
            "--set", "hidden_size=32", "--vocab-size", 60, "--steps", 4, "--output", place / "model", "-q")
        text = "3 eins de\n\n7 drei de\n"
        ours = run(examples / "translate", place / "model", input=text)
        assert ours == run(attend, "translate", "--model", place / "model", input=text), ours
        assert ours.count("\n") == 3, ours

        accuracy = float(run(examples / "train_classifier").split()[-2])
        assert accuracy > 90, accuracy
        print(f"three programs built from {prefix} and run; the classifier is right {accuracy} % of the time")


if __name__ == "__main__":
    main()
