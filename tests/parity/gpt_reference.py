"""GPT folders in both directions between attend and transformers: what each saves the other loads, with the same answers.

usage: gpt_reference.py GPT_ANSWERS_BINARY [small]
       (with scripts/setup --parity's Python; exits with 4, which ctest shows as skipped, where a package is missing)

1. Random models saved by transformers, in one file and in shards, a language model and a classifier: the same logits here, and the same
   greedy continuations of prompts of different lengths, decoded together with a cache.
2. The same folders written back by attend: transformers reports nothing missing or unexpected, and computes the same bits as before.
3. A new model without biases, made by attend, in transformers.
With "small", the same at GPT-2 small's size and with its initial weights, 4 rows of 128 tokens; takes some minutes and 2 GB."""
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import torch
    import transformers
    from safetensors.torch import load_file
    from transformers import GPT2Config, GPT2ForSequenceClassification, GPT2LMHeadModel
except ImportError as missing:
    print(f"skipped: {missing}; scripts/setup --parity installs it")
    sys.exit(4)

transformers.logging.set_verbosity_error()
binary = sys.argv[1]
SMALL = sys.argv[2:] == ["small"]
VOCAB = 50257 if SMALL else 300
SIZES = {} if SMALL else dict(n_embd=64, n_layer=3, n_head=4, n_positions=48, bos_token_id=0, eos_token_id=0)
TOLERANCE = 1e-5  # of the largest logit; 1.3e-6 seen at GPT-2 small's size, where transformers' own two attention paths differ by 0.8e-6


def run(*arguments, requests=()):
    done = subprocess.run([binary, *map(str, arguments)], input="".join(json.dumps(r) + "\n" for r in requests), text=True, capture_output=True)
    assert done.returncode == 0, f"{arguments} ended with {done.returncode}: {done.stderr}"
    return [json.loads(line) for line in done.stdout.splitlines()]


def rows_of(seed, count, shortest, longest):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(shortest, longest + 1, (count,), generator=generator).tolist()
    return [torch.randint(1, VOCAB - 1, (length,), generator=generator).tolist() for length in lengths]


def logits_there(model, rows):
    with torch.no_grad():
        logits = [model(torch.tensor([row])).logits[0] for row in rows]
    return torch.cat(logits) if logits[0].dim() == 2 else torch.stack(logits)


def logits_here(folder, rows, scratch):
    run(folder, requests=[{"ids": rows, "logits": str(scratch / "logits.safetensors")}])
    return load_file(scratch / "logits.safetensors")["logits"]


def same_logits(ours, theirs, what):
    difference, largest = (ours - theirs).abs().max().item(), theirs.abs().max().item()
    print(f"{what}: logits differ by at most {difference:.2e}, the largest is {largest:.2f}")
    assert ours.shape == theirs.shape and difference < TOLERANCE * largest, what


def same_continuations(folder, model, what):
    prompts, steps = rows_of(2, 8, 1, 20), 20
    ours = run(folder, requests=[{"ids": prompts, "greedy": steps}])[0]
    differing = 0
    for prompt, continuation in zip(prompts, ours, strict=True):
        logits = logits_there(model, [prompt + continuation])[len(prompt) - 1:-1]
        best = logits.argmax(1).tolist()
        for i, (theirs, here) in enumerate(zip(best, continuation, strict=True)):
            if theirs != here:
                assert (logits[i, theirs] - logits[i, here]).item() < 1e-4, f"{what}: token {i} of {prompt}"
                differing += 1
    print(f"{what}: {len(prompts) * steps} greedy tokens the same, but for {differing} ties")


def back_and_forth(folder, scratch, model, what):
    """transformers' folder in attend, and attend's copy of it in transformers."""
    rows = rows_of(1, 4, 128, 128) if SMALL else rows_of(1, 6, 1, 48)
    theirs = logits_there(model, rows)
    same_logits(logits_here(folder, rows, scratch), theirs, what)
    if isinstance(model, GPT2LMHeadModel):
        same_continuations(folder, model, what)
    copy = scratch / "copy"
    copy.mkdir(exist_ok=True)
    run(folder, "save", copy)
    again, report = type(model).from_pretrained(copy, output_loading_info=True)
    assert not any(report[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), report
    assert torch.equal(logits_there(again.eval(), rows), theirs), f"{what}: written back, it computes something else"
    print(f"{what}: written back and read, the same bits")


def main(scratch):
    torch.manual_seed(7)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=VOCAB, **SIZES)).eval()
    classifier = GPT2ForSequenceClassification(GPT2Config(vocab_size=VOCAB, num_labels=3, pad_token_id=VOCAB - 1, **SIZES)).eval()
    if not SMALL:
        with torch.no_grad():
            for parameter in [*model.parameters(), *classifier.parameters()]:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    for what, saved, settings in (("one file", model, {}), ("shards", model, dict(max_shard_size="200MB" if SMALL else "60KB")), ("a classifier", classifier, {})):
        folder = scratch / what.replace(" ", "-")
        saved.save_pretrained(folder, **settings)
        back_and_forth(folder, scratch, saved, what)
    assert len(list((scratch / "shards").glob("*.safetensors"))) > 1
    made = scratch / "made"
    made.mkdir()
    run("new", made, "gpt2" if SMALL else "nano", VOCAB)
    loaded, report = GPT2LMHeadModel.from_pretrained(made, output_loading_info=True)
    assert not any(report[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), report
    rows = rows_of(3, 4, 20, 48)
    same_logits(logits_here(made, rows, scratch), logits_there(loaded.eval(), rows), "made by attend")


with tempfile.TemporaryDirectory() as name:
    main(pathlib.Path(name))
print("all the same")
