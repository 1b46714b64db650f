#!/usr/bin/env python3
"""Makes docs/few_shot.svg: the curve that `attend evaluate few-shot --page` draws, of a small GPT that is trained for it here.

    scripts/make_few_shot_picture.py ATTEND FOLDER OUTPUT.svg

ATTEND is the binary, FOLDER takes the texts, the model and the page; what lies there from an earlier run is used again. The picture is
the page's own; added are what the page has around it: a background, a font, and the names of the tasks.
"""
import pathlib
import re
import subprocess
import sys

TASK = "affix"


def run(*command, output=None):
    print("$", *command, *([">", output] if output else []), file=sys.stderr)
    if output is None:
        subprocess.run(command, check=True)
        return
    with open(output, "wb") as file:
        subprocess.run(command, check=True, stdout=file)


def make_page(attend, folder):
    data, table, model, page = folder / "episodes.txt", folder / f"{TASK}.tsv", folder / "gpt", folder / "curve.html"
    run(attend, "data", "make", TASK, "--episodes", "--split", "train", "--count", "100000", "--shots", "9-12", output=data)
    run(attend, "data", "make", TASK, "--split", "held-out", "--rules", "50", "--count", "12", output=table)
    run(attend, "pretrain", "gpt", "--train", data, "--valid-fraction", "0.003", "--tokenizer-model", "char", "--preset", "tiny",
        "--set", "max_positions=192", "--documents", "separate", "--batch-tokens", "2048", "--learning-rate", "0.003",
        "--schedule", "cosine", "--warmup-steps", "100", "--steps", "2500", "--resume", "--output", model)
    run(attend, "evaluate", "few-shot", "--model", model, "--data", table, "--shots", "0,1,2,4,8", "--page", page)
    return page.read_text(encoding="utf-8")


def picture(page):
    """The page's figure as a file of its own, with its legend."""
    svg = re.search(r'<svg viewBox="0 0 ([0-9.]+) ([0-9.]+)"([^>]*)>(.*?)</svg>\s*<p>(.*?)</p>', page, re.DOTALL)
    width, height, attributes, drawing, legend = float(svg[1]), float(svg[2]), svg[3], svg[4], svg[5]
    names = re.findall(r'<span style="color: (#[0-9a-f]+)">&#9679;</span> (\S+)', legend)
    labels = "".join(f'<text x="{80 + 100 * i}" y="{height + 18:.0f}"><tspan fill="{colour}">&#9679;</tspan> {name}</text>\n'
                     for i, (colour, name) in enumerate(names))
    style = 'font-family="system-ui, sans-serif" font-size="12" fill="#444"'
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height + 30:.0f}" {style}{attributes}>\n'
            f'<rect width="100%" height="100%" fill="#fff"/>{drawing}{labels}</svg>\n')


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    attend, folder, output = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    output.write_text(picture(make_page(attend, folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
