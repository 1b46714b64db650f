"""Folders of readers trained by attend in transformers: BERT with each of its heads, Big Bird, and a GPT that classifies.

usage: text_interop.py ATTEND_BINARY    (with scripts/setup --parity's Python; exits with 4, which ctest shows as skipped, where a package is missing)

Each model is trained for a moment. transformers must load it by the class that config.json names and report nothing missing or unexpected;
its tokenizer must read the folder; and both must give the same probabilities to the same texts, one by one here, in one padded batch there."""
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
TOLERANCE = 1e-5  # of probabilities, and of the numbers of regression; 1.2e-6 seen
ANIMALS, PLACES = ["cat", "dog", "hen", "fox"], ["house", "garden", "wood"]


def run(*arguments, text=""):
    done = subprocess.run([attend, *map(str, arguments), "--threads", "1"], input=text, text=True, capture_output=True)
    assert done.returncode == 0, f"attend {arguments} ended with {done.returncode}: {done.stderr}"
    return done.stdout.splitlines()


def answers(command, folder, lines):
    return [json.loads(line) for line in run(command, "--model", folder, "--json", text="".join(line + "\n" for line in lines))]


def write_data(folder):
    animals = [(a, p) for a in ANIMALS for p in PLACES]
    documents = [f"the {a} sleeps in the {p} .\nthe {a} is a good {a} .\nno {p} is without a {a} .\n" for a, p in animals]
    (folder / "text.txt").write_text("\n".join(documents * 3))
    rows = [f"a {'good' if i % 2 else 'bad'} {a} in the {p}\t{'good' if i % 2 else 'bad'}\t{i % 2 * 2 - 1}" for i, (a, p) in enumerate(animals)]
    (folder / "table.tsv").write_text("text\tlabel\tscore\n" + "\n".join(rows) + "\n")
    (folder / "tags.conll").write_text("\n".join(f"the\tO\n{a}\tB-animal\nsleeps\tO\n" for a in ANIMALS))
    context = "the cat sleeps in the house ."
    question = {"id": "1", "question": "where does the cat sleep ?", "answers": [{"text": "the house", "answer_start": context.index("the house")}]}
    (folder / "squad.json").write_text(json.dumps({"version": "1.1", "data": [{"title": "", "paragraphs": [{"context": context, "qas": [question]}]}]}))


def loaded(folder):
    """The model by the class that config.json names, and its tokenizer."""
    architecture = json.loads((folder / "config.json").read_text())["architectures"][0]
    model, report = getattr(transformers, architecture).from_pretrained(folder, output_loading_info=True)
    assert not any(report[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), f"{folder}: {report}"
    return model.eval(), AutoTokenizer.from_pretrained(folder), architecture


def compare(ours, theirs, what):
    difference = (torch.tensor(ours, dtype=torch.float64) - theirs.double()).abs().max().item()
    print(f"{what}: nothing missing or unexpected; probabilities differ by at most {difference:.1e}")
    assert difference < TOLERANCE, what


def there(model, tokenizer, texts, **more):
    batch = tokenizer(texts, padding=True, return_tensors="pt", **more)
    with torch.no_grad():
        return batch, model(**batch)


def check_sequences(folder, texts):
    model, tokenizer, architecture = loaded(folder)
    _, outputs = there(model, tokenizer, texts)
    found = answers("classify", folder, texts)
    if outputs.logits.shape[1] == 1:
        compare([answer["value"] for answer in found], outputs.logits[:, 0], f"{architecture}, regression")
    else:
        names = [model.config.id2label[i] for i in range(model.config.num_labels)]
        compare([[answer["scores"][name] for name in names] for answer in found], outputs.logits.softmax(1), architecture)


def check_big_bird(scratch, pretrain, tune):
    """A BERT with Big Bird's attention, sparse in a text of 30 tokens: masked words, and the heads that are not BERT's."""
    bird, classes, spans = scratch / "bird", scratch / "bird-classes", scratch / "bird-spans"
    run("pretrain", "bert", *pretrain, "--preset", "tiny", "--vocab-size", 120, "--set", "max_positions=48", "--set", "attention=bigbird",
        "--set", "attention_block=4", "--set", "attention_random=1", "--output", bird)
    model, tokenizer, architecture = loaded(bird)
    text = " ".join(["the [MASK] sleeps in the house ."] * 4)
    batch, outputs = there(model, tokenizer, [text])
    assert batch["input_ids"].shape[1] > 28 and model.bert.attention_type == "block_sparse", batch["input_ids"].shape
    theirs = outputs.prediction_logits[batch["input_ids"] == tokenizer.mask_token_id].softmax(1)
    cells = [mask.split("\t") for mask in run("fill-mask", "--model", bird, "--top", 120, text=text + "\n")[0].split(" ||| ")]
    ids = [tokenizer.convert_tokens_to_ids(row[0::2]) for row in cells]
    compare([[float(p) for p in row[1::2]] for row in cells], torch.stack([p[i] for p, i in zip(theirs, ids)]), f"{architecture}, masked words")
    run("finetune", "classify", "--model", bird, "--train", scratch / "table.tsv", "--text", "text", "--label", "label", "--output", classes, *tune)
    check_sequences(classes, ["a good cat in the house", "a bad"])
    run("finetune", "answer", "--model", bird, "--train", scratch / "squad.json", "--max-length", 40, "--stride", 4, "--output", spans, *tune)
    print(f"{loaded(spans)[2]}: nothing missing or unexpected")


def main(scratch):
    write_data(scratch)
    texts = ["a good cat in the house", "a bad", "the fox is a good fox . no wood is without a fox ."]
    pretrain = ["--train", scratch / "text.txt", "--steps", 4, "--max-length", 32, "--batch-size", 8, "-q"]
    bert, plain, gpt = scratch / "bert", scratch / "plain", scratch / "gpt"
    run("pretrain", "bert", *pretrain, "--preset", "tiny", "--vocab-size", 120, "--set", "max_positions=48", "--output", bert)
    run("pretrain", "bert", *pretrain, "--preset", "tiny", "--vocab-size", 120, "--set", "max_positions=48", "--no-next-sentence", "--output", plain)
    run("pretrain", "gpt", *pretrain, "--preset", "nano", "--vocab-size", 300, "--output", gpt)

    masked = ["the [MASK] sleeps in the house .", "no [MASK] is good"]
    for folder in (bert, plain):
        model, tokenizer, architecture = loaded(folder)
        batch, outputs = there(model, tokenizer, masked)
        logits = outputs.prediction_logits if folder == bert else outputs.logits
        probabilities = logits[batch["input_ids"] == tokenizer.mask_token_id].softmax(1)
        lines = run("fill-mask", "--model", folder, "--top", 120, text="\n".join(masked) + "\n")
        cells = [line.split("\t") for line in lines]
        ids = [tokenizer.convert_tokens_to_ids(row[0::2]) for row in cells]
        compare([[float(p) for p in row[1::2]] for row in cells], torch.stack([p[i] for p, i in zip(probabilities, ids)]), f"{architecture}, masked words")
    model, tokenizer, _ = loaded(bert)
    pairs = [("the cat sleeps .", "the cat is good ."), ("no house", "the fox sleeps in the wood .")]
    _, outputs = there(model, tokenizer, [a for a, _ in pairs], text_pair=[b for _, b in pairs])
    found = answers("next-sentence", bert, [f"{a}\t{b}" for a, b in pairs])
    compare([answer["scores"]["next"] for answer in found], outputs.seq_relationship_logits.softmax(1)[:, 0], "BertForPreTraining, next sentences")

    tune = ["--epochs", 1, "--learning-rate", 0.001, "-q"]
    for start in (bert, gpt):
        for task, label in (("classify", "label"), ("regress", "score")):
            folder = scratch / f"{start.name}-{task}"
            run("finetune", task, "--model", start, "--train", scratch / "table.tsv", "--text", "text", "--label", label, "--output", folder, *tune)
            check_sequences(folder, texts)

    tags, spans = scratch / "tags", scratch / "spans"
    run("finetune", "tag", "--model", bert, "--train", scratch / "tags.conll", "--output", tags, *tune)
    model, tokenizer, architecture = loaded(tags)
    words = "the cat sleeps".split()
    batch = tokenizer([words], is_split_into_words=True, return_tensors="pt")
    with torch.no_grad():
        best = model(**batch).logits[0].softmax(1).max(1).values
    firsts = [batch.word_ids(0).index(word) for word in range(len(words))]
    compare(answers("tag", tags, [" ".join(words)])[0]["scores"], best[firsts], architecture)
    run("finetune", "answer", "--model", bert, "--train", scratch / "squad.json", "--max-length", 40, "--stride", 4, "--output", spans, *tune)
    print(f"{loaded(spans)[2]}: nothing missing or unexpected")
    check_big_bird(scratch, pretrain, tune)


with tempfile.TemporaryDirectory() as name:
    main(pathlib.Path(name))
print("all the same")
