#!/usr/bin/env python3
"""python3 tests/fuzz/make_seeds.py FOLDER: writes FOLDER/TARGET/NAME, small inputs that a fuzzer's first mutations start from."""

import json
import pathlib
import struct
import sys

SEEDS = pathlib.Path(sys.argv[1])


def seed(target, name, *parts):
    """Parts are put together with the byte 0xFF between, as fuzz.h takes them apart."""
    path = SEEDS / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\xff".join(part.encode() if isinstance(part, str) else part for part in parts))


def header(**tensors):
    return json.dumps({name: {"dtype": dtype, "shape": shape, "data_offsets": offsets} for name, (dtype, shape, offsets) in tensors.items()})


def safetensors(text, data):
    return struct.pack("<Q", len(text)) + text.encode() + data


TWO = header(a=("F32", [2, 3], [0, 24]), b=("BF16", [4], [24, 32]))
seed("safetensors", "two", safetensors(TWO, bytes(32)))
seed("safetensors", "metadata", safetensors('{"__metadata__":{"format":"pt"},"a":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}  ', bytes(8)))
seed("safetensors", "empty_tensor", safetensors(header(a=("U8", [0, 7], [0, 0])), b""))

INDEX = json.dumps({"metadata": {"total_size": 128}, "weight_map": {"a": "a.safetensors", "b": "b.safetensors"}})
seed("safetensors_index", "two_shards", INDEX, header(a=("F32", [16], [0, 64])), header(b=("F16", [32], [0, 64])))

seed("json", "config", json.dumps({"model_type": "bert", "hidden_size": 128, "layer_norm_eps": 1e-12, "id2label": {"0": "no"}, "x": [None, True, -1.5]}))
seed("json", "escapes", '{"\\u00e9\\ud83d\\ude00": "\\n\\"\\\\", "b": [[], {}]}')

BERT = {"model_type": "bert", "vocab_size": 30522, "hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 512, "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "max_position_embeddings": 512, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "pad_token_id": 0,
        "position_embedding_type": "absolute", "initializer_range": 0.02}
GPT = {"model_type": "gpt2", "vocab_size": 50257, "n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 128, "n_inner": None, "activation_function": "gelu_new", "resid_pdrop": 0.1,
       "embd_pdrop": 0.1, "attn_pdrop": 0.1, "layer_norm_epsilon": 1e-5, "scale_attn_weights": True, "eos_token_id": 50256, "bos_token_id": 50256, "tie_word_embeddings": True}
MARIAN = {"model_type": "marian", "vocab_size": 301, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4, "decoder_attention_heads": 4,
          "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "activation_function": "relu", "dropout": 0.1, "max_position_embeddings": 512, "pad_token_id": 300, "eos_token_id": 0,
          "decoder_start_token_id": 300, "scale_embedding": True, "share_encoder_decoder_embeddings": True, "static_position_embeddings": True}
BIG_BIRD = {**{key: value for key, value in BERT.items() if key != "position_embedding_type"}, "model_type": "big_bird", "attention_type": "block_sparse", "block_size": 64,
            "num_random_blocks": 3, "hidden_act": "gelu_new", "rescale_embeddings": False, "sep_token_id": 66, "use_bias": True}
LSTM = {"model_type": "attend-lstm", "vocab_size": 301, "hidden_size": 32, "num_layers": 2, "attention": "local", "score": "concat", "local_place": "monotonic", "local_window": 5,
        "hard_baseline": "mean", "hard_reward": 0.5, "hard_entropy": 0.01, "dropout": 0.1, "max_positions": 64, "shared_embeddings": False, "target_vocab_size": 200,
        "pad_token_id": 199, "eos_token_id": 0, "decoder_start_token_id": 199, "is_encoder_decoder": True}
for config in (BERT, GPT, MARIAN, BIG_BIRD, LSTM):
    seed("config", config["model_type"], json.dumps(config))

seed("toml", "run", 'family = "bert"\nsteps = 10\nrate = 5e-4\nfiles = ["a", "b"]\n\n[optimizer]\nname = "adamw"\nbetas = [0.9, 0.98]\n\n[a."b c"]\nd = true\n')
seed("toml", "inline", "a = {b = 1, c = [1.5, inf, nan]}\n[[d]]\ne = '''x'''\n")

seed("table", "plain", "\0good film\t1\nbad film\t0\n")
seed("table", "header", "\1text\tlabel\nit is \"fine\t1\n")
seed("table", "pairs", "\2text a\ttext b\tentailment\r\n\tx\tneutral\r\n")
seed("table", "unlabelled", "\7a\tb\nx\ty\n\n")

seed("conll", "columns", "EU NNP B-ORG\nrejects VBZ O\n\n-DOCSTART- -X- O\n\nGerman JJ I-MISC\n")
seed("conll", "tabs", "the\tO\navalanche\tB-location\nsite\tI-location\n\t\nx\tO\n")

QUESTION = {"id": "1", "question": "What fell?", "answers": [{"text": "rain", "answer_start": 4}]}
IMPOSSIBLE = {"id": "2", "question": "Who?", "answers": [], "is_impossible": True}
for version, questions in {"1.1": [QUESTION], "2.0": [QUESTION | {"is_impossible": False}, IMPOSSIBLE]}.items():
    paragraphs = [{"context": "Ein rain in Spain.", "qas": questions}]
    seed("squad", version, json.dumps({"version": version, "data": [{"title": "t", "paragraphs": paragraphs}]}))

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = SPECIAL + ["a", "b", "##a", "##b", "ab", "##ab", ",", "\u00e9"]
ADDED = [{"id": i, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True} for i, token in enumerate(SPECIAL)]
WORDPIECE = {
    "version": "1.0", "truncation": None, "padding": None, "added_tokens": ADDED,
    "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
    "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": {piece: i for i, piece in enumerate(PIECES)}},
}
CONFIG = json.dumps({"do_lower_case": True, "model_max_length": 512, "tokenizer_class": "BertTokenizer"})
seed("wordpiece", "json", json.dumps(WORDPIECE), "", CONFIG, "Abba, [MASK] \u00c9 ba\u0301b")
seed("wordpiece", "vocab", "", "\n".join(PIECES) + "\n", CONFIG, "ab [SEP]ba")

BYTES = ["a", "b", "\u0120", "ab", "\u0120ab", "<|endoftext|>"]
VOCAB = {piece: i for i, piece in enumerate(BYTES)}
BPE = {
    "version": "1.0", "truncation": None, "padding": None, "added_tokens": [ADDED[0] | {"id": 5, "content": "<|endoftext|>"}], "normalizer": None,
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
    "post_processor": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True},
    "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
    "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False,
              "vocab": VOCAB, "merges": [["a", "b"], ["\u0120", "ab"]]},
}
CONFIG = json.dumps({"eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>", "add_prefix_space": False})
seed("byte_bpe", "json", json.dumps(BPE), "", "", CONFIG, "ab abba<|endoftext|> a")
seed("byte_bpe", "files", "", json.dumps(VOCAB), "#version: 0.2\na b\n\u0120 ab\n", CONFIG, "ab ab")


def field(number, wire_type, payload):
    return bytes([number << 3 | wire_type]) + payload


def message(number, payload):
    return field(number, 2, bytes([len(payload) & 127 | 128, len(payload) >> 7]) + payload)


def piece(text, score, kind):
    return message(1, message(1, text.encode()) + field(2, 5, struct.pack("<f", score)) + field(3, 0, bytes([kind])))


PARTS = piece("<unk>", 0, 2) + piece("<s>", 0, 3) + piece("</s>", 0, 3) + piece("\u2581A", -1, 1) + piece("a", -2, 1) + piece("\u2581", -3, 1)
TRAINER = message(2, field(3, 0, b"\1"))
seed("sentencepiece", "unigram", PARTS + TRAINER + message(3, message(1, b"identity")))
seed("sentencepiece", "bpe", PARTS + message(2, field(3, 0, b"\2")) + message(3, message(1, b"nmt_nfkc") + field(3, 0, b"\1")))
TRIE = struct.pack("<I", 1024) + struct.pack("<256I", *[0] * 256) + b"x\0"
seed("sentencepiece", "normalizer", PARTS + TRAINER + message(3, message(2, TRIE)))
