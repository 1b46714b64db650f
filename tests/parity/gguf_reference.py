#!/usr/bin/env python3
"""A GPT folder of ours in llama.cpp: converted to GGUF, it must give the same greedy continuations, token for token. By hand.

    python3 tests/parity/gguf_reference.py ATTEND FOLDER CONVERTER TEXT [PROMPTS]

CONVERTER is a script called as `CONVERTER FOLDER OUT.gguf f32`, which calls token i "ti": prompts go in as ids. TEXT is a file: the
prompts are its lines. The Python that runs this needs, besides the packages of `scripts/setup --parity`, gguf and xllamacpp (llama.cpp,
compiled).
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

PROMPT_TOKENS, NEW_TOKENS = 16, 40
CLOSE = 0.002  # llama.cpp takes GELU from a table in half precision


def run(command, text):
    return subprocess.run([str(word) for word in command], input=text, capture_output=True, text=True, check=True).stdout


def prompts_of(attend, folder, text, count):
    """The first tokens of lines, which encode to themselves again, as (text, ids)."""
    lines = [line for line in pathlib.Path(text).read_text(encoding="utf-8").splitlines() if len(line) >= 2 * PROMPT_TOKENS]
    lines = lines[:: max(1, len(lines) // count)][:count]
    encode = [attend, "tokenizer", "encode", "--tokenizer", folder, "--ids", "-q"]
    ids = [line.split()[:PROMPT_TOKENS] for line in run(encode, "\n".join(lines) + "\n").splitlines()]
    texts = run([attend, "tokenizer", "decode", "--tokenizer", folder, "-q"], "".join(" ".join(line) + "\n" for line in ids)).splitlines()
    again = [line.split() for line in run(encode, "\n".join(texts) + "\n").splitlines()]
    return [(text, [int(i) for i in before]) for text, before, after in zip(texts, ids, again) if before == after]


def probability_gap(folder, context, one, other):
    import torch
    from transformers import GPT2LMHeadModel

    with torch.inference_mode():
        logits = GPT2LMHeadModel.from_pretrained(folder).eval()(torch.tensor([context])).logits[0, -1]
    return float(logits[one] - logits[other])


def main():
    import xllamacpp

    attend, folder, converter, text = sys.argv[1:5]
    prompts = prompts_of(attend, folder, text, int(sys.argv[5]) if len(sys.argv) > 5 else 100)
    ours = [json.loads(line)["token_ids"] for line in run([attend, "generate", "--model", folder, "--temperature", "0", "--max-new-tokens", NEW_TOKENS,
                                                           "--json", "-q"], "".join(text + "\n" for text, _ in prompts)).splitlines()]
    with tempfile.TemporaryDirectory() as temporary:
        gguf = pathlib.Path(temporary) / "model.gguf"
        subprocess.run([sys.executable, converter, folder, gguf, "f32"], check=True)
        params = xllamacpp.CommonParams()
        params.model.path, params.n_ctx, params.n_parallel, params.n_gpu_layers, params.verbosity = str(gguf), PROMPT_TOKENS + NEW_TOKENS, 1, 0, 0
        params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32  # as here; half precision is its default
        server = xllamacpp.Server(params)
        theirs = []
        for _, ids in prompts:
            answer = server.handle_completions({"prompt": ids, "temperature": 0, "n_predict": NEW_TOKENS, "cache_prompt": False})
            theirs.append([int(i) for i in re.findall(r"t(\d+)", answer["choices"][0]["text"])])
    wrong = 0
    for (_, ids), a, b in zip(prompts, ours, theirs):
        if a == b:
            continue
        at = next(i for i, (x, y) in enumerate(zip(a, b)) if x != y)
        gap = probability_gap(folder, ids + a[:at], a[at], b[at])
        print(f"  token {at}: here {a[at]}, there {b[at]}, whose log-probability is {gap:.5f} less in transformers")
        wrong += gap > CLOSE
    print(f"{sum(a == b for a, b in zip(ours, theirs))} of {len(prompts)} greedy continuations of {NEW_TOKENS} tokens are llama.cpp's; "
          f"{wrong} of the others parted where the two tokens are further apart than {CLOSE}")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
