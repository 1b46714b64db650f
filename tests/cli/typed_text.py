#!/usr/bin/env python3
"""What is typed on a terminal reaches the model as UTF-8, whatever the locale: typed_text.py ATTEND MODEL_FOLDER."""
import os
import pty
import select
import signal
import sys
import tempfile
import time

PATIENCE = 60  # seconds


def typed(command, environment, conversation):
    """The terminal's content once `command` has answered each line with what is expected of it; the text so far where it does not."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(command[0], command, environment)
    shown = b""
    try:
        for line, expected in conversation:
            seen = len(shown)
            os.write(terminal, line)
            deadline = time.monotonic() + PATIENCE
            while expected not in shown[seen:]:
                if time.monotonic() > deadline or not select.select([terminal], [], [], PATIENCE)[0]:
                    return None, shown
                shown += os.read(terminal, 4096)
        return True, shown
    except OSError:  # the terminal was closed: the command has ended
        return None, shown
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)


def main():
    attend, model = sys.argv[1:]
    try:
        for end in pty.openpty():
            os.close(end)
    except OSError as missing:
        print(f"skipped: there are no pseudo-terminals here: {missing}")
        sys.exit(4)
    with tempfile.TemporaryDirectory() as folder:
        examples = os.path.join(folder, "task.tsv")
        with open(examples, "w", encoding="utf-8") as file:
            file.write("the dog\truns\nthe hen\truns\n")
        command = [attend, "prompt", "--model", model, "--examples", examples, "--shots", "1", "--max-new-tokens", "2", "--threads", "1"]
        conversation = [
            (b"", b"> "),
            ("été 😀\x7fx\r".encode(), b"\r\n> "),  # DEL takes the whole character back
            (b"/show\r", "été x ->".encode()),
            ("/add très -> bien\r".encode(), "très -> bien".encode()),
        ]
        for locale in ({}, {"LC_ALL": "C"}, {"LANG": "C.UTF-8"}):
            environment = {key: value for key, value in os.environ.items() if not key.startswith("LC_") and key != "LANG"}
            environment.update(locale, TERM="xterm", OMP_WAIT_POLICY="passive")
            done, shown = typed(command, environment, conversation)
            if not done:
                sys.exit(f"with {locale or 'no locale'} the terminal shows {shown!r}")
    print("typed text arrives whole in 3 locales")


main()
