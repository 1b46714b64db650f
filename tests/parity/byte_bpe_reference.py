"""ByteBpeTokenizer against transformers' GPT2Tokenizer: ids, decoding, added tokens, what is saved, and time.

usage: byte_bpe_reference.py HELPER [--strings N] [--all] [--data FOLDER]... [--folder FOLDER]... [--seed N]
       HELPER is the built tests/tools/tokenizer_answers; exits with 4, which ctest shows as skipped, where transformers is missing

Every one of the 1,112,064 code points beside letters, digits, signs and spaces, N random strings, this repository's sources, and 1 MB without a
space in linear time; --all does so with every folder made here and with the code points alone, --data encodes every file below a folder, as a whole
and by lines, --folder takes part besides what is made here."""
import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

os.environ["TOKENIZERS_PARALLELISM"] = "true"
try:
    import transformers
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, trainers
    from transformers import GPT2Tokenizer
except ImportError as missing:
    print(f"skipped: {missing}; scripts/setup --parity installs it")
    sys.exit(4)

transformers.logging.set_verbosity_error()
REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
END = "<|endoftext|>"
SYLLABLES = "the ing er est un re in on at ed ly th s e a o u ti com pre ation ß é ö ñ α λ ж ский 中 国 語 한 국 ा क ी ಾ 12 3 7".split()


def random_text(stream):
    kinds = [
        lambda: stream.choice(SYLLABLES),
        lambda: " " + stream.choice(SYLLABLES),
        lambda: stream.choice("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789"),
        lambda: stream.choice(" \t\n\r\x0b\x0c\x85\xa0\u1680\u2003\u2028\u202f\u3000\u180e\u200b\x1c\x1f    "),
        lambda: stream.choice("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~«»¿。、‐"),
        lambda: stream.choice(["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'LL", "'r", "'l", "''", "'v ", " 's", "’s"]),
        lambda: stream.choice("٣²½Ⅷ〇①௧𝟘𐄇㊿"),
        lambda: chr(stream.choice([0, 0xFFFD, 0xAD, 0x200D, 0xFEFF, 0xE000, 0x378, 0x10FFFF, 0x130, 0x2126, 0xAC01, 0xF900, 0x1F600, 0x1F3FD, 0x300])),
        lambda: chr(stream.choice(CODE_POINTS)),
        lambda: chr(stream.randrange(0x80, 0x3000)),
        lambda: stream.choice([END, "<|endoftext|", "|>", "<new>", "<New>", "WoRd", "word", " " + END + " ", "<x>", "Ġ", "Ċ", "ÃĤ"]),
        lambda: stream.choice(["a", "é", "中", " ", "\n", "9", "-", "\u00a0"]) * stream.choice([2, 3, 47, 48, 49, 50, 51, 150]),
    ]
    weights = [stream.choice([0, 1, 1, 4]) for _ in kinds[:-1]] + [stream.choice([0] * 15 + [1])]
    return "".join(kind() for kind in stream.choices(kinds, weights if any(weights) else None, k=stream.randint(0, 40)))


def trained(stream, size):
    """{"vocab": ..., "merges": [[a, b], ...]} learnt there from random text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator([random_text(stream) for _ in range(4000)] + ["a" * 64, "\n" * 32, "-" * 64], trainer)
    return json.loads(tokenizer.to_str())["model"]


def write_files(folder, vocabulary, merges, settings):
    folder.mkdir()
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges), encoding="utf-8", newline="\n")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "config.json").write_text('{"model_type": "gpt2"}')


class Pair:
    """The same folder here and there."""

    def __init__(self, helper, folder, what):
        self.helper, self.folder, self.what = helper, folder, what
        self.reference = transformers.AutoTokenizer.from_pretrained(folder)
        assert isinstance(self.reference, GPT2Tokenizer)
        self.backend = self.reference.backend_tokenizer
        self.backend.no_truncation()  # transformers sets it anew at each call, the backend keeps the file's

    def ask(self, requests):
        lines = "".join(json.dumps(request) + "\n" for request in requests)
        done = subprocess.run([self.helper, self.folder], input=lines, text=True, capture_output=True)
        assert done.returncode == 0, f"{self.what}: the helper ended with {done.returncode}: {done.stderr}"
        return map(json.loads, done.stdout.split("\n")[:-1])  # U+2028 is no line break here

    def compare(self, texts, name):
        pieces = 0
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answers = pool.submit(self.ask, texts)
            encodings = self.backend.encode_batch_fast(texts, add_special_tokens=False)
        for text, encoding, ours in zip(texts, encodings, answers.result(), strict=True):
            pieces += len(encoding.ids)
            if ours != encoding.ids:
                at = next(i for i, (a, b) in enumerate(zip(ours + [None], encoding.ids + [None])) if a != b)
                raise AssertionError(f"{self.what}, {name}: {text!r:.300}\nfrom id {at} ours   {str(ours[at:]):.700}\ntheirs {str(encoding.ids[at:]):.700}")
        print(f"{self.what}: {name}: {len(texts)} texts, {pieces} pieces the same", flush=True)

    def compare_code_points(self, alone):
        for begin in range(0, len(CODE_POINTS), 200000):
            part = list(map(chr, CODE_POINTS[begin:begin + 200000]))
            self.compare([f"a{c}1{c}!{c} {c}{c}\t{c}" for c in part], "code points beside others")
            if alone:
                self.compare(part, "code points alone")

    def compare_decoding(self, stream, texts):
        size = len(self.reference)
        lists = [[stream.randrange(size) for _ in range(stream.randint(0, 12))] for _ in texts] + list(self.ask(texts))
        for ids, ours in zip(lists, self.ask({"ids": ids} for ids in lists), strict=True):
            theirs = self.reference.decode(ids, skip_special_tokens=True)
            assert ours == theirs, f"{self.what}: {ids} {self.reference.convert_ids_to_tokens(ids)} decodes to {ours!r}, there to {theirs!r}"
        print(f"{self.what}: {len(lists)} lists of ids decode the same")

    def compare_saved(self, folder, texts):
        """What is saved here, with and without the tokenizer.json that came along, is loaded there."""
        subprocess.run([self.helper, self.folder, "save", folder], check=True)
        shutil.copy(self.folder / "config.json", folder)
        for what in ["as saved"] + (["without tokenizer.json"] if (folder / "tokenizer.json").exists() else []):
            if what != "as saved":
                (folder / "tokenizer.json").unlink()
            saved = transformers.AutoTokenizer.from_pretrained(folder)
            for text in texts:
                assert saved(text)["input_ids"] == self.reference(text)["input_ids"], f"{self.what}, {what}: {text!r}"
            assert len(saved) == len(self.reference) and saved.all_special_ids == self.reference.all_special_ids, f"{self.what}, {what}"
            assert saved.eos_token_id == self.reference.eos_token_id and saved.pad_token_id == self.reference.pad_token_id
        print(f"{self.what}: saved, loaded there, {len(texts)} texts the same")

    def seconds(self, text):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            command = [pathlib.Path(self.helper).with_name("attend"), "bench", "tokenize", "--tokenizer", self.folder, file.name, "--repeats", "1", "--json"]
            return json.loads(subprocess.run(command, text=True, capture_output=True, check=True).stdout)["seconds"]

    def check_time(self, stream):
        """Twice the text takes about twice the time; a quadratic one takes four times that, and minutes."""
        for name, text in {"one letter": "a" * 10**6, "random letters": "".join(stream.choices("abcdefgh", k=10**6)), "signs": "-=" * 5 * 10**5}.items():
            once, twice = (min(self.seconds(t) for _ in range(3)) for t in (text, text + text))
            print(f"{self.what}: 1 MB of {name} {once:.3f} s, 2 MB {twice:.3f} s")
            assert twice < 3.2 * once + 0.05 and once < 5, f"{self.what}: {name} does not take linear time"
            self.compare([text], f"1 MB of {name}")


def folders(temporary, stream, everything):
    """Folders of every kind that is read: both files, tokenizer.json with both forms of merges, settings, added tokens."""
    model = trained(stream, 900)
    vocabulary = {**model["vocab"], END: len(model["vocab"])}
    write_files(temporary / "files", vocabulary, model["merges"], {"tokenizer_class": "GPT2Tokenizer"})
    yield temporary / "files", "vocab.json and merges.txt"
    write_files(temporary / "bytes", {c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}, [],
                {"tokenizer_class": "GPT2Tokenizer", "bos_token": None, "eos_token": None, "unk_token": None})
    yield temporary / "bytes", "single bytes, no special token"
    reference = GPT2Tokenizer.from_pretrained(temporary / "files", add_prefix_space=True, pad_token="<pad>", sep_token="<sep>",
                                              extra_special_tokens=["<also>"])
    reference.add_tokens([AddedToken("<new>", lstrip=True), AddedToken("word", single_word=True), AddedToken("<x>", rstrip=True, normalized=False),
                          AddedToken("the", normalized=False), AddedToken("<New>", special=True)])
    reference.save_pretrained(temporary / "added")
    (temporary / "added" / "config.json").write_text('{"model_type": "gpt2"}')
    yield temporary / "added", "tokenizer.json, added tokens, a space before"
    if not everything:
        return
    shutil.copytree(temporary / "added", temporary / "strings")
    content = json.loads((temporary / "strings" / "tokenizer.json").read_text(encoding="utf-8"))
    content["model"]["merges"] = [" ".join(merge) for merge in content["model"]["merges"]]
    content["truncation"] = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}
    (temporary / "strings" / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    yield temporary / "strings", "tokenizer.json with merges as strings"
    write_files(temporary / "unordered", dict(stream.sample(sorted(vocabulary.items()), len(vocabulary))), model["merges"],
                {"tokenizer_class": "GPT2TokenizerFast", "add_prefix_space": True, "additional_special_tokens": ["<x>"], "cls_token": "<cls>", "pad_token": "<pad>"})
    yield temporary / "unordered", "settings beside vocab.json"
    shuffled = list(range(len(vocabulary)))
    stream.shuffle(shuffled)
    write_files(temporary / "shuffled", {piece: shuffled[i] for piece, i in vocabulary.items()}, stream.sample(model["merges"], len(model["merges"])), {})
    yield temporary / "shuffled", "ids and merges in any order"


def source_texts():
    names = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, text=True, capture_output=True).stdout.split()
    files = [REPOSITORY / name for name in names if name.endswith((".cpp", ".h", ".py", ".sh", ".txt", ".md", ".inc", ".json", ".toml"))]
    return [file.read_text(encoding="utf-8") for file in files if file.is_file()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("helper")
    parser.add_argument("--strings", type=int, default=20000)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--data", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--folder", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    stream = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as temporary:
        found = [*folders(pathlib.Path(temporary), stream, options.all), *((folder, str(folder)) for folder in options.folder)]
        for number, (folder, name) in enumerate(found):
            pair = Pair(options.helper, folder, name)
            if options.all or number == 0:
                pair.compare_code_points(options.all)
            left = options.strings // len(found)
            while left > 0:
                texts = [random_text(stream) for _ in range(min(left, 50000))]
                pair.compare(texts, "random strings")
                left -= len(texts)
            pair.compare(source_texts(), "this repository's files")
            pair.compare_decoding(stream, texts[:1000])
            pair.compare_saved(pathlib.Path(temporary) / f"saved-{number}", texts[:1000])
            for data in options.data:
                for file in sorted(data.rglob("*")):
                    if file.is_file():
                        text = file.read_text(encoding="utf-8", errors="replace")
                        pair.compare([text, *text.split("\n")], str(file.relative_to(data)))
            if options.all or number == 0:
                pair.check_time(stream)


main()
