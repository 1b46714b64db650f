"""Writes tests/fixtures/task_metrics.json: random and odd predictions, and what scikit-learn, scipy and seqeval say of them.

Answers to questions are scored by the rules of SQuAD's evaluation scripts, written down here anew.

Usage: python scripts/make_task_metric_fixtures.py     (needs numpy, scipy, scikit-learn, seqeval)
"""

import json
import random
import re
import string
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import scipy.stats
import sklearn.metrics
from seqeval.metrics import accuracy_score as tag_accuracy
from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support as entity_scores
from seqeval.scheme import BILOU, IOB2, IOBES

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "tests" / "fixtures" / "task_metrics.json"
AVERAGES = ("macro", "micro", "weighted")


def plain(values):
    """NaN as null, numpy's numbers as Python's."""
    return [None if np.isnan(value) else float(value) for value in values]


# Classes

CLASSES = {  # name -> (gold, predicted)
    "all right": ([0, 1, 2, 1], [0, 1, 2, 1]),
    "all wrong": ([0, 1, 1, 0], [1, 0, 0, 1]),
    "one example, right": ([3], [3]),
    "one example, wrong": ([3], [4]),
    "one class, all right": ([1, 1, 1], [1, 1, 1]),
    "one class predicted": ([0, 1, 0, 1, 1], [1, 1, 1, 1, 1]),
    "one gold class": ([1, 1, 1, 1], [0, 1, 1, 0]),
    "a class never predicted": ([0, 1, 2, 0, 1, 2], [0, 1, 1, 0, 1, 0]),
    "a class that gold lacks": ([0, 1, 0, 1], [0, 2, 0, 2]),
    "classes far apart": ([-7, 1000000, -7, 0], [-7, -7, 0, 1000000]),
}


def class_cases():
    generator = np.random.default_rng(1)
    cases = dict(CLASSES)
    for count, classes in [(5, 2), (40, 2), (200, 2), (30, 3), (200, 3), (60, 7), (150, 20), (12, 12)]:
        weights = generator.dirichlet(np.ones(classes))
        gold = generator.choice(classes, count, p=weights)
        predicted = np.where(generator.random(count) < 0.6, gold, generator.choice(classes, count))
        cases[f"{count} of {classes} classes"] = (gold.tolist(), predicted.tolist())
    for name, (gold, predicted) in cases.items():
        labels = sorted(set(gold) | set(predicted))
        figures = lambda average: sklearn.metrics.precision_recall_fscore_support(gold, predicted, average=average)
        yield {
            "name": name, "gold": gold, "predicted": predicted,
            "accuracy": float(sklearn.metrics.accuracy_score(gold, predicted)),
            "matthews": float(sklearn.metrics.matthews_corrcoef(gold, predicted)),
            "classes": [[label, *map(float, row[:3]), int(row[3])] for label, row in zip(labels, zip(*figures(None)))],
            **{average: plain(figures(average)[:3]) for average in AVERAGES},
        }


# Numbers

NUMBERS = {  # name -> (x, y)
    "two pairs": ([1.0, 2.0], [3.0, 1.0]),
    "constant x": ([2.5, 2.5, 2.5], [1.0, 2.0, 3.0]),
    "constant y": ([1.0, 2.0, 3.0], [0.1, 0.1, 0.1]),
    "both constant": ([1.0, 1.0], [1.0, 1.0]),
    "equal": ([1.0, 2.0, 4.0, 8.0], [1.0, 2.0, 4.0, 8.0]),
    "opposite": ([1.0, 2.0, 4.0, 8.0], [-1.0, -2.0, -4.0, -8.0]),
    "ties": ([1.0, 2.0, 2.0, 3.0, 3.0, 3.0], [2.0, 2.0, 1.0, 5.0, 1.0, 2.0]),
    "zeros of both signs": ([0.0, -0.0, 1.0, -1.0], [1.0, 2.0, 3.0, 4.0]),
    "uncorrelated": ([1.0, 2.0, 3.0, 4.0], [1.0, -1.0, -1.0, 1.0]),
    "tiny": ([1e-200, 2e-200, 5e-200, 3e-200], [1e-190, 1e-190, 2e-190, 5e-190]),
    "squares below the smallest double": ([1e-170, 2e-170, 5e-170, 3e-170], [4.0, 1.0, 2.0, 5.0]),
}
HUGE = {"huge": ([1e200, -2e200, 5e200, 3e200], [1e290, 1e290, 2e290, 5e290])}  # their squared error is infinite


def number_cases():
    generator = np.random.default_rng(2)
    cases = NUMBERS | HUGE
    for count, step in [(3, 0), (10, 0), (100, 0), (100, 0.5), (60, 1), (200, 0.2)]:
        x = generator.normal(2.5, 1.5, count)
        y = 0.7 * x + generator.normal(0, 1, count)
        if step:
            x, y = np.round(x / step) * step, np.round(y / step) * step
        cases[f"{count} at steps of {step}"] = (x.tolist(), y.tolist())
    x = 1e6 + generator.normal(0, 1, 50)
    cases["far from zero"] = (x.tolist(), (x + generator.normal(0, 1, 50)).tolist())
    for name, (x, y) in cases.items():
        pearson, spearman = scipy.stats.pearsonr(x, y).statistic, scipy.stats.spearmanr(x, y).statistic
        squared = [None] if name in HUGE else plain([sklearn.metrics.mean_squared_error(x, y)])
        yield {"name": name, "x": x, "y": y, "pearson": plain([pearson])[0], "spearman": plain([spearman])[0], "squared_error": squared[0]}


# Tags

TAGS = {  # name -> what random sequences are made of
    "IOB": "O O B-per I-per B-place I-place",
    "many I": "O I-per I-place B-per I-org",
    "IOBES": "O B-x I-x E-x S-x B-y I-y E-y S-y",
    "letters alone": "O B I E S B-x I-x",
    "hyphens inside": "O B-creative-work I-creative-work I-work B-work",
    "several at once": "O B-a I-a B-a,B-b I-a,I-b",
    "no prefix": "O per place B-per OTHER Bark",
    "parts of speech": "N V O NOUN VERB .",
    "other letters": "O U-x L-x X-x . .-x B-x I-x O-x",
    "not ASCII": "O B-öl I-öl éöl B-山 I-山 山",
}


def well_formed(generator, length):
    tags = []
    while len(tags) < length:
        if generator.random() < 0.5:
            tags.append("O")
        else:
            kind = generator.choice(["person", "place", "group"])
            tags += [f"B-{kind}"] + [f"I-{kind}"] * generator.randrange(3)
    return tags[:length]


def noisy(generator, tags, share, choices):
    return [generator.choice(choices) if generator.random() < share else tag for tag in tags]


def tag_cases():
    generator = random.Random(3)
    cases = {"nothing predicted": ([["B-x", "O", "I-y"]], [["O", "O", "O"]]), "nothing there": ([["O", "O"]], [["B-x", "I-x"]]),
             "one of another type": ([["B-x", "I-x", "O", "B-y"]], [["B-x", "I-x", "O", "B-z"]]),
             "open at the end of sentences": ([["B-x"], ["I-x"], ["I-x"]], [["B-x"], ["B-x"], ["I-x"]])}
    for name, tags in TAGS.items():
        choices = tags.split()
        gold = [generator.choices(choices, k=generator.randrange(1, 9)) for _ in range(40)]
        cases[name] = (gold, [noisy(generator, sentence, 0.25, choices) for sentence in gold])
    gold = [well_formed(generator, generator.randrange(1, 25)) for _ in range(60)]
    choices = ["O", "B-person", "I-person", "I-place", "B-group"]
    cases["well formed"] = (gold, [noisy(generator, sentence, 0.15, choices) for sentence in gold])
    for name, (gold, predicted) in cases.items():
        types = sorted({kind for kind in entity_types(gold) | entity_types(predicted)})
        figures = lambda average: entity_scores(gold, predicted, average=average)
        by_type = list(zip(*figures(None)))
        assert len(types) == len(by_type)
        yield {
            "name": name, "gold": [" ".join(tags) for tags in gold], "predicted": [" ".join(tags) for tags in predicted],
            "accuracy": float(tag_accuracy(gold, predicted)),
            "types": [[kind, *map(float, row[:3]), int(row[3])] for kind, row in zip(types, by_type)],
            **{average: plain(figures(average)[:3]) for average in AVERAGES},
        }


def entity_types(sentences):
    from seqeval.metrics.sequence_labeling import get_entities
    return {kind for kind, _, _ in get_entities(sentences)}


# Well-formed tags of every scheme, in seqeval's strict mode; IOB1 and IO in its default mode

def as_iob1(tags):
    """B only where an entity follows another of its type."""
    return [f"I{tag[1:]}" if tag[0] == "B" and (before == "O" or before[1:] != tag[1:]) else tag for before, tag in zip(["O", *tags], tags)]


SCHEMES = {  # name -> (seqeval's scheme, tags of an entity of so many words)
    "IOB2": (IOB2, lambda kind, length: [f"B-{kind}"] + [f"I-{kind}"] * (length - 1)),
    "IOBES": (IOBES, lambda kind, length: [f"S-{kind}"] if length == 1 else [f"B-{kind}"] + [f"I-{kind}"] * (length - 2) + [f"E-{kind}"]),
    "BILOU": (BILOU, lambda kind, length: [f"U-{kind}"] if length == 1 else [f"B-{kind}"] + [f"I-{kind}"] * (length - 2) + [f"L-{kind}"]),
    "IOB1": (None, lambda kind, length: [f"B-{kind}"] + [f"I-{kind}"] * (length - 1)),
    "IO": (None, lambda kind, length: [f"I-{kind}"] * length),
}


def scheme_sentence(generator, tags_of_entity):
    """Entities, often side by side, and of one type."""
    tags = []
    for _ in range(generator.randrange(1, 7)):
        kind, length = generator.choice(["per", "per", "place"]), generator.randrange(1, 4)
        tags += [["O"] * length, tags_of_entity(kind, length), tags_of_entity(kind, length)][generator.randrange(3)]
    return tags


def predicted_sentence(generator, gold, tags_of_entity):
    """As long, half of the time another, and as well formed: no cut stands inside an entity."""
    while generator.random() < 0.5:
        other = scheme_sentence(generator, tags_of_entity)
        if len(other) <= len(gold):
            return other + ["O"] * (len(gold) - len(other))
    return gold


def scheme_cases():
    generator = random.Random(7)
    for name, (scheme, tags_of_entity) in SCHEMES.items():
        gold = [scheme_sentence(generator, tags_of_entity) for _ in range(60)]
        predicted = [predicted_sentence(generator, sentence, tags_of_entity) for sentence in gold]
        if name == "IOB1":
            gold, predicted = [as_iob1(tags) for tags in gold], [as_iob1(tags) for tags in predicted]
        mode = {"mode": "strict", "scheme": scheme} if scheme else {}
        figures = lambda average: [score(gold, predicted, average=average, **mode) for score in (precision_score, recall_score, f1_score)]
        yield {"name": name, "gold": [" ".join(tags) for tags in gold], "predicted": [" ".join(tags) for tags in predicted],
               **{average: plain(figures(average)) for average in ("macro", "micro")}}


# Answers

def words_of(answer):
    """What is compared: lower case, no ASCII punctuation, no articles."""
    bare = "".join(c for c in answer.lower() if c not in string.punctuation)
    return re.sub(r"\b(?:the|an|a)\b", " ", bare).split()


def overlap(gold, predicted):
    common = sum(min(count, Counter(predicted)[word]) for word, count in Counter(gold).items())
    if common == 0:
        return 0.0
    precision, recall = common / len(predicted), common / len(gold)
    return 2 * precision * recall / (precision + recall)


def score_1(gold, prediction):
    """Version 1.1; None without gold answers, which it does not know."""
    if not gold:
        return None
    said = words_of(prediction)
    return [max(float(words_of(answer) == said) for answer in gold), max(overlap(words_of(answer), said) for answer in gold)]


def score_2(gold, prediction):
    """Version 2.0: nothing against nothing is right, gold answers that normalise to nothing do not count."""
    said = words_of(prediction)
    kept = [words_of(answer) for answer in gold if words_of(answer)] or [[]]
    f1 = [float(answer == said) if not answer or not said else overlap(answer, said) for answer in kept]
    return [max(float(answer == said) for answer in kept), max(f1)]


ANSWERS = [  # (gold answers, prediction)
    (["Denver Broncos"], "The Denver Broncos!"), (["Denver Broncos"], "Broncos"), (["Denver Broncos"], "Carolina Panthers"),
    (["gold", "gold anniversary", "50th anniversary"], "the golden anniversary"), (["a"], "the"), (["the"], ""), (["A"], "a"), (["The The"], "the"),
    (["an apple a day"], "apple day"), (["U.S.A."], "usa"), (["don't"], "dont"), (["state-of-the-art"], "state of the art"),
    (["the-art"], "theart"), (["theatre"], "the atre"), (["a–b"], "b"), (["–a–"], "––"), (["«the»"], "« »"), (["l'a"], "la"), (["_a_"], "a"), (["a_b"], "ab"),
    (["1,000"], "1000"), (["$5.00"], "500"), (["to be or not to be"], "be be be"), (["be"], "to be or not to be"), (["x y z"], "z y x"),
    (["ÉCOLE"], "école"), (["STRASSE"], "straße"), (["İstanbul"], "i̇stanbul"), (["ΟΔΟΣ"], "οδος"), (["the\u00a0king"], "king"), (["a\u3000b"], "b"),
    (["a\u0301"], "\u0301"), (["naïve a\u0300 la carte"], "naïve la carte"), (["a中"], "中"), (["中 a"], "中"), (["①a"], "①"), (["anß"], "ß"), (["“the king”"], "the king"),
    (["x\ty\nz"], "x y z"), (["!!!"], "???"), (["!!!", "yes"], ""), (["!!!", "yes"], "yes"), (["yes", "yes yes"], "yes yes"),
    ([], ""), ([], "the"), ([], "something"), ([], "?!"), (["something"], ""), (["x"], "the a an"), (["\u2028a\u2029"], ""), (["a\x1cb"], "b"),
]


def answer_cases():
    generator = random.Random(4)
    cases = list(ANSWERS)
    vocabulary = "a an the The king of France, 1789. u.s. can't then the-end – “quoted” anna A. la".split()
    for _ in range(150):
        say = lambda most: " ".join(generator.choices(vocabulary, k=generator.randrange(most)))
        cases.append(([say(5) for _ in range(generator.randrange(4))], say(6)))
    return [{"gold": gold, "prediction": said, "words": " ".join(words_of(said)), "one": score_1(gold, said), "two": score_2(gold, said)} for gold, said in cases]


def totals(cases):
    """What the scripts print: version 1.1 over the questions with answers, version 2.0 over all and over either half."""
    mean = lambda scores: [100 * sum(exact for exact, _ in scores) / len(scores), 100 * sum(f1 for _, f1 in scores) / len(scores), len(scores)]
    return {
        "one": mean([case["one"] for case in cases if case["gold"]]), "two": mean([case["two"] for case in cases]),
        "has_answer": mean([case["two"] for case in cases if case["gold"]]), "no_answer": mean([case["two"] for case in cases if not case["gold"]]),
    }


def word_characters():
    """64-bit FNV-1a of one byte a code point: is it \\w?"""
    word, value = re.compile(r"\w"), 0xCBF29CE484222325
    for code in range(0x110000):
        if not 0xD800 <= code <= 0xDFFF:
            value = (value ^ bool(word.match(chr(code)))) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def main():
    warnings.simplefilter("ignore")  # of undefined figures: they are what is asked for
    answers = answer_cases()
    fixture = {"classes": list(class_cases()), "numbers": list(number_cases()), "tags": list(tag_cases()),
               "schemes": list(scheme_cases()),
               "answers": answers, "answer_totals": totals(answers), "word_characters": word_characters()}
    lines = []
    for key, value in fixture.items():
        if isinstance(value, list):
            rows = ",\n".join("    " + json.dumps(row, ensure_ascii=True) for row in value)
            lines.append(f'  "{key}": [\n{rows}\n  ]')
        else:
            lines.append(f'  "{key}": {json.dumps(value)}')
    OUTPUT.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="ascii")


if __name__ == "__main__":
    main()
