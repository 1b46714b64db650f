#!/usr/bin/env python3
"""`attend embed` against sentence-transformers, the library itself, by hand.

    python3 tests/parity/embed_reference.py ATTEND FOLDER TEXT [LINES]

FOLDER is a sentence-transformers model with a WordPiece tokenizer (modules.json), TEXT a file whose lines are embedded (the part before
a tab). The folder is taken as it is, and with one setting after the other changed. The Python that runs this needs, besides the packages
of `scripts/setup --parity`, sentence-transformers.
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import torch
from sentence_transformers import SentenceTransformer

PROMPTS = {"query": "Represent this sentence: ", "passage": ""}


def edit(path, change):
    content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def with_prompts(folder, **more):
    edit(folder / "config_sentence_transformers.json", lambda top: top.update(prompts=PROMPTS, **more))


def cased(folder):
    """A tokenizer that keeps capitals, and the setting that takes them away."""
    edit(folder / "tokenizer.json", lambda tokenizer: tokenizer["normalizer"].update(lowercase=False))
    edit(folder / "tokenizer_config.json", lambda settings: settings.update(do_lower_case=False))
    edit(folder / "sentence_bert_config.json", lambda settings: settings.update(do_lower_case=True))


def unpooled_prompt(folder):
    with_prompts(folder, default_prompt_name="query")
    edit(folder / "1_Pooling" / "config.json", lambda pooling: pooling.update(include_prompt=False))


def moved(folder):
    """The transformer in a folder of its own."""
    inner = folder / "0_Transformer"
    inner.mkdir()
    for file in [file for file in folder.iterdir() if file.is_file()]:
        if file.name not in ("modules.json", "config_sentence_transformers.json"):
            file.rename(inner / file.name)
    edit(folder / "modules.json", lambda modules: modules[0].update(path="0_Transformer"))


def pooled_by_first(folder):
    (folder / "1_Pooling" / "config.json").write_text('{"embedding_dimension": 384, "pooling_mode": "cls"}', encoding="utf-8")


def cut_short(folder):
    with_prompts(folder, truncate_dim=100, default_prompt_name="query")
    edit(folder / "sentence_bert_config.json", lambda settings: settings.update(max_seq_length=12))
    edit(folder / "1_Pooling" / "config.json", lambda pooling: pooling.update(include_prompt=False))


# What is changed, flags of `attend embed`, arguments of encode().
VARIANTS = {
    "as it is": (lambda folder: None, [], {}),
    "--prompt": (lambda folder: None, ["--prompt", "query: "], {"prompt": "query: "}),
    "--prompt-name": (with_prompts, ["--prompt-name", "query"], {"prompt_name": "query"}),
    "default_prompt_name": (lambda folder: with_prompts(folder, default_prompt_name="query"), [], {}),
    "include_prompt false": (unpooled_prompt, [], {}),
    "do_lower_case true": (cased, [], {}),
    "0_Transformer": (moved, [], {}),
    "pooling_mode cls": (pooled_by_first, [], {}),
    "max_seq_length, truncate_dim": (cut_short, [], {}),
}

attend, folder, text = sys.argv[1:4]
count = int(sys.argv[4]) if len(sys.argv) > 4 else 1000
lines = [line.split("\t")[0].strip() for line in pathlib.Path(text).read_text(encoding="utf-8").splitlines()]
lines = [line for line in lines if line][:count]
failed = False
for name, (change, flags, arguments) in VARIANTS.items():
    with tempfile.TemporaryDirectory() as scratch:
        copy = pathlib.Path(scratch) / "model"
        shutil.copytree(folder, copy)
        change(copy)
        theirs = torch.tensor(SentenceTransformer(str(copy), device="cpu").encode(lines, **arguments))
        done = subprocess.run([attend, "embed", "--model", str(copy), "-q", *flags], input="".join(line + "\n" for line in lines),
                              capture_output=True, text=True, check=True)
    ours = torch.tensor([json.loads(line) for line in done.stdout.splitlines()])
    difference = (ours - theirs).abs().max().item()
    cosine = torch.nn.functional.cosine_similarity(ours.double(), theirs.double()).min().item()
    print(f"{name}: {len(lines)} sentences, {ours.shape[1]} numbers each: they differ by at most {difference:.2e}, cosine 1 - {1 - cosine:.1e}")
    failed |= not (ours.shape == theirs.shape and difference < 1e-5 and cosine > 1 - 1e-6)
sys.exit(failed)
