"""A folder trained by attend in transformers and CTranslate2, and a folder of transformers in attend.

usage: interop.py ATTEND_BINARY    (with scripts/setup --parity's Python; exits with 4, which ctest shows as skipped, where a package is missing)

1. attend trains a small model for a moment on the demo's sentences; MarianMTModel and MarianTokenizer load the folder, report nothing
   missing or unexpected, and translate 60 sentences as attend does, greedy and with beams; so they do behind forced beginnings, likely and
   unlikely ones, with the same scores.
2. ct2-transformers-converter converts the folder; greedy translations are the same, behind the same beginnings too.
3. A random model of OPUS-MT's settings (swish, pad last), saved by transformers 5 with the tokenizer files of both generations, translates in attend as it does there."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

try:
    import ctranslate2
    import torch
    import transformers
    from transformers import GenerationConfig, MarianConfig, MarianMTModel, MarianTokenizer
except ImportError as missing:
    print(f"skipped: {missing}; scripts/setup --parity installs it")
    sys.exit(4)

transformers.logging.set_verbosity_error()
attend = sys.argv[1]
MAX_LENGTH = 24  # in attend's convention: generated tokens, the end counted, the start not
LONGER = 120  # room for a whole sentence as a forced beginning, and for what comes after it


def run(*arguments, text=""):
    done = subprocess.run([attend, *map(str, arguments)], input=text, text=True, capture_output=True)
    assert done.returncode == 0, f"attend {arguments} ended with {done.returncode}: {done.stderr}"
    return done.stdout.splitlines()


def translate_there(model, tokenizer, lines, beams):
    translations = []
    for line in lines:
        encoded = tokenizer([line], return_tensors="pt")
        with torch.no_grad():
            ids = model.generate(**encoded, num_beams=beams, max_length=MAX_LENGTH + 1, early_stopping=False)
        translations.append(tokenizer.decode(ids[0], skip_special_tokens=True))
    return translations


def same(ours, theirs, what):
    differing = [(a, b) for a, b in zip(ours, theirs, strict=True) if a != b.strip()]
    print(f"{what}: {len(ours) - len(differing)} of {len(ours)} the same")
    assert not differing, f"{what}: first difference {differing[0]}"


def prefixed_there(model, tokenizer, lines, prefixes, beams):
    """Translations behind a forced beginning and their scores."""
    translations, scores = [], []
    for line, prefix in zip(lines, prefixes, strict=True):
        start = torch.tensor([[model.config.decoder_start_token_id] + tokenizer(text_target=prefix).input_ids[:-1]])
        with torch.no_grad():
            found = model.generate(**tokenizer([line], return_tensors="pt"), decoder_input_ids=start, num_beams=beams, max_length=LONGER + 1,
                                   early_stopping=False, return_dict_in_generate=True, output_scores=True)
        translations.append(tokenizer.decode(found.sequences[0], skip_special_tokens=True))
        scores.append(found.sequences_scores[0].item() if beams > 1 else None)
    return translations, scores


def check_prefixes(folder, model_folder, model, tokenizer, lines):
    references = (folder / "text" / "test.de").read_text(encoding="utf-8").splitlines()[:len(lines)]
    # How another sentence begins, how this one does, and a whole sentence that belongs elsewhere.
    prefixes = [" ".join(references[i - 1 if i % 2 else i].split()[:1 + i % 4]) if i % 3 else references[i - 1] for i in range(len(lines))]
    (folder / "prefixes").write_text("\n".join(prefixes) + "\n", encoding="utf-8")
    for beams in (1, 4):
        ours = [line.split("\t") for line in run("translate", "--model", model_folder, "--beam", beams, "--max-length", LONGER, "--prefix",
                                                 folder / "prefixes", "--scores", "-q", text="\n".join(lines) + "\n")]
        theirs, scores = prefixed_there(model, tokenizer, lines, prefixes, beams)
        same([text for text, _ in ours], theirs, f"behind a prefix, beam {beams}, in transformers")
        if beams > 1:
            worst = max(abs(float(score) - expected) for (_, score), expected in zip(ours, scores, strict=True))
            print(f"behind a prefix, beam {beams}: scores differ by {worst:.1e} at most")
            assert worst < 1e-4
    return prefixes


def trained_here(folder):
    text = folder / "text"
    run("demo", "--write", text, "--pairs", 2000, "--seed", 3)
    model_folder = folder / "model"
    run("pretrain", "transformer", "--train-source", text / "train.en", "--train-target", text / "train.de", "--output", model_folder, "--preset", "tiny",
        "--set", "encoder_layers=1", "--set", "decoder_layers=1", "--vocab-size", 300, "--steps", 60, "--warmup-steps", 20, "--learning-rate", 0.003,
        "--batch-tokens", 1000, "--eval-every", 0, "--threads", 2, "-q")
    lines = (text / "test.en").read_text(encoding="utf-8").splitlines()[:60]
    model, report = MarianMTModel.from_pretrained(model_folder, output_loading_info=True)
    assert not any(report[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), report
    tokenizer = MarianTokenizer.from_pretrained(model_folder)
    for beams in (1, 4):
        ours = run("translate", "--model", model_folder, "--beam", beams, "--max-length", MAX_LENGTH, "-q", text="\n".join(lines) + "\n")
        same(ours, translate_there(model.eval(), tokenizer, lines, beams), f"trained here, beam {beams}, in transformers")

    prefixes = check_prefixes(folder, model_folder, model, tokenizer, lines)

    converted = folder / "ct2"
    converter = pathlib.Path(sys.executable).parent / "ct2-transformers-converter"
    subprocess.run([converter, "--model", model_folder, "--output_dir", converted], check=True, capture_output=True)
    translator = ctranslate2.Translator(str(converted), device="cpu", compute_type="float32")
    sources = [tokenizer.convert_ids_to_tokens(tokenizer.encode(line)) for line in lines]
    results = translator.translate_batch(sources, beam_size=1, max_decoding_length=MAX_LENGTH)
    # The last of MAX_LENGTH tokens is the forced end in attend, as the folder asks; CTranslate2 does not know that setting and writes another word.
    theirs = [tokenizer.decode(tokenizer.convert_tokens_to_ids(result.hypotheses[0][:MAX_LENGTH - 1]), skip_special_tokens=True) for result in results]
    ours = run("translate", "--model", model_folder, "--beam", 1, "--max-length", MAX_LENGTH, "-q", text="\n".join(lines) + "\n")
    same(ours, theirs, "trained here, greedy, converted by CTranslate2")

    results = translator.translate_batch(sources, beam_size=1, max_decoding_length=LONGER,
                                         target_prefix=[tokenizer.convert_ids_to_tokens(tokenizer(text_target=prefix).input_ids[:-1]) for prefix in prefixes])
    theirs = [tokenizer.decode(tokenizer.convert_tokens_to_ids(result.hypotheses[0][:LONGER - 1]), skip_special_tokens=True) for result in results]
    ours = run("translate", "--model", model_folder, "--beam", 1, "--max-length", LONGER, "--prefix", folder / "prefixes", "-q", text="\n".join(lines) + "\n")
    same(ours, theirs, "behind a prefix, greedy, converted by CTranslate2")
    return model_folder, lines


def random_there(folder, tokenizer_folder, lines):
    vocab_size = len(json.loads((tokenizer_folder / "vocab.json").read_text(encoding="utf-8")))
    pad = vocab_size - 1
    torch.manual_seed(5)
    model = MarianMTModel(MarianConfig(vocab_size=vocab_size, d_model=64, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4,
                                       encoder_ffn_dim=96, decoder_ffn_dim=96, activation_function="swish", scale_embedding=True, max_position_embeddings=128,
                                       pad_token_id=pad, decoder_start_token_id=pad, eos_token_id=0, forced_eos_token_id=0, init_std=0.3)).eval()
    model.generation_config = GenerationConfig(num_beams=4, max_length=MAX_LENGTH + 1, bad_words_ids=[[pad]], decoder_start_token_id=pad, eos_token_id=0,
                                               forced_eos_token_id=0, pad_token_id=pad)
    tokenizer = MarianTokenizer.from_pretrained(tokenizer_folder)
    for generation in ("transformers 5", "raw files"):
        saved = folder / generation.replace(" ", "-")
        model.save_pretrained(saved)
        if generation == "transformers 5":
            tokenizer.save_pretrained(saved)
        else:
            for name in ("source.spm", "target.spm", "vocab.json", "tokenizer_config.json"):
                shutil.copy(tokenizer_folder / name, saved)
        ours = run("translate", "--model", saved, "-q", text="\n".join(lines) + "\n")
        same(ours, translate_there(MarianMTModel.from_pretrained(saved).eval(), MarianTokenizer.from_pretrained(saved), lines, 4), f"random weights, {generation}")


with tempfile.TemporaryDirectory() as name:
    model_folder, lines = trained_here(pathlib.Path(name))
    random_there(pathlib.Path(name), model_folder, lines[:30])
print("all the same")
