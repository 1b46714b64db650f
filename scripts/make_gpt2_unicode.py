"""Writes tokenizers/gpt2_unicode.inc: what GPT-2's pattern takes for a letter, a number and white space.

The pattern's \\p{L}, \\p{N} and \\s mean what the reference's own regular expressions mean by them, which is another version of Unicode than
any library's here. So the reference is asked for each code point: two characters that stay together are of one class.

Usage: .venv/bin/python scripts/make_gpt2_unicode.py
"""

from pathlib import Path

import tokenizers
from make_bert_unicode import CODE_POINTS, class_table
from tokenizers.pre_tokenizers import ByteLevel

OUTPUT = Path(__file__).resolve().parent.parent / "tokenizers" / "gpt2_unicode.inc"
KINDS = {"letter": "a", "number": "1", "space": "\t", "other": "!"}  # the three classes, and what is in none of them


def main():
    split = ByteLevel(add_prefix_space=False, use_regex=True).pre_tokenize_str
    found = {kind: [] for kind in KINDS}
    for code in CODE_POINTS:
        kinds = [kind for kind, known in KINDS.items() if len(split(known + chr(code))) == 1]
        assert len(kinds) == 1, f"U+{code:04X} is of the classes {kinds}: teach byte_bpe_splitter.cpp"
        found[kinds[0]].append(code)
    parts = [
        f"// Written by scripts/make_gpt2_unicode.py from tokenizers {tokenizers.__version__}. Do not edit.",
        class_table("kLetter", "\\p{L}", found["letter"]),
        class_table("kNumber", "\\p{N}", found["number"]),
        class_table("kSpace", "\\s", found["space"]),
    ]
    OUTPUT.write_text("\n\n".join(parts) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
