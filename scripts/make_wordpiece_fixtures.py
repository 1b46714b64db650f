"""Writes tests/fixtures/wordpiece.json: small WordPiece folders, and what transformers' BertTokenizer answers with them.

Usage: .venv/bin/python scripts/make_wordpiece_fixtures.py
"""

import itertools
import json
import random
import tempfile
from pathlib import Path

from tokenizers import AddedToken
from transformers import BertTokenizerFast

OUTPUT = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "wordpiece.json"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["the", "dog", "want", "ed", "s", "ing", "n't", "do", "not", "Hund", "größe", "grosse", "中", "国", "ый", "word", "'s", "ve"]
LETTERS = "abcdefghijklmnopqrstuvwxyzäöüßéAEÉ.,!?'[]0123-/αβςσΣжЖनि한가각각\u0301\u0307\u302e\U0001d165"
SETTINGS = [{}, {"do_lower_case": False}, {"strip_accents": False}, {"do_lower_case": False, "strip_accents": True},
            {"tokenize_chinese_chars": False, "clean_up_tokenization_spaces": True}]
PARTS = [*WORDS, *LETTERS, *SPECIAL, " ", " ", " ", "\t", "\u00a0", "\u3000", "\u200b", "\u00ad", "\x01", "\ufffd", "\u0378", "\U000e0001", "İ", "Ω", "ﬁ", "Å",
         "\u0344", "\u0f73", "\u1b44", "\u034f", "\U0001d15e", "\u09cb", "豈", "丽", "「", "，", "<new>", "NEW", " [SEP] ", "a" * 99, "é" * 51, "a" * 101, "[mask]"]


def text(stream):
    return "".join(stream.choice(PARTS) for _ in range(stream.randint(0, 12)))


def answers(tokenizer, stream, count):
    backend = tokenizer.backend_tokenizer
    encoded = []
    for sample in [text(stream) for _ in range(count)]:
        backend.no_truncation()
        encoding = backend.encode(sample, add_special_tokens=False)
        ends = [0, *itertools.accumulate(len(c.encode()) for c in sample)]
        encoded.append([sample, encoding.ids, [ends[place] for span in encoding.offsets for place in span], encoding.word_ids])
    inputs = []
    for first, second, length, mode in [(text(stream), stream.choice([None, text(stream)]), stream.choice([3, 4, 7, 12, 40]), stream.randrange(3)) for _ in range(40)]:
        try:
            found = tokenizer([first], None if second is None else [second], max_length=length, truncation=["longest_first", "only_first", "only_second"][mode])
            inputs.append([first, second, length, mode, found["input_ids"][0], found["token_type_ids"][0]])
        except Exception:
            inputs.append([first, second, length, mode, None, None])
    ids = [[stream.choice([stream.randrange(len(tokenizer)), len(tokenizer) - stream.randint(1, 6)]) for _ in range(stream.randint(0, 8))] for _ in range(40)]
    return {"encoded": encoded, "inputs": inputs, "decoded": [[line, tokenizer.decode(line, skip_special_tokens=True)] for line in ids]}


def files(folder):
    return {file.name: file.read_text(encoding="utf-8") for file in sorted(folder.iterdir())}


def main():
    stream = random.Random(8)
    pieces = list(dict.fromkeys([*SPECIAL, *WORDS, *("##" + word for word in WORDS), *LETTERS, *("##" + letter for letter in LETTERS)]))
    found = []
    with tempfile.TemporaryDirectory() as temporary:
        for number, settings in enumerate(SETTINGS):
            folder = Path(temporary) / str(number)
            folder.mkdir()
            (folder / "vocab.txt").write_text("".join(piece + "\n" for piece in pieces), encoding="utf-8")
            (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer", **settings}))
            found.append({"files": files(folder), **answers(BertTokenizerFast.from_pretrained(folder), stream, 60)})
        tokenizer = BertTokenizerFast.from_pretrained(Path(temporary) / "0")
        tokenizer.add_tokens([AddedToken("<new>", lstrip=True), AddedToken("NEW", single_word=True), AddedToken("各", normalized=False), AddedToken("Ω", rstrip=True),
                              AddedToken("dog", normalized=False), AddedToken("[SEP] ", special=True)])
        saved = Path(temporary) / "saved"
        tokenizer.save_pretrained(saved)
        found.append({"files": files(saved), **answers(BertTokenizerFast.from_pretrained(saved), stream, 120)})
    OUTPUT.write_text(json.dumps(found, ensure_ascii=True, separators=(",", ":")) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
