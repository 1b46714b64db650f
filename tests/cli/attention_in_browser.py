"""Pages of `attend attention` for a translator and for a text of many tokens, through attention_page_check.py.

usage: attention_in_browser.py ATTEND_BINARY [FOLDER]    (exits with 4, which ctest shows as skipped, without Chromium or selenium)

FOLDER keeps the pages and their pictures."""
import pathlib
import subprocess
import sys
import tempfile

attend = sys.argv[1]
check = pathlib.Path(__file__).with_name("attention_page_check.py")
GERMAN = ["die katze schläft im haus .", "der hund rennt im garten .", "ein huhn ist im wald ."]
ENGLISH = ["the cat sleeps in the house .", "the dog runs in the garden .", "a hen is in the wood ."]


def run(*arguments, output=None):
    done = subprocess.run([attend, *map(str, arguments), "--threads", "1", "-q"], text=True, capture_output=True)
    assert done.returncode == 0, f"attend {arguments} ended with {done.returncode}: {done.stderr}"
    if output:
        output.write_text(done.stdout, encoding="utf-8")


def main(scratch):
    (scratch / "s.txt").write_text("\n".join(GERMAN * 20) + "\n", encoding="utf-8")
    (scratch / "t.txt").write_text("\n".join(ENGLISH * 20) + "\n", encoding="utf-8")
    (scratch / "text.txt").write_text("\n".join(f"{line}\n{other}\n" for line, other in zip(GERMAN, ENGLISH)) * 20, encoding="utf-8")
    common = ["--preset", "tiny", "--batch-size", 8, "--steps", 30]
    run("pretrain", "transformer", "--train-source", scratch / "s.txt", "--train-target", scratch / "t.txt", "--vocab-size", 90, "--output",
        scratch / "pair", *common)
    run("pretrain", "bert", "--train", scratch / "text.txt", "--vocab-size", 120, "--output", scratch / "text", *common, "--set", "num_layers=4",
        "--set", "num_heads=4")  # so many weights that they are rounded, and many are equal
    looks = {"pair": ["--text", GERMAN[0]], "text": ["--text", " ".join(ENGLISH * 20)]}
    for name, arguments in looks.items():
        page, numbers = scratch / f"{name}.html", scratch / f"{name}.json"
        run("attention", "--model", scratch / name, *arguments, "--output", page, "--json", output=numbers)
        done = subprocess.run([sys.executable, check, page, numbers, "--pictures", scratch / f"pictures-{name}"])
        if done.returncode:
            return done.returncode
    return 0


if len(sys.argv) > 2:
    kept = pathlib.Path(sys.argv[2])
    kept.mkdir(parents=True, exist_ok=True)
    sys.exit(main(kept))
with tempfile.TemporaryDirectory() as folder:
    sys.exit(main(pathlib.Path(folder)))
