"""What `attend attention --json` shows against transformers' own attentions: BERT, GPT-2 and MarianMT (encoder, decoder, cross).

usage: attention_reference.py ATTEND_BINARY    (with scripts/setup --parity's Python; exits with 4, which ctest shows as skipped, where a package is missing)

Each model is trained for a moment on sentences written here. The weights of every layer and head must be transformers' for the same tokens,
and what nothing computes (the future) must be null where transformers has zeros. What the page holds is read back by the browser's check."""
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import torch
    import transformers
    from transformers import AutoTokenizer
except ImportError as missing:
    print(f"skipped: {missing}; scripts/setup --parity installs it")
    sys.exit(4)

transformers.logging.set_verbosity_error()
attend = sys.argv[1]
TOLERANCE = 2e-6  # of weights; 3e-7 seen
ANIMALS, PLACES = ["cat", "dog", "hen", "fox"], ["house", "garden", "wood"]
TEXT, PAIR = "the cat sleeps in the wood .", "no garden is without a hen ."


def run(*arguments):
    done = subprocess.run([attend, *map(str, arguments), "--threads", "1"], text=True, capture_output=True)
    assert done.returncode == 0, f"attend {arguments} ended with {done.returncode}: {done.stderr}"
    return done.stdout


def shown(folder, *more):
    return json.loads(run("attention", "--model", folder, "--text", TEXT, "--json", "-q", *more))


def part(view, name):
    return next(part for part in view["parts"] if part["name"] == name)


def compare(ours, theirs, what, causal=False):
    theirs = torch.stack([layer[0] for layer in theirs]).double()
    numbers = torch.tensor([[[[float("nan") if w is None else w for w in row] for row in head] for head in layer] for layer in ours["weights"]])
    hole = numbers.isnan()
    if causal:
        future = torch.ones(hole.shape[-2:]).triu(1).bool()
        assert (hole == future).all(), f"{what}: null is not the future"
    else:
        assert not hole.any(), f"{what}: null where something is computed"
    assert theirs[hole].abs().max() == 0 if hole.any() else True
    difference = (numbers.double().nan_to_num() - theirs).abs().max().item()
    print(f"{what}: {tuple(numbers.shape)} weights differ by at most {difference:.1e}")
    assert difference < TOLERANCE, what


def train(family, folder, *data):
    run("pretrain", family, *data, "--preset", "tiny", "--output", folder, "--steps", 30, "--learning-rate", 0.003, "-q")


def main(scratch):
    lines = [f"the {a} sleeps in the {p} .\nthe {a} is a good {a} .\nno {p} is without a {a} .\n" for a in ANIMALS for p in PLACES]
    (scratch / "text.txt").write_text("\n".join(lines * 3))
    pairs = [line for line in "".join(lines).splitlines() if line] * 3
    (scratch / "s.txt").write_text("\n".join(pairs) + "\n")
    (scratch / "t.txt").write_text("\n".join(line.upper() for line in pairs) + "\n")

    train("bert", scratch / "bert", "--train", scratch / "text.txt", "--vocab-size", 80, "--batch-size", 8, "--max-length", 48)
    model = transformers.AutoModel.from_pretrained(scratch / "bert", attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(scratch / "bert")
    for name, texts, more in [("BERT", [TEXT], []), ("BERT, a pair", [TEXT, PAIR], ["--text-pair", PAIR])]:
        view, batch = shown(scratch / "bert", *more), tokenizer(*texts, return_tensors="pt")
        assert view["texts"]["source"]["tokens"] == tokenizer.convert_ids_to_tokens(batch["input_ids"][0])
        assert view["texts"]["source"]["special"] == [i for i, id in enumerate(batch["input_ids"][0].tolist()) if id in tokenizer.all_special_ids]
        with torch.no_grad():
            compare(part(view, "encoder"), model(**batch, output_attentions=True).attentions, name)

    train("gpt", scratch / "gpt", "--train", scratch / "text.txt", "--vocab-size", 300, "--batch-size", 8)
    model = transformers.AutoModel.from_pretrained(scratch / "gpt", attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(scratch / "gpt")
    with torch.no_grad():
        found = model(**tokenizer(TEXT + PAIR, return_tensors="pt"), output_attentions=True).attentions
    compare(part(shown(scratch / "gpt", "--target", PAIR), "decoder"), found, "GPT, causal", causal=True)

    data = ["--train-source", scratch / "s.txt", "--train-target", scratch / "t.txt", "--vocab-size", 60]
    train("transformer", scratch / "marian", *data, "--batch-size", 16)
    model = transformers.MarianMTModel.from_pretrained(scratch / "marian", attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(scratch / "marian")
    view = shown(scratch / "marian", "--target", PAIR.upper())
    batch = tokenizer([TEXT], text_target=[PAIR.upper()], return_tensors="pt")
    with torch.no_grad():
        outputs = model(**batch, output_attentions=True)
    compare(part(view, "encoder"), outputs.encoder_attentions, "MarianMT, encoder")
    compare(part(view, "decoder"), outputs.decoder_attentions, "MarianMT, decoder", causal=True)
    compare(part(view, "cross"), outputs.cross_attentions, "MarianMT, cross-attention")


with tempfile.TemporaryDirectory() as folder:
    main(pathlib.Path(folder))
