"""Writes tests/fixtures/metrics.json: sentences of ours and what sacreBLEU says of them.

Figures for real text are made too where ../shared/data/multi30k is there: only figures, no text, are kept.

Usage: .venv/bin/python scripts/make_metric_fixtures.py
"""

import itertools
import json
import logging
import platform
from pathlib import Path

import regex
import sacrebleu
from sacrebleu.metrics import BLEU, CHRF, TER

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "tests" / "fixtures" / "metrics.json"
MULTI30K = ROOT.parent / "shared" / "data" / "multi30k"
LINE_WIDTH = 4  # decimals in the lines that are compared verbatim
LINES_FOR = ("plain", "several references", "differing numbers of references")  # the figures alone are kept for the others

# name -> [(hypothesis, [reference, ...]), ...]
TEXTS = {
    "plain": [
        ("The cat sat quietly on the old mat.", ["The cat sat on the old mat."]),
        ("A man in a red shirt is riding a bicycle down the street.", ["A man in a red shirt rides his bicycle down a busy street."]),
        ("Two children play with a ball in the garden.", ["Two children are playing with a ball in the garden."]),
    ],
    "identical": [("Every word of this line is right, and so is its order.", ["Every word of this line is right, and so is its order."])],
    "no 4-gram": [("dogs the park in run big three", ["three big dogs run in the park"])],
    "no match": [("completely different", ["nothing shared here"])],
    "empty hypothesis": [("", ["A line that nobody translated."]), ("One that somebody did.", ["One that someone did."])],
    "empty reference": [("Words that should not be here.", [""]), ("One that somebody did.", ["One that someone did."])],
    "both empty": [("", [""])],
    "only white space": [(" \t\u00a0\u3000", ["\u2003 x"]), ("a\u2028b\u0085c\u001cd", ["a b c d"])],
    "one token": [("yes", ["yes"]), ("yes", ["no"]), ("Yes!", ["yes"])],
    "short lines": [("good dog", ["good dog"]), ("a b c", ["a b c d"]), ("a", ["a b"])],
    "several references": [
        ("The guests left early because of the rain.",
         ["The guests went home early because of the rain.", "Because it rained, the guests left early."]),
        ("the the the the", ["the cat is on the mat", "there is the cat on the mat the"]),
        ("a b c d e f", ["a b c d", "a b c d e f g h"]),
    ],
    "differing numbers of references": [
        ("She sells sea shells by the shore.", ["She sells sea shells on the shore."]),
        ("He bought a new boat.", ["He has bought a new boat.", "A new boat is what he bought.", ""]),
    ],
    "repeated words": [
        ("the the the the the the the", ["the cat is on the mat"]),
        ("ha ha ha ha", ["ha ha"]),
        ("no no no yes no no", ["no yes no no no no"]),
    ],
    "shifts": [
        ("yesterday in the city centre a big parade took place", ["a big parade took place in the city centre yesterday"]),
        ("b c d e f g h i j k l m a", ["a b c d e f g h i j k l m"]),
        ("to the market she went and home she came", ["she went to the market and she came home"]),
    ],
    "long shifts": [
        (" ".join(f"w{i}" for i in itertools.chain(range(60, 90), range(60))), [" ".join(f"w{i}" for i in range(90))]),
        (" ".join(f"w{i % 7}" for i in range(80)), [" ".join(f"w{(i * 3) % 7}" for i in range(70))]),
        (" ".join(f"w{i}" for i in range(100, 103)), [" ".join(f"w{i}" for i in range(160))]),
        (" ".join(f"w{i % 90}" for i in range(120)), ["w3 w80"]),
    ],
    "numbers and dashes": [
        ("It cost 1,000.50 dollars, 5-6 times more than in 1999-2000.", ["It cost $1,000.50, five-to-six times more than in 1999 - 2000."]),
        ("version 3.11.2 came out on 2023-02-08 .", ["Version 3.11.2 came out on 2023-02-08."]),
        ("well-known -- and -5 degrees, e.g. .5 or 5. or 7,", ["well known - and - 5 degrees e.g. 0.5 or 5, or 7"]),
    ],
    "punctuation": [
        ("\"Don't!\" she said... (twice) [see] {x} ~ ^ `y`; a@b.c & d/e\\f|g <h>",
         ["'Do not !' she said. (twice), [see] {x} ~ ^ `y`: a@b.c & d / e \\ f | g <h>"]),
        ("(hi) 's dog's 'tis ...,,,...", ["(hi ) 's dog 's ' tis ..., ,,..."]),
        ("+1 a+b=c 100% #tag * _under_ $5 £5 5€", ["+ 1 a + b = c 100 % # tag * _ under _ $ 5 £ 5 5 €"]),
    ],
    "entities": [
        ("&quot;Salt &amp; pepper&quot; &lt;b&gt; &amp;lt; &apos;x&apos;", ["\"Salt & pepper\" <b> &lt; 'x'"]),
        ("one <skipped> two<skipped>three", ["one two three <skipped>"]),
    ],
    "line breaks inside": [("one-\ntwo three\n-four\nfive", ["onetwo three four five"]), ("one two\tthree", ["one-\ntwo\nthree"])],
    "unicode punctuation": [
        ("« Où est-il ? » demanda-t-elle… – « Là-bas ! »", ["«Où est il?» demanda-t-elle ... — « Là-bas! »"]),
        ("„Er sagte: ‚Nein‘“, 12°C, §5, ½ l, 3²", ["“Er sagte: ‘Nein’”, 12 °C, § 5, ½ l, 3 ²"]),
        ("¿Qué? ¡Sí! 10.000,5 ١٢٣٬٤٥٦ ۔", ["¿ Qué ? ¡ Sí ! 10.000,5 ١٢٣ ٬ ٤٥٦ ۔"]),
        ("x ≤ y → z ∑ ± 5 ™ © 🙂👍🏽 a₂", ["x ≤ y→z ∑±5 ™© 🙂 👍🏽 a₂"]),
    ],
    "Chinese": [
        ("我今天去北京，明天回来。", ["我今天去了北京，明天就回来。"]),
        ("他在2020年买了3.5公斤iPhone（蓝色）。", ["他于2020年购买3.5公斤 iPhone (蓝色)。"]),
        ("𠀀𠮷野家 ㍿ ＡＢＣ １２３ ① ⺀⿰ → ∑", ["𠀀 吉野家 ㍿ ABC 123 ① ⺀⿰→∑"]),
    ],
    "Japanese": [
        ("猫がマットの上に座った。「はい」と言う・テスト", ["猫はマットの上に座っている。「はい」と言った・テスト！"]),
        ("カタカナ ひらがな ｶﾅ ㇰ 漢字", ["カタカナひらがな ｶﾅ ㇰ漢 字"]),
    ],
    "combining marks": [
        ("cafe\u0301 naïve e\u0301\u0327 क्षि กำ", ["café nai\u0308ve é\u0327 क्षि กำ"]),
        ("a\u200bb \u200dx \ufeffy z\u00ad", ["a b x y z"]),
    ],
    "case": [
        ("ÜBER STRASSE ΟΔΟΣ ΣΑΣ. ΑΣ' Σ İSTANBUL IĞDIR Ǆ ẞ", ["über straße οδος σας. ας' σ i\u0307stanbul iğdir ǆ ß"]),
        ("THE CAT Sat ON the Mat", ["the cat sat on the mat"]),
        ("ΑΣ\u00adΒ ΑΣ\u0301 Α\u2019Σ ᾼΣ", ["ας\u00adβ ας\u0301 α\u2019ς ᾳς"]),
    ],
}


def bleu_variants():
    for tokenize, lowercase in itertools.product(["13a", "intl", "zh", "char", "none"], [False, True]):
        yield {"tokenize": tokenize, "lowercase": lowercase}
    for smooth, value in [("none", None), ("floor", None), ("floor", 0.01), ("add-k", None), ("add-k", 0.5)]:
        yield {"smooth": smooth} if value is None else {"smooth": smooth, "smooth_value": value}
    for max_order in (1, 2, 6):
        yield {"max_order": max_order}
    for smooth in ("exp", "add-k", "floor", "none"):
        yield {"effective_order": True, "smooth": smooth}


def chrf_variants():
    yield {}
    yield {"word_order": 2}
    yield {"word_order": 1, "lowercase": True}
    yield {"char_order": 3, "beta": 1}
    yield {"char_order": 0, "word_order": 3}
    yield {"whitespace": True}
    yield {"eps_smoothing": True}
    yield {"eps_smoothing": True, "word_order": 2, "lowercase": True}
    yield {"beta": 3, "word_order": 2}


def ter_variants():
    names = ("normalized", "no_punct", "asian_support", "case_sensitive")
    for values in itertools.product([False, True], repeat=len(names)):
        yield {name: True for name, value in zip(names, values) if value}


VARIANTS = {"bleu": bleu_variants, "chrf": chrf_variants, "ter": ter_variants}


def make_metric(name, options):
    if name == "chrf":
        return CHRF(**options)
    if name == "ter":
        return TER(**options)
    sacrebleu_names = {"smooth": "smooth_method", "max_order": "max_ngram_order"}
    return BLEU(**{sacrebleu_names.get(key, key): value for key, value in options.items()})


def measured(name, options, segments):
    """The record of one score; `segments` are (hypothesis, references)."""
    metric = make_metric(name, options)
    num_references = max(len(references) for _, references in segments)
    streams = [[refs[i] if i < len(refs) else None for _, refs in segments] for i in range(num_references)]
    score = metric.corpus_score([hypothesis for hypothesis, _ in segments], streams)
    record = {"metric": name, "options": options, "score": score.score}
    record["line"] = score.format(width=LINE_WIDTH, signature=str(metric.get_signature()))
    if name == "bleu":
        record |= {"precisions": score.precisions, "bp": score.bp}
    if name == "ter":
        record |= {"edits": score.num_edits, "reference_length": score.ref_length}
    return record


def damaged(lines, index):
    """A bad translation of line `index`, made without chance; tests/metrics/multi30k_test.cpp makes the same."""
    if index % 50 == 7:
        return ""
    words = lines[index if index % 10 != 9 else (index + 1) % len(lines)].split()
    words = [word for j, word in enumerate(words) if (j + index) % 7 != 3]
    if index % 3 == 0:
        third = len(words) // 3
        words = words[third:] + words[:third]
    return " ".join(words)


REAL_TEXT_RUNS = [  # hypothesis, references, metric, options
    ("en", ["en"], "bleu", {}),
    ("en", ["en"], "bleu", {"lowercase": True, "tokenize": "intl"}),
    ("en", ["en"], "chrf", {}),
    ("en", ["en"], "chrf", {"word_order": 2}),
    ("en", ["en"], "ter", {}),
    ("en", ["en"], "ter", {"normalized": True, "no_punct": True}),
    ("de", ["de", "en"], "bleu", {}),
    ("de", ["de", "en"], "chrf", {"word_order": 2}),
    ("de", ["de", "en"], "ter", {"case_sensitive": True}),
    ("fr", ["fr"], "bleu", {"tokenize": "intl"}),
    ("fr", ["de"], "bleu", {"smooth": "floor"}),
    ("fr", ["fr"], "ter", {"normalized": True}),
]


def read_test_set(language):
    return (MULTI30K / f"test_2016_flickr.{language}").read_text(encoding="utf-8").split("\n")[:-1]


def real_text_scores():
    records = []
    text = {language: read_test_set(language) for language in ("en", "de", "fr")}
    for hypothesis, references, name, options in REAL_TEXT_RUNS:
        lines = text[hypothesis]
        segments = [(damaged(lines, i), [text[language][i] for language in references]) for i in range(len(lines))]
        records.append({"hypothesis": hypothesis, "references": references} | measured(name, options, segments))
    return records


def fnv1a(data):
    """64-bit FNV-1a: a fingerprint that C++ makes in three lines."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def code_point_fingerprints():
    """Of every code point's classes (a byte each) and lower case, alone and before a capital sigma."""
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]
    matches = [regex.compile(pattern).match for pattern in (r"\p{P}", r"\p{S}", r"\p{N}")]
    classes = bytes(sum(bool(match(c)) << bit for bit, match in enumerate(matches)) + (c.isspace() << 3) for c in characters)
    lowered = "".join(text.lower() for c in characters for text in (c, "A" + c + "\u03a3", "A\u03a3" + c))
    return {"classes": fnv1a(classes), "lower_case": fnv1a(lowered.encode())}


def main():
    logging.disable(logging.CRITICAL)
    scores, sentences = [], []
    for text, segments in TEXTS.items():
        for name, variants in VARIANTS.items():
            for options in variants():
                record = {"text": text} | measured(name, options, segments)
                scores.append(record if text in LINES_FOR else {key: value for key, value in record.items() if key != "line"})
            options = {"effective_order": True} if name == "bleu" else {}
            sentences.append({"text": text, "metric": name, "lines": [measured(name, options, [segment])["line"] for segment in segments]})
    rows = {
        "texts": [{"name": text, "segments": segments} for text, segments in TEXTS.items()],
        "scores": scores,
        "sentences": sentences,
        "multi30k": real_text_scores() if MULTI30K.is_dir() else json.loads(OUTPUT.read_text())["multi30k"],
    }
    versions = f"sacreBLEU {sacrebleu.__version__}, Python {platform.python_version()}, regex {regex.__version__}"
    made_by = f"scripts/make_metric_fixtures.py, {versions}"
    parts = [f'"made_by": {json.dumps(made_by)}', f'"code_points": {json.dumps(code_point_fingerprints())}']
    for name, records in rows.items():
        parts.append(f'"{name}": [\n' + ",\n".join(json.dumps(record, separators=(",", ":")) for record in records) + "\n]")
    OUTPUT.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="ascii")


if __name__ == "__main__":
    main()
