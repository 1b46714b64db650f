"""Writes metrics/unicode_classes.inc: the character classes that sacreBLEU and SQuAD's scripts see.

BLEU's `intl` tokenizer asks the `regex` module for \\p{P}, \\p{S} and \\p{N}; splitting, lower-casing and \\w are Python's own.
Both follow a Unicode version of theirs, which is not utf8proc's, so the classes are asked from them, code point by code point.

Usage: .venv/bin/python scripts/make_unicode_classes.py
"""

import platform
import re
import unicodedata
from pathlib import Path

import regex

OUTPUT = Path(__file__).resolve().parent.parent / "metrics" / "unicode_classes.inc"
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
FINAL_SIGMA, SIGMA = "\u03c2", "\u03a3"


def ranges(belongs):
    """[(first, last)] of the code points for which `belongs(character)` holds."""
    found = []
    for code in CODE_POINTS:
        if not belongs(chr(code)):
            continue
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return found


def lower_runs():
    """[(first, last, step, delta)]: every step-th code point from first to last is lowered by adding delta."""
    runs = []
    for code in CODE_POINTS:
        lowered = chr(code).lower()
        if lowered == chr(code) or code == ord(SIGMA):
            continue
        if len(lowered) != 1:
            assert chr(code) == "\u0130" and lowered == "i\u0307", f"U+{code:04X} has a long lower case: teach unicode_text.cpp"
            continue
        delta = ord(lowered) - code
        if runs:
            first, last, step, run_delta = runs[-1]
            gap = code - last
            if run_delta == delta and gap in (1, 2) and (first == last or step == gap):
                runs[-1] = (first, code, gap, delta)
                continue
        runs.append((code, code, 1, delta))
    return runs


def is_cased(character):
    return (character + SIGMA).lower().endswith(FINAL_SIGMA)


def is_case_ignorable(character):
    return ("A" + character + SIGMA).lower().endswith(FINAL_SIGMA) and not is_cased(character)


def table(kind, name, comment, rows):
    """A C++ array, packed to the line width."""
    lines = [f"// {comment}", f"inline constexpr {kind} {name}[] = {{"]
    line = " "
    for row in rows:
        text = " {" + ", ".join(row) + "},"
        if len(line) + len(text) > 140:
            lines.append(line)
            line = " "
        line += text
    return "\n".join(lines + [line, "};"])


def class_table(name, comment, belongs):
    return table("CodePointRange", name, comment, [(f"0x{a:X}", f"0x{b:X}") for a, b in ranges(belongs)])


def main():
    property_class = {letter: regex.compile(r"\p{" + letter + "}") for letter in "PSN"}
    word = re.compile(r"\w")
    source = f"Python {platform.python_version()} (Unicode {unicodedata.unidata_version}), regex {regex.__version__}"
    parts = [
        f"// Written by scripts/make_unicode_classes.py from {source}. Do not edit.",
        class_table("kPunctuation", "regex: \\p{P}", lambda c: bool(property_class["P"].match(c))),
        class_table("kSymbol", "regex: \\p{S}", lambda c: bool(property_class["S"].match(c))),
        class_table("kNumber", "regex: \\p{N}", lambda c: bool(property_class["N"].match(c))),
        class_table("kSpace", "Python: str.isspace(), what str.split() splits at", str.isspace),
        class_table("kWord", "Python's re: \\w, what \\b stands at the edge of", lambda c: bool(word.match(c))),
        class_table("kCased", "Python: what makes a capital sigma after it final", is_cased),
        class_table("kCaseIgnorable", "Python: what is passed over between a letter and a capital sigma", is_case_ignorable),
        table("LowerRun", "kLower", "Python: str.lower() but for U+0130 and the capital sigma: first, last, step, what is added",
              [(f"0x{a:X}", f"0x{b:X}", str(step), str(delta)) for a, b, step, delta in lower_runs()]),
    ]
    OUTPUT.write_text("\n\n".join(parts) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
