"""WordPieceTokenizer against transformers' BertTokenizer: ids, spans, word numbers, decoding, pairs and truncation.

usage: wordpiece_reference.py HELPER [--strings N] [--all] [--data FOLDER] [--folder FOLDER]... [--seed N]
       HELPER is the built tests/tools/tokenizer_answers; exits with 4, which ctest shows as skipped, where transformers is missing

Every one of the 1,112,064 code points alone and between letters, N random strings, with a cased and an uncased vocabulary; --all adds the
settings in between and tokens with flags. --data encodes every line of the files below a folder, --folder takes part besides what is made here."""
import argparse
import concurrent.futures
import itertools
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

os.environ["TOKENIZERS_PARALLELISM"] = "true"
try:
    import transformers
    from tokenizers import AddedToken
    from transformers import BertTokenizerFast
except ImportError as missing:
    print(f"skipped: {missing}; scripts/setup --parity installs it")
    sys.exit(4)

transformers.logging.set_verbosity_error()
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SYLLABLES = "the ing er est un re in on at ed ly th s e a o u ti com pre ation ß é ö ñ α λ ж ский 中 国 語 한 국 ा क ी ಾ ತ ្ ก ำ ि".split()
SETTINGS = {
    "uncased": {"do_lower_case": True},
    "cased": {"do_lower_case": False},
    "uncased, accents kept": {"do_lower_case": True, "strip_accents": False},
    "cased, accents dropped": {"do_lower_case": False, "strip_accents": True},
    "ideographs not spaced": {"do_lower_case": True, "tokenize_chinese_chars": False, "clean_up_tokenization_spaces": True},
}
MODES = ["longest_first", "only_first", "only_second"]


def vocabulary(stream, everything):
    """The special tokens, code points at a word's begin and behind (to save time not every ideograph), and longer pieces."""
    kept = [range(0x3400), range(0x4E00, 0xD7A4, 16), range(0xA000, 0xAC00), range(0xF900, 0x12000), range(0x1D000, 0x20000), range(0xE0000, 0xE0200)]
    if everything:
        kept = [range(0x33000), range(0xE0000, 0xE0200)]
    letters = [chr(c) for c in sorted(set().union(*kept)) if not 0xD800 <= c < 0xE000 and not chr(c).isspace()]
    longer = {"".join(stream.choices(SYLLABLES, k=stream.randint(2, 3))) for _ in range(2000)} | {"do", "not", "n't", "'s", "do not"}
    pieces = SPECIAL + [c for c in letters if stream.random() < 0.98] + ["##" + c for c in letters if stream.random() < 0.98]
    return pieces + [prefix + piece for piece in sorted(longer) for prefix in ("", "##") if stream.random() < 0.7 and len(piece) > 1]


def write_folder(folder, pieces, settings):
    folder.mkdir()
    pieces = list(dict.fromkeys(pieces))
    (folder / "vocab.txt").write_text("".join(piece + "\n" for piece in pieces), encoding="utf-8", newline="\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer", "clean_up_tokenization_spaces": False, **settings}))


def random_text(stream):
    kinds = [
        lambda: stream.choice(SYLLABLES),
        lambda: stream.choice("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789"),
        lambda: stream.choice(" \t\n\r\x0b\x0c\x85\xa0\u2003\u2028\u3000 "),
        lambda: stream.choice("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~«»¿。、‐"),
        lambda: chr(stream.choice([stream.randrange(0x300, 0x370), stream.randrange(0x591, 0x5C8), stream.randrange(0x1D15E, 0x1D1C1), stream.randrange(0x8D0, 0x900),
                                   stream.choice([0x302E, 0x302F, 0x1B44, 0x94D, 0x344, 0xF73, 0x9CB, 0xDDC, 0x1D165, 0x1D16D, 0x34F, 0x16FF0, 0x345, 0x334])])),
        lambda: chr(stream.choice([0, 0xFFFD, 0xAD, 0x200B, 0x200D, 0xFEFF, 0xE000, 0x378, 0x10FFFF, 0x130, 0x1E9E, 0x2126, 0x3A3, 0xAC01, 0xF900, 0x2F800])),
        lambda: chr(stream.randrange(0x4E00, 0xA000)),
        lambda: chr(stream.choice(CODE_POINTS)),
        lambda: chr(stream.randrange(0xA0, 0x3000)),
        lambda: stream.choice(SPECIAL + ["[mask]", "[MASK", "MASK]", "<new>", "<New>", "WoRd", "word", " [SEP] ", "##ing", "##"]),
        lambda: stream.choice(["a", "é", "中", "x\u0323\u0301", "Z"]) * stream.choice([2, 49, 98, 99, 100, 101, 150]),
    ]
    weights = [stream.choice([0, 1, 1, 4]) for _ in kinds[:-1]] + [stream.choice([0] * 15 + [1])]
    return "".join(kind() for kind in stream.choices(kinds, weights if any(weights) else None, k=stream.randint(0, 40)))


class Pair:
    """The same folder here and there."""

    def __init__(self, helper, folder, what):
        self.helper, self.folder, self.what = helper, folder, what
        self.reference = BertTokenizerFast.from_pretrained(folder)

    def ask(self, requests):
        lines = "".join(json.dumps(request) + "\n" for request in requests)
        done = subprocess.run([self.helper, self.folder], input=lines, text=True, capture_output=True)
        assert done.returncode == 0, f"{self.what}: the helper ended with {done.returncode}: {done.stderr}"
        return map(json.loads, done.stdout.splitlines())

    def expected(self, text, encoding):
        spans = list(itertools.chain.from_iterable(encoding.offsets))
        if not text.isascii():
            ends = [0, *itertools.accumulate(len(c.encode()) for c in text)]
            spans = [ends[place] for place in spans]
        return [encoding.ids, spans, encoding.word_ids]

    def compare(self, texts, name):
        pieces = 0
        self.reference.backend_tokenizer.no_truncation()  # what the file says, or the last call
        self.reference.backend_tokenizer.no_padding()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answers = pool.submit(self.ask, texts)
            encodings = self.reference.backend_tokenizer.encode_batch(texts, add_special_tokens=False)
        for text, encoding, ours in zip(texts, encodings, answers.result(), strict=True):
            theirs = self.expected(text, encoding)
            pieces += len(encoding.ids)
            if ours != theirs:
                parts = [what for what, a, b in zip(("ids", "spans", "words"), ours, theirs) if a != b]
                raise AssertionError(f"{self.what}, {name}: {parts} of {text!r:.300}\nours   {str(ours):.1500}\ntheirs {str(theirs):.1500}\n{encoding.tokens[:60]}")
        print(f"{self.what}: {name}: {len(texts)} texts, {pieces} pieces the same", flush=True)

    def compare_words(self, texts):
        lists = [text.split(" ") for text in texts]
        for words, ours in zip(lists, self.ask({"words": words} for words in lists), strict=True):
            theirs = self.reference(words, is_split_into_words=True, add_special_tokens=False).encodings[0] if words else None
            ours_spans = list(zip(ours[1][::2], ours[1][1::2]))
            spans = []
            for (begin, end), word in zip(theirs.offsets, theirs.word_ids):
                spans.append((len(words[word][:begin].encode()), len(words[word][:end].encode())))
            assert (ours[0], ours_spans, ours[2]) == (theirs.ids, spans, theirs.word_ids), f"{self.what}, words {words!r}: {ours} against {theirs.tokens}"
        print(f"{self.what}: {len(lists)} lists of words the same")

    def compare_decoding(self, stream, count):
        size = len(self.reference)
        common = [i for i in (self.reference.convert_tokens_to_ids(t) for t in [*"abc.,!?'", "n't", "'s", "do", "not", "##ing", "##.", "do not", *SPECIAL]) if i is not None] + list(range(size - 12, size))
        lists = [[stream.choice(common) if stream.random() < 0.7 else stream.randrange(size) for _ in range(stream.randint(0, 12))] for _ in range(count)]
        for ids, ours in zip(lists, self.ask({"ids": ids} for ids in lists), strict=True):
            theirs = self.reference.decode(ids, skip_special_tokens=True)
            assert ours == theirs, f"{self.what}: {ids} {self.reference.convert_ids_to_tokens(ids)} decodes to {ours!r}, there to {theirs!r}"
        print(f"{self.what}: {count} lists of ids decode the same")

    def compare_inputs(self, stream, texts):
        requests = [{"first": text, "second": stream.choice([None, stream.choice(texts)]), "max_length": stream.choice([3, 4, 5, 8, 9, 16, 33, 200]),
                     "truncation": stream.randrange(3)} for text in texts]
        refused = 0
        for request, ours in zip(requests, self.ask(requests), strict=True):
            try:
                second = request["second"] if request["second"] is None else [request["second"]]  # a list: alone, "" would count as no second text
                theirs = self.reference([request["first"]], second, truncation=MODES[request["truncation"]], max_length=request["max_length"])
                theirs = [theirs["input_ids"][0], theirs["token_type_ids"][0]]
            except Exception:
                theirs = None
            refused += theirs is None
            assert (ours and ours[:2]) == theirs, f"{self.what}: {request}: {ours} against {theirs}"
        print(f"{self.what}: {len(requests)} inputs the same, {refused} of them refused")

    def compare_saved(self, folder, texts):
        """What is saved here, with and without the tokenizer.json that came along, is loaded there."""
        subprocess.run([self.helper, self.folder, "save", folder], check=True)
        files = ["as saved"] + (["without tokenizer.json"] if (folder / "tokenizer.json").exists() else [])
        for what in files:
            if what != "as saved":
                (folder / "tokenizer.json").unlink()
            saved = BertTokenizerFast.from_pretrained(folder)
            for text in texts:
                assert saved(text)["input_ids"] == self.reference(text)["input_ids"], f"{self.what}, {what}: {text!r}"
            assert len(saved) == len(self.reference) and saved.all_special_ids == self.reference.all_special_ids
        print(f"{self.what}: saved, loaded there, {len(texts)} texts the same")


def code_point_texts():
    """Alone and between letters, many to a text."""
    for begin in range(0, len(CODE_POINTS), 512):
        some = [chr(c) for c in CODE_POINTS[begin:begin + 512]]
        yield " ".join(some)
        yield " ".join(f"a{c}b" for c in some)


def folders(temporary, stream, everything):
    pieces = vocabulary(stream, everything)
    for name, settings in SETTINGS.items():
        if not everything and name not in ("uncased", "cased"):
            continue
        folder = temporary / name.replace(" ", "-").replace(",", "")
        write_folder(folder, pieces, settings)
        yield folder, name
    tokenizer = BertTokenizerFast.from_pretrained(temporary / "uncased", extra_special_tokens=["<also>"])
    tokenizer.add_tokens([AddedToken("<new>"), AddedToken("WoRd", single_word=True), AddedToken("é中", lstrip=True, normalized=False),
                          AddedToken("»", rstrip=True, lstrip=True, normalized=True), AddedToken("th", normalized=False), AddedToken("the", normalized=False, single_word=True),
                          AddedToken("[NEW]", special=True, rstrip=True), AddedToken("国", single_word=True)])
    tokenizer.save_pretrained(temporary / "added")
    yield temporary / "added", "added tokens with flags"
    tokenizer.save_pretrained(temporary / "added-older")
    settings = json.loads((temporary / "added-older" / "tokenizer_config.json").read_text())
    (temporary / "added-older" / "tokenizer.json").unlink()
    settings["added_tokens_decoder"] = {str(i): {k: getattr(t, k) for k in ("content", "lstrip", "normalized", "rstrip", "single_word", "special")}
                                        for i, t in tokenizer.added_tokens_decoder.items()}
    (temporary / "added-older" / "tokenizer_config.json").write_text(json.dumps(settings))
    (temporary / "added-older" / "vocab.txt").write_text((temporary / "uncased" / "vocab.txt").read_text(encoding="utf-8"), encoding="utf-8")
    if everything:
        yield temporary / "added-older", "the same without tokenizer.json"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("helper")
    parser.add_argument("--strings", type=int, default=20000)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--folder", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    stream = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as temporary:
        found = [*folders(pathlib.Path(temporary), stream, options.all), *((folder, str(folder)) for folder in options.folder)]
        for folder, name in found:
            pair = Pair(options.helper, folder, name)
            if options.all or name in ("uncased", "cased"):
                pair.compare(list(code_point_texts()), "code points")
            left = options.strings // len(found)
            while left > 0:
                texts = [random_text(stream) for _ in range(min(left, 50000))]
                pair.compare(texts, "random strings")
                left -= len(texts)
            pair.compare_words(texts[:500])
            pair.compare_decoding(stream, 500)
            pair.compare_inputs(stream, texts[:500])
            pair.compare_saved(pathlib.Path(temporary) / f"saved-{found.index((folder, name))}", texts[:500])
            if options.data:
                for file in sorted(options.data.rglob("*")):
                    if file.is_file():
                        lines = file.read_text(encoding="utf-8", errors="replace").split("\n")
                        pair.compare(lines, str(file.relative_to(options.data)))


main()
