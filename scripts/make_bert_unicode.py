"""Writes tokenizers/bert_unicode.inc: how BERT's reference tokenizer sees every code point.

The `tokenizers` package has Unicode tables of several versions inside (control characters, marks, decompositions, lower case, letters), none
of which is utf8proc's or ICU's. So each step is asked for each code point, and what it does becomes tables.

Usage: .venv/bin/python scripts/make_bert_unicode.py
"""

import unicodedata
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers
from tokenizers.normalizers import BertNormalizer

OUTPUT = Path(__file__).resolve().parent.parent / "tokenizers" / "bert_unicode.inc"
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
HANGUL = range(0xAC00, 0xD7A4)


def step(**on):
    """One of BertNormalizer's four steps alone, as a function of a text."""
    off = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    return BertNormalizer(**{**off, **on}).normalize_str


clean, ideographs = step(clean_text=True), step(handle_chinese_chars=True)
strip, lower = step(strip_accents=True), step(lowercase=True)
decompose = normalizers.NFD().normalize_str


def ranges(codes):
    """[(first, last)] of sorted code points."""
    found = []
    for code in codes:
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return found


def is_word_character():
    """The code points that \\w takes: where `single_word` tokens do not stand beside them."""
    asker = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    asker.add_tokens([AddedToken("@@", single_word=True, normalized=False)])
    codes = [c for c in CODE_POINTS if c != ord("@")]
    offsets = {begin for (begin, _), id in zip(*(lambda e: (e.offsets, e.ids))(asker.encode("".join(f" {chr(c)}@@" for c in codes)))) if id != 0}
    return [c for i, c in enumerate(codes) if 4 * i + 2 not in offsets]


def combining_classes():
    """{code: class} where not 0. The classes come from the order in which marks of known classes are put beside the code point."""
    lowest, highest = "\u0334", "\u0345"  # classes 1 and 240: beside them every mark moves

    def moves(c):
        return decompose(c) == c and (decompose(c + lowest) != c + lowest or decompose(highest + c) != highest + c)

    known = {unicodedata.combining(c): c for c in map(chr, reversed(CODE_POINTS)) if unicodedata.combining(c) and moves(c)}
    classes = {}
    for code in CODE_POINTS:
        c = chr(code)
        if not moves(c):
            continue
        same = [number for number, mark in known.items() if decompose(c + mark) == c + mark and decompose(mark + c) == mark + c]
        assert len(same) == 1, f"U+{code:04X} has the class of {same}"
        classes[code] = same[0]
    return classes


def check_hangul():
    for code in HANGUL:
        at = code - 0xAC00
        parts = [0x1100 + at // 588, 0x1161 + at % 588 // 28] + ([0x11A7 + at % 28] if at % 28 else [])
        assert decompose(chr(code)) == "".join(map(chr, parts)), f"U+{code:04X}: teach bert_normalizer.cpp"


def decompositions(marks, classes):
    """What NFD gives: blocks of code points, the first one that each becomes, and what follows it but for marks that are dropped anyway.

    A dropped mark may go early where it changes no order of others: it must not be of class 0 behind something that moves.
    """
    blocks, firsts, tails = [], [], []
    for code in CODE_POINTS:
        parts = list(map(ord, decompose(chr(code))))
        if parts == [code] or code in HANGUL:
            continue
        for before, part in zip(parts, parts[1:]):
            assert not (part in marks and part not in classes and before in classes), f"U+{code:04X}: teach bert_normalizer.cpp"
        kept = [part for part in parts[1:] if part not in marks]
        if kept:
            tails.append((code, (kept + [0])[0], (kept + [0])[1]))
            assert len(kept) <= 2
        if blocks and blocks[-1][1] == code - 1:
            blocks[-1][1] = code
        else:
            blocks.append([code, code, len(firsts)])
        firsts.append(parts[0])
    return blocks, firsts, tails


def lower_runs():
    """[(first, last, step, delta)]: every step-th code point from first to last is lowered by adding delta."""
    runs = []
    for code in CODE_POINTS:
        lowered = lower(chr(code))
        if lowered == chr(code):
            continue
        if len(lowered) != 1:
            assert chr(code) == "\u0130" and lowered == "i\u0307", f"U+{code:04X} has a long lower case: teach bert_normalizer.cpp"
            continue
        delta = ord(lowered) - code
        if runs:
            first, last, step_size, run_delta = runs[-1]
            gap = code - last
            if run_delta == delta and gap in (1, 2) and (first == last or step_size == gap):
                runs[-1] = (first, code, gap, delta)
                continue
        runs.append((code, code, 1, delta))
    return runs


def table(kind, name, comment, rows):
    """A C++ array, packed to the line width."""
    lines = [f"// {comment}", f"inline constexpr {kind} {name}[] = {{"]
    line = " "
    for row in rows:
        text = " " + (row[0] if len(row) == 1 else "{" + ", ".join(row) + "}") + ","
        if len(line) + len(text) > 140:
            lines.append(line)
            line = " "
        line += text
    return "\n".join(lines + [line, "};"])


def class_table(name, comment, codes):
    return table("CodePointRange", name, comment, [(f"0x{a:X}", f"0x{b:X}") for a, b in ranges(codes)])


def hexadecimal(rows):
    return [[f"0x{value:X}" for value in row] for row in rows]


def main():
    split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
    removed = [c for c in CODE_POINTS if clean(chr(c)) == ""]
    cleaned_to_space = [c for c in CODE_POINTS if clean(chr(c)) not in ("", chr(c))]
    assert all(clean(chr(c)) == " " for c in cleaned_to_space)
    spaces = [c for c in CODE_POINTS if not split(chr(c))]
    assert {*cleaned_to_space, ord(" ")} == set(spaces) - set(removed)
    spaced = [c for c in CODE_POINTS if ideographs(chr(c)) != chr(c)]
    assert all(ideographs(chr(c)) == f" {chr(c)} " for c in spaced)
    punctuation = [c for c in CODE_POINTS if len(split(f"a{chr(c)}b")) == 3]
    splitting = {*punctuation, *spaces}
    assert all(len(split(f"a{chr(c)}b")) == 1 for c in CODE_POINTS if c not in splitting)
    marks = {c for c in CODE_POINTS if decompose(chr(c)) == chr(c) and strip(chr(c)) == ""}
    for c in CODE_POINTS:
        assert strip(chr(c)) == "".join(part for part in decompose(chr(c)) if ord(part) not in marks)
    check_hangul()
    classes = combining_classes()
    blocks, firsts, tails = decompositions(marks, classes)
    combining = []
    for code, number in sorted(classes.items()):
        if combining and combining[-1][1] == code - 1 and combining[-1][2] == number:
            combining[-1][1] = code
        else:
            combining.append([code, code, number])
    parts = [
        f"// Written by scripts/make_bert_unicode.py from tokenizers {tokenizers.__version__}. Do not edit.",
        class_table("kRemoved", "cleaning removes them", removed),
        class_table("kSpace", "words end at them", spaces),
        class_table("kIdeograph", "get a space on either side", spaced),
        class_table("kPunctuation", "words of their own", punctuation),
        class_table("kMark", "dropped with accents", sorted(marks)),
        class_table("kWordCharacter", "\\w: single_word tokens do not stand beside them", is_word_character()),
        table("CombiningRange", "kCombining", "canonical combining class where not 0: first, last, class", [(f"0x{a:X}", f"0x{b:X}", str(n)) for a, b, n in combining]),
        table("DecompositionBlock", "kDecomposition", "NFD but for Hangul: first, last, where kDecomposed says what they become",
              [(f"0x{a:X}", f"0x{b:X}", str(at)) for a, b, at in blocks]),
        table("char32_t", "kDecomposed", "the first code point of each decomposition", [(f"0x{first:X}",) for first in firsts]),
        table("DecompositionTail", "kDecompositionTail", "what else they become, marks left out", hexadecimal(tails)),
        table("LowerRun", "kLower", "lower case but for U+0130: first, last, step, what is added",
              [(f"0x{a:X}", f"0x{b:X}", str(step_size), str(delta)) for a, b, step_size, delta in lower_runs()]),
    ]
    OUTPUT.write_text("\n\n".join(parts) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
