"""What heads do, counted over many texts from the numbers of `attend attention --json`: tables of Markdown.

    attention_heads.py neighbours ATTEND MODEL TEXT [--count N]
    attention_heads.py induction ATTEND MODEL [--lengths 8,12,20] [--seeds N]
    attention_heads.py copying ATTEND MODEL EPISODES [--count N]
    attention_heads.py alignment ATTEND MODEL SOURCE TARGET TRAIN_SOURCE TRAIN_TARGET [--count N]
    attention_heads.py write-repeats [--texts N]
    attention_heads.py self-test

`neighbours`: a token's weight on the token before it, on itself, on the token after it, and beside them what attention that is
spread evenly gives; special tokens are left out. `induction`: random letters, all different, stand twice one behind the other; the
weight that a letter of the second half gives to the letter after its earlier self (Olsson et al. 2022), and the place beside the
earlier self where a head gains most. `copying`: the same in lines `input -> output` whose output repeats the input. Beside both
stands a control, the same places of texts that repeat nothing, for a head may look there by the place alone. `write-repeats` writes
texts to train a GPT on that learns to repeat. `alignment`: how often the source word that a word of the translation looks at most is
its partner. Partners are those that two lexical models agree on (IBM's model 1, Brown et al. 1993, learnt from the training pairs in
both directions); they know nothing of places. Beside it stands the word at the same place of the sentence.
"""
import argparse
import collections
import json
import pathlib
import random
import re
import statistics
import string
import subprocess
import sys

ROUNDS = 5        # of expectation and maximisation
LEAST = 1e-4      # lexical probabilities below it are forgotten
AFTER = range(-3, 5)  # how far after a letter's earlier self a head may look
PROMPTS = 100     # texts to be repeated
WORD = re.compile(r"\w+|[^\w\s]")


def look(attend, model, text, *more):
    """What `attend attention --json` gives."""
    command = [attend, "attention", "--model", model, "--text", text, "--json", "--threads", "1", "-q", *more]
    done = subprocess.run(list(map(str, command)), text=True, capture_output=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def spread(values):
    return f"{statistics.mean(values):.3f} ± {statistics.stdev(values) if len(values) > 1 else 0:.3f}"


def table(heading, rows):
    print(f"| {' | '.join(heading)} |\n| {' | '.join(['---'] * len(heading))} |")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |")
    print(flush=True)


def lines_of(path, count=None):
    lines = pathlib.Path(path).read_text(encoding="utf-8").removesuffix("\n").split("\n")
    return lines[:count] if count else lines


def texts_of(path):
    """The documents of a GPT's file, the lines of another."""
    documents = pathlib.Path(path).read_text(encoding="utf-8").split("<|endoftext|>\n")
    return [document.strip("\n") for document in documents] if len(documents) > 1 else lines_of(path)


# Weights between places of one text.

def mean_weight(weights, pairs):
    """The mean of a head's weights [query][key] over pairs of places."""
    return statistics.mean(weights[query][key] or 0 for query, key in pairs)


def even_weight(causal, length, pairs):
    """The same of attention that is spread evenly over what a query may see."""
    return statistics.mean(1 / (query + 1 if causal else length) for query, _ in pairs)


def heads_of(part):
    return [(layer, head) for layer in range(part["layers"]) for head in range(part["heads"])]


def neighbours_of(view):
    """{(layer, head) or 'even': {name: mean weight}} of one text."""
    part, text = view["parts"][0], view["texts"][view["parts"][0]["queries"]]
    places = [place for place in range(len(text["tokens"])) if place not in set(text["special"])]
    between = [(query, key) for query in places for key in (query - 1,) if key in places]
    pairs = {"previous": between, "itself": [(place, place) for place in places], "next": [(key, query) for query, key in between]}
    if part["causal"]:
        del pairs["next"]
    found = {(layer, head): {name: mean_weight(part["weights"][layer][head], each) for name, each in pairs.items()}
             for layer, head in heads_of(part)}
    found["even"] = {name: even_weight(part["causal"], len(text["tokens"]), each) for name, each in pairs.items()}
    return found


def repeated(length, after=1):
    """Places of text that stands twice: each of the second half, and the one so far after its earlier self."""
    return [(query, query - length + after) for query in range(length + max(0, -after), 2 * length)]


def copied(text):
    """The same in lines `input -> output`: letters of the output, and in the input the letter after each."""
    pairs, start = [], 0
    for line in text.split("\n"):
        given, arrow, answer = line.partition(" -> ")
        at = answer.find(given) if arrow else -1
        if at >= 0:
            first = start + len(given) + len(arrow) + at
            pairs += [(first + i, start + i + 1) for i in range(len(given) - 1)]
        start += len(line) + 1
    return pairs


def head_scores(view, pairs):
    part = view["parts"][0]
    scores = {(layer, head): mean_weight(part["weights"][layer][head], pairs) for layer, head in heads_of(part)}
    scores["even"] = even_weight(part["causal"], len(view["texts"]["source"]["tokens"]), pairs)
    return scores


def name_of(head):
    return "spread evenly" if head == "even" else f"{head[0]}, {head[1]}"


def neighbours(arguments):
    texts = [text for text in texts_of(arguments.text) if len(text) > 5][:arguments.count]
    found = [neighbours_of(look(arguments.attend, arguments.model, text, "--max-new-tokens", 0)) for text in texts]
    names = list(found[0]["even"])
    print(f"{arguments.model}: {len(found)} texts of {arguments.text}; the mean and, between texts, the standard deviation\n")
    rows = [[name_of(head), *(spread([scores[head][name] for scores in found]) for name in names)] for head in found[0]]
    table(["layer, head", *names], rows)


def letters(generator, count):
    return "".join(generator.sample(string.ascii_lowercase, count))


def other_inputs(episode, generator):
    """The same lines, with inputs that their outputs do not repeat."""
    return re.sub(r"^[a-z]+(?= -> )", lambda match: letters(generator, len(match[0])), episode, flags=re.MULTILINE)


def view_of_letters(arguments, text):
    view = look(arguments.attend, arguments.model, text, "--max-new-tokens", 0)
    tokens = view["texts"]["source"]["tokens"]
    if len(tokens) != len(text):
        sys.exit(f"{arguments.model}: {len(text)} characters are {len(tokens)} tokens; expected as many (--tokenizer-model char)")
    return view


def repeats_rightly(arguments, length):
    """Of texts of random letters, how many the model repeats to the end after the first four of the second time."""
    texts = [letters(random.Random(f"{seed} {length}"), length) for seed in range(1, PROMPTS + 1)]
    prompts = "".join(json.dumps({"prompt": once + once[:4]}) + "\n" for once in texts)
    command = [arguments.attend, "generate", "--model", arguments.model, "--json-input", "--json", "--temperature", "0", "--max-new-tokens",
               str(length - 4), "--threads", "1", "-q"]
    answers = subprocess.run(command, input=prompts, text=True, capture_output=True, check=True).stdout.splitlines()
    return sum(json.loads(answer)["text"] == once[4:] for answer, once in zip(answers, texts, strict=True))


def induction(arguments):
    print(f"{arguments.model}: {arguments.seeds} random texts a length; control: the same places where nothing is repeated\n")
    for length in map(int, arguments.lengths.split(",")):
        found = {after: [] for after in AFTER}  # scores of repeated text, and of text that repeats nothing
        for seed in range(1, arguments.seeds + 1):
            generator = random.Random(f"{seed} {length}")
            once, other = letters(generator, length), letters(generator, length)
            views = [view_of_letters(arguments, once + again) for again in (once, other)]
            for after, scores in found.items():
                scores.append([head_scores(view, repeated(length, after)) for view in views])
        rows = []
        for head in found[1][0][0]:
            def both(after):
                return [[scores[side][head] for scores in found[after]] for side in (0, 1)]
            gains = {after: statistics.mean(both(after)[0]) - statistics.mean(both(after)[1]) for after in AFTER}
            most = max(gains, key=gains.get)
            rows.append([name_of(head), *map(spread, both(1)), *([f"{most:+}", *map(spread, both(most))] if head != "even" else [""] * 3)])
        right = repeats_rightly(arguments, length)
        print(f"{length} letters: after four letters of the second time the model writes the others rightly in {right} of {PROMPTS} texts\n")
        heading = f"{length} letters, twice: the letter after the earlier self"
        table(["layer, head", heading, "control", "most gained at", "weight there", "control"], rows)


def copying(arguments):
    episodes = [episode for episode in texts_of(arguments.episodes) if copied(episode)][:arguments.count]
    found, controls = [], []
    for place, episode in enumerate(episodes):
        texts = [episode, other_inputs(episode, random.Random(place))]
        for scores, text in zip((found, controls), texts):
            scores.append(head_scores(view_of_letters(arguments, text), copied(episode)))
    print(f"{arguments.model}: {len(found)} episodes of {arguments.episodes} whose outputs repeat their inputs\n")
    rows = [[name_of(head), spread([scores[head] for scores in found]), spread([scores[head] for scores in controls])] for head in found[0]]
    table(["layer, head", "the letter after the copied one", "control"], rows)


def write_repeats(arguments):
    """Texts that only a head of induction can foretell: random letters, twice, of lengths that differ."""
    generator = random.Random(arguments.seed)
    for _ in range(arguments.texts):
        once = "".join(generator.choice(string.ascii_lowercase) for _ in range(generator.randint(4, 20)))
        print(f"{once}{once}\n<|endoftext|>")


# Words of two texts.

def words_of(line):
    return WORD.findall(line.lower())


def words_of_pieces(pieces):
    """The words of SentencePiece's pieces, and the word that each piece begins in; None for a piece without one."""
    text, starts = "", []
    for piece in pieces:
        shown = piece.replace("▁", " ")
        starts.append(len(text) + len(shown) - len(shown.lstrip()))
        text += shown
    spans = [match.span() for match in WORD.finditer(text)]
    owners = [next((place for place, (begin, end) in enumerate(spans) if begin <= start < end), None) for start in starts]
    blank = [not piece.replace("▁", " ").strip() for piece in pieces]
    return [text[begin:end].lower() for begin, end in spans], [None if empty else owner for owner, empty in zip(owners, blank)]


def lexicon(pairs):
    """IBM's model 1: {source word: {target word: probability}} of (source words, target words); None stands for no source word."""
    chances = None
    for _ in range(ROUNDS):
        counts = collections.defaultdict(lambda: collections.defaultdict(float))
        for source, target in pairs:
            source = [None, *source]
            for word in target:
                shares = [1.0 if chances is None else chances[other].get(word, 0.0) for other in source]
                total = sum(shares)
                if total > 0:
                    for other, share in zip(source, shares):
                        if share > 0:
                            counts[other][word] += share / total
        chances = {}
        for other, row in counts.items():
            total = sum(row.values())
            chances[other] = {word: count / total for word, count in row.items() if count > LEAST * total}
    return chances


def likeliest(chances, word, others):
    """The only place of `others` that explains `word` best; None where nothing does, or no word at all does it better."""
    scores = [chances.get(other, {}).get(word, 0.0) for other in others]
    best = max(scores, default=0.0)
    if best <= chances.get(None, {}).get(word, 0.0) or scores.count(best) != 1:
        return None
    return scores.index(best)


def partners(source, target, forward, backward):
    """{place of a target word: place of its source word}, where both directions agree."""
    found = {}
    for place, word in enumerate(target):
        other = likeliest(forward, word, source)
        if other is not None and likeliest(backward, source[other], target) == place:
            found[place] = other
    return found


def most_looked_at(rows, owners, num_words):
    """The source word with the most weight in the sum of `rows`; None where a special token has more."""
    sums, apart = [0.0] * num_words, 0.0
    for row in rows:
        for weight, owner in zip(row, owners):
            if owner is None:
                apart += weight or 0
            else:
                sums[owner] += weight or 0
    best = max(range(num_words), key=sums.__getitem__)
    return None if apart > sums[best] else best


def same_place(place, length, other_length):
    return min(other_length - 1, int((place + 0.5) * other_length / length))


class Aligned:
    """Counts over sentences: of each way to choose a source word, how often it is the partner, and how often it is no word."""

    def __init__(self):
        self.right, self.apart, self.words, self.all_words, self.sentences = collections.Counter(), collections.Counter(), 0, 0, 0

    def add(self, view, forward, backward):
        cross = next(part for part in view["parts"] if part["name"] == "cross")
        texts = view["texts"]
        source, source_owners = words_of_pieces(texts[cross["keys"]]["tokens"][:-1])
        target, target_owners = words_of_pieces(texts[cross["queries"]]["tokens"][:-1])
        known = partners(source, target, forward, backward)
        self.sentences += 1
        self.all_words += len(target)
        self.words += len(known)
        pieces = {place: [piece for piece, owner in enumerate(target_owners) if owner == place] for place in known}
        ways = {(layer, head): [cross["weights"][layer][head]] for layer, head in heads_of(cross)}
        if cross["heads"] > 1:
            ways.update({(layer, "mean of heads"): cross["weights"][layer] for layer in range(cross["layers"])})
        for place, partner in known.items():
            self.right["same place"] += same_place(place, len(target), len(source)) == partner
            self.right["any word"] += 1 / len(source)
            for way, maps in ways.items():
                for name, later in (("written", 0), ("read", 1)):  # a word is read in the row after the one that writes it
                    rows = [weights[piece + later] for weights in maps for piece in pieces[place]]
                    best = most_looked_at(rows, [*source_owners, None], len(source))
                    self.right[way, name] += best == partner
                    self.apart[way, name] += best is None
        return self

    def rows(self):
        ways = dict.fromkeys(way for way, _ in (key for key in self.right if isinstance(key[0], tuple)))
        percent = lambda count: f"{100 * count / self.words:.1f} %"
        for way in ways:
            counts = [self.right[way, "written"], self.right[way, "read"], self.apart[way, "written"]]
            yield [f"{way[0]}, {way[1]}", *map(percent, counts)]
        yield ["the word at the same place", percent(self.right["same place"]), "", ""]
        yield ["any word", percent(self.right["any word"]), "", ""]


def alignment(arguments):
    training = [[words_of(line) for line in lines_of(path)] for path in (arguments.train_source, arguments.train_target)]
    pairs = list(zip(*training, strict=True))
    forward = lexicon(pairs)
    backward = lexicon([(target, source) for source, target in pairs])
    aligned = Aligned()
    for source, target in zip(lines_of(arguments.source, arguments.count), lines_of(arguments.target, arguments.count), strict=True):
        aligned.add(look(arguments.attend, arguments.model, source, "--target", target), forward, backward)
    print(f"{arguments.model}: {aligned.sentences} pairs of {arguments.source}; partners are known of {aligned.words} of the "
          f"{aligned.all_words} words of the target\n")
    table(["layer, head", "while the word is written", "while it is read", "looks at no word while it is written"], aligned.rows())


def self_test():
    """On numbers made by hand."""
    previous = [[1.0, None, None, None], [0.75, 0.25, None, None], [0.0, 1.0, 0.0, None], [0.0, 0.25, 0.5, 0.25]]
    view = {"texts": {"source": {"tokens": list("abab"), "special": []}},
            "parts": [{"name": "decoder", "queries": "source", "keys": "source", "layers": 1, "heads": 1, "causal": True,
                       "weights": [[previous]]}]}
    scores = neighbours_of(view)
    assert scores[0, 0] == {"previous": 0.75, "itself": 0.375}, scores
    assert abs(scores["even"]["previous"] - (1 / 2 + 1 / 3 + 1 / 4) / 3) < 1e-12, scores
    assert repeated(2) == [(2, 1), (3, 2)] and repeated(2, -1) == [(3, 0)]
    scores = head_scores(view, repeated(2))
    assert scores == {(0, 0): 0.75, "even": (1 / 3 + 1 / 4) / 2}, scores
    text = "ab -> xab\ncd -> ec\ncd -> cd"
    assert [(text[query], text[key]) for query, key in copied(text)] == [("a", "b"), ("c", "d")], copied(text)
    assert copied(text)[0] == (7, 1), copied(text)

    assert re.fullmatch(r"[a-z]{2} -> xab\n[a-z]{2} -> ec\n[a-z]{2} -> cd", other_inputs(text, random.Random(1)))

    special = {"texts": {"source": {"tokens": ["[CLS]", "a", "b", "[SEP]"], "special": [0, 3]}},
               "parts": [{"name": "encoder", "queries": "source", "keys": "source", "layers": 1, "heads": 1, "causal": False,
                          "weights": [[[[0.25] * 4, [0.5, 0.25, 0.125, 0.125], [0, 0.5, 0.25, 0.25], [1, 0, 0, 0]]]]}]}
    assert neighbours_of(special) == {(0, 0): {"previous": 0.5, "itself": 0.25, "next": 0.125},
                                      "even": {"previous": 0.25, "itself": 0.25, "next": 0.25}}

    assert words_of_pieces(["▁M", "y", "▁boy", ".", "▁", "Ja"]) == (["my", "boy", ".", "ja"], [0, 0, 1, 2, None, 3])
    pairs = [("the cat".split(), "die katze".split()), ("the dog".split(), "der hund".split()), ("a cat".split(), "eine katze".split()),
             ("a dog".split(), "ein hund".split()), ("the cat sleeps".split(), "die katze schläft".split())]
    forward, backward = lexicon(pairs), lexicon([(target, source) for source, target in pairs])
    assert partners("a cat sleeps".split(), "schläft eine katze".split(), forward, backward) == {0: 2, 1: 0, 2: 1}
    assert partners("cat cat".split(), ["katze"], forward, backward) == {}  # which of the two is not known
    assert [same_place(place, 4, 2) for place in range(4)] == [0, 0, 1, 1]
    assert most_looked_at([[0.3, 0.3, 0.4]], [0, 0, 1], 2) == 0 and most_looked_at([[0.1, 0.9]], [0, None], 1) is None
    cross = {"texts": {"source": {"tokens": ["▁a", "▁cat", "</s>"]}, "target": {"tokens": ["▁ei", "ne", "▁katze", "</s>"]}},
             "parts": [{"name": "cross", "queries": "target", "keys": "source", "layers": 1, "heads": 1,
                        "weights": [[[[0.8, 0.1, 0.1], [0.4, 0.5, 0.1], [0.1, 0.1, 0.8], [0.2, 0.8, 0]]]]}]}
    aligned = Aligned().add(cross, forward, backward)
    assert aligned.words == 2 and aligned.all_words == 2 and aligned.right[(0, 0), "written"] == 1 and aligned.right[(0, 0), "read"] == 1
    assert aligned.apart[(0, 0), "written"] == 1 and aligned.right["same place"] == 2 and aligned.right["any word"] == 1
    print("the counts are right")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    paths = {"neighbours": ["text"], "induction": [], "copying": ["episodes"],
             "alignment": ["source", "target", "train_source", "train_target"], "write-repeats": None, "self-test": None}
    acts = {"neighbours": neighbours, "induction": induction, "copying": copying, "alignment": alignment, "write-repeats": write_repeats,
            "self-test": lambda _: self_test()}
    for name, files in paths.items():
        command = commands.add_parser(name)
        command.set_defaults(act=acts[name])
        for path in [] if files is None else ["attend", "model", *files]:
            command.add_argument(path)
        if files:
            command.add_argument("--count", type=int, default=100)
        if name == "induction":
            command.add_argument("--lengths", default="8,12,20")
            command.add_argument("--seeds", type=int, default=10)
        if name == "write-repeats":
            command.add_argument("--texts", type=int, default=60000)
            command.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.act(arguments)


if __name__ == "__main__":
    main()
