"""Writes tests/fixtures/byte_bpe.json: small byte-level BPE folders, and what transformers' GPT2Tokenizer answers with them.

Usage: .venv/bin/python scripts/make_byte_bpe_fixtures.py
"""

import json
import random
import tempfile
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, trainers
from transformers import AutoTokenizer

OUTPUT = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "byte_bpe.json"
END = "<|endoftext|>"
TEXT = """The miller's daughter didn't sleep. She'd counted 12 sacks, then 13, then 14; they're heavier than the last ones, I'll say that.
Der Müller zählte die Säcke: zwölf, dreizehn, vierzehn. Größer als die letzten!
    if sacks > 12:
        print("the last one is heavier")   # the last one
    else:
        print("the others are")

中国的磨坊主数了十二个袋子。Мельник считал мешки.
"""
PARTS = [*TEXT.split(" "), *"abcdefthe ISTM0123456789.,;:!?'\"()#<>=-_", " ", " ", "  ", "\n", "\n\n", "    ", "\t", "\r\n", "\u00a0", "\u3000", "\u2028", "\u200b", "é", "²",
         "Ⅷ", "٣", "\u0301", "\U0001f600", "👩\u200d👧", "\x00", "\x7f", "\u0378", "\U0010ffff", END, "<new>", "sack", "one ", "'s", "'LL", " 's", "''re", "a" * 60, "Ġ", "Ċ"]


def text(stream):
    return "".join(stream.choice(PARTS) for _ in range(stream.randint(0, 12)))


def learnt():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(vocab_size=380, min_frequency=2, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator([TEXT], trainer)
    return json.loads(tokenizer.to_str())["model"]


def write_folder(folder, vocabulary, merges, settings):
    folder.mkdir()
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def answers(folder, stream, count):
    (folder / "config.json").write_text('{"model_type": "gpt2"}')
    tokenizer = AutoTokenizer.from_pretrained(folder)
    (folder / "config.json").unlink()
    samples = [TEXT, *(text(stream) for _ in range(count))]
    ids = [[stream.randrange(len(tokenizer)) for _ in range(stream.randint(0, 10))] for _ in range(40)]
    return {"files": {file.name: file.read_text(encoding="utf-8") for file in sorted(folder.iterdir())}, "size": len(tokenizer), "end_of_text": tokenizer.eos_token_id,
            "encoded": [[sample, tokenizer(sample)["input_ids"]] for sample in samples],
            "decoded": [[line, tokenizer.decode(line, skip_special_tokens=True)] for line in ids]}


def main():
    stream = random.Random(9)
    model = learnt()
    vocabulary = {**model["vocab"], END: len(model["vocab"])}
    found = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_folder(folder / "files", vocabulary, model["merges"], {"tokenizer_class": "GPT2Tokenizer"})
        found.append(answers(folder / "files", stream, 120))
        write_folder(folder / "space", vocabulary, model["merges"], {"add_prefix_space": True, "pad_token": "<pad>", "additional_special_tokens": ["<new>"]})
        found.append(answers(folder / "space", stream, 60))
        write_folder(folder / "bytes", {c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}, [],
                     {"bos_token": None, "eos_token": None, "unk_token": None})
        found.append(answers(folder / "bytes", stream, 40))
        (folder / "files" / "config.json").write_text('{"model_type": "gpt2"}')
        tokenizer = AutoTokenizer.from_pretrained(folder / "files")
        tokenizer.add_tokens([AddedToken("<new>", lstrip=True, rstrip=True), AddedToken("sack", single_word=True), AddedToken("one ", normalized=False),
                              AddedToken("<x>", special=True)])
        tokenizer.save_pretrained(folder / "saved")
        found.append(answers(folder / "saved", stream, 120))
    OUTPUT.write_text(json.dumps(found, ensure_ascii=True, separators=(",", ":")) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
