#!/usr/bin/env python3
"""Makes tests/fixtures/marian_tiny_beam: a tiny MarianMTModel, trained for some seconds, and what transformers generates with it.

    .venv/bin/python scripts/make_beam_fixtures.py [OUTPUT_FOLDER]

cases.json holds a list of cases: transformers' generation settings, and for each source sentence the token ids of every
returned sequence (without the decoder's start and the padding) with transformers' scores (null for greedy search).
"""
import json
import pathlib
import sys

import torch
from transformers import GenerationConfig, MarianConfig, MarianMTModel

VOCAB, PAD, EOS = 67, 66, 0
SOURCE_LENGTHS = (3, 12, 1, 7, 5, 9)  # without the end


def make_model() -> MarianMTModel:
    torch.manual_seed(20170612)
    config = MarianConfig(
        vocab_size=VOCAB, decoder_vocab_size=VOCAB, d_model=32, encoder_layers=2, decoder_layers=2,
        encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64,
        activation_function="swish", dropout=0.0, attention_dropout=0.0, scale_embedding=True, init_std=0.1,
        share_encoder_decoder_embeddings=True, max_position_embeddings=64, pad_token_id=PAD, eos_token_id=EOS,
        bos_token_id=None, decoder_start_token_id=PAD, forced_eos_token_id=EOS)
    model = MarianMTModel(config).eval()
    model.generation_config = GenerationConfig(
        num_beams=4, max_length=33, length_penalty=0.8, early_stopping=True, bad_words_ids=[[PAD]], forced_eos_token_id=EOS,
        pad_token_id=PAD, eos_token_id=EOS, decoder_start_token_id=PAD)
    return model


def draw_pair(generator: torch.Generator) -> tuple[list[int], list[int]]:
    """A source of 2 to 12 tokens and its reversal, in which tokens are doubled, dropped and replaced at random."""
    length = int(torch.randint(2, 13, (), generator=generator))
    source = torch.randint(1, PAD, (length,), generator=generator).tolist()
    target = []
    for token in reversed(source):
        chance = float(torch.rand((), generator=generator))
        target += [token, token] if chance < 0.2 else [] if chance < 0.3 else [1 + token % (PAD - 1)] if chance < 0.5 else [token]
    return source + [EOS], target + [EOS]


def train(model: MarianMTModel, steps: int) -> None:
    """A random model repeats itself; a little training on noisy pairs makes outputs of many lengths with close rivals."""
    generator = torch.Generator().manual_seed(7)
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(steps):
        pairs = [draw_pair(generator) for _ in range(64)]
        sources, targets = ([pair[side] for pair in pairs] for side in (0, 1))
        pad = lambda rows, filler: torch.tensor([row + [filler] * (max(map(len, rows)) - len(row)) for row in rows])
        input_ids = pad(sources, PAD)
        loss = model(input_ids=input_ids, attention_mask=(input_ids != PAD).long(), labels=pad(targets, -100)).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"loss {loss.item():.3f}")


def settings() -> list[dict]:
    base = dict(max_length=25, bad_words_ids=[[PAD]], forced_eos_token_id=EOS)
    cases = [dict(base, num_beams=1), dict(base, num_beams=1, max_length=6), dict(base, num_beams=1, min_length=9)]
    for beams in (2, 4, 5):
        for stopping in (False, True, "never"):
            for penalty in (0.0, 0.6, 1.0, 2.0, -0.5):
                cases.append(dict(base, num_beams=beams, early_stopping=stopping, length_penalty=penalty))
    for stopping in (False, True, "never"):
        for change in (dict(max_length=2), dict(max_length=7), dict(min_length=10), dict(min_new_tokens=6), dict(forced_eos_token_id=None, max_length=9),
                       dict(max_new_tokens=11), dict(bad_words_ids=[[PAD], [EOS + 5], [12, 31], [44]]), dict(eos_token_id=[EOS, 9, 31])):
            cases.append(dict(base, num_beams=4, early_stopping=stopping, length_penalty=1.0, **{}) | change)
    return cases


def strip(ids: list[int]) -> list[int]:
    ids = ids[1:]  # the decoder's start
    while ids and ids[-1] == PAD:
        ids.pop()
    return ids


def generate(model: MarianMTModel, sources: list[list[int]], setting: dict) -> list[dict]:
    width = max(map(len, sources))
    input_ids = torch.tensor([ids + [PAD] * (width - len(ids)) for ids in sources])
    mask = torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids in sources])
    config = GenerationConfig(**(dict(pad_token_id=PAD, eos_token_id=EOS, decoder_start_token_id=PAD) | setting))
    beams = setting["num_beams"]
    with torch.no_grad():
        output = model.generate(input_ids, attention_mask=mask, generation_config=config, num_return_sequences=beams,
                                return_dict_in_generate=True, output_scores=True)
    sequences = output.sequences.tolist()
    scores = output.sequences_scores.tolist() if beams > 1 else [None] * len(sequences)
    rows = [dict(ids=strip(ids), score=score) for ids, score in zip(sequences, scores)]
    # A beam that never held a sequence (max_length 2 allows one only) comes back empty, with a score of -10^9 or less.
    return [[row for row in rows[s * beams:(s + 1) * beams] if row["score"] is None or row["score"] > -1e8] for s in range(len(sources))]


def main() -> None:
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent / "tests/fixtures/marian_tiny_beam")
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    model = make_model()
    train(model.train(), steps=400)
    model.eval()
    model.save_pretrained(folder)
    model.generation_config = GenerationConfig()  # its values would fill what a case leaves open
    generator = torch.Generator().manual_seed(1)
    sources = [torch.randint(1, PAD, (length,), generator=generator).tolist() + [EOS] for length in SOURCE_LENGTHS]
    cases = [dict(generation_config=setting, hypotheses=generate(model, sources, setting)) for setting in settings()]
    text = json.dumps(dict(sources=sources, cases=cases), separators=(",", ":")).replace('{"generation_config"', '\n{"generation_config"')
    (folder / "cases.json").write_text(text + "\n")
    lengths = sorted({len(h["ids"]) for case in cases for sentence in case["hypotheses"] for h in sentence})
    print(f"{len(cases)} cases; lengths of sequences {lengths}")


if __name__ == "__main__":
    main()
