#!/usr/bin/env python3
"""What scripts/tour needs beside `attend`: pictures, and two folders whose weights are changed. Python's standard library is enough.

    scripts/tour_tools.py map JSON [--part NAME] [--layer N] [--head N]   a head of `attend attention --json` as text
    scripts/tour_tools.py weights JSON [--part NAME] [--layer N] [--head N]   the same in numbers
    scripts/tour_tools.py heads JSON [--part NAME]                        what each head does, as a table
    scripts/tour_tools.py log-probabilities < JSON                        `attend score --json --log-probabilities`, with two decimals
    scripts/tour_tools.py curve TABLE.tsv PICTURE.svg --x TEXT --y TEXT   a line a column; the first column is x
    scripts/tour_tools.py bars NAME=PERCENT...                            percents as text
    scripts/tour_tools.py turn TABLE.tsv                                  a table with rows as columns, without its last column
    scripts/tour_tools.py blocks FOLDER                                   a model's tensors, by block
    scripts/tour_tools.py by-hand FOLDER COPY                             docs/tour.md's three tokens as a BERT: Q, K, V of head 1
    scripts/tour_tools.py change FOLDER COPY TENSOR=NUMBER,...            a copy with another tensor; one number is for all of it
    scripts/tour_tools.py no-head FOLDER COPY --layer N --head N          a BERT that hears nothing of one head
    scripts/tour_tools.py --self-test                                     tries all of it on small inputs
"""
import argparse
import json
import pathlib
import re
import shutil
import struct
import sys
import tempfile

SHADES = [(0.7, "█"), (0.4, "▓"), (0.2, "▒"), (0.05, "░"), (0, " ")]
COLORS = ["#1b6ca8", "#c2571a", "#2e8b57", "#7a4fa3", "#555555"]
# docs/tour.md writes these out.
QUERIES = {"[CLS]": (1, 0), "dog": (0, 2), "[SEP]": (1, 1)}
KEYS = {"[CLS]": (1, 0), "dog": (0, 1), "[SEP]": (1, 1)}
VALUES = {"[CLS]": (10, 0), "dog": (0, 10), "[SEP]": (5, 5)}
# Mean 0 and variance 1, so that the norm of the embeddings leaves them as they are; each at right angles to the others.
EMBEDDINGS = {"[CLS]": (1, 1, -1, -1), "dog": (1, -1, 1, -1), "[SEP]": (1, -1, -1, 1)}


# ---- safetensors: the header's length, the header in JSON, the numbers ----

def read_safetensors(path):
    raw = path.read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + length])
    header.pop("__metadata__", None)
    return header, bytearray(raw), 8 + length


def copy_changed(folder, copy, changes):
    """Copies a model folder without its checkpoints. `changes` maps a tensor's name to its numbers, row by row, or to one for all."""
    if copy.exists():
        shutil.rmtree(copy)
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("checkpoints", "data"))
    header, raw, start = read_safetensors(copy / "model.safetensors")
    for name, numbers in changes.items():
        if name not in header:
            sys.exit(f"{folder}: no tensor {name}")
        first, end = header[name]["data_offsets"]
        size = (end - first) // 4
        if isinstance(numbers, (int, float)):
            numbers = [numbers] * size
        if header[name]["dtype"] != "F32" or len(numbers) != size:
            sys.exit(f"{folder}: {name} has {size} numbers of {header[name]['dtype']}; {len(numbers)} of F32 were to be written")
        raw[start + first:start + end] = struct.pack(f"<{size}f", *numbers)
    (copy / "model.safetensors").write_bytes(raw)


def change(folder, copy, settings):
    values = {name: [float(number) for number in numbers.split(",")] for name, numbers in (setting.split("=") for setting in settings)}
    copy_changed(folder, copy, {name: numbers if len(numbers) > 1 else numbers[0] for name, numbers in values.items()})


def without_head(folder, copy, layer, head):
    """The projection behind the heads gets zeros where it reads this one."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    width = config["hidden_size"] // config["num_attention_heads"]
    name = f"bert.encoder.layer.{layer - 1}.attention.output.dense.weight"
    header, raw, start = read_safetensors(folder / "model.safetensors")
    first, end = header[name]["data_offsets"]
    weight = list(struct.unpack(f"<{(end - first) // 4}f", raw[start + first:start + end]))
    for i in range(len(weight)):
        if i % config["hidden_size"] // width == head - 1:
            weight[i] = 0
    copy_changed(folder, copy, {name: weight})


def by_hand(folder, copy):
    """Sets a BERT of one layer, 4 wide, with 2 heads, so that head 1 has the queries, keys and values above."""
    tokens = (folder / "vocab.txt").read_text(encoding="utf-8").split()
    table = [number for token in tokens for number in EMBEDDINGS.get(token, (0, 0, 0, 0))]

    def projection(outputs):  # W with W x = output for each token; the second head's two rows are zero
        rows = [[sum(outputs[token][row] * x[column] for token, x in EMBEDDINGS.items()) / 4 for column in range(4)] for row in range(2)]
        return [*rows[0], *rows[1], *[0] * 8]

    attention = "bert.encoder.layer.0.attention.self."
    changes = {"bert.embeddings.word_embeddings.weight": table,
               "bert.embeddings.position_embeddings.weight": 0,
               "bert.embeddings.token_type_embeddings.weight": 0,
               "bert.embeddings.LayerNorm.weight": 1,
               "bert.embeddings.LayerNorm.bias": 0}
    for name, outputs in (("query", QUERIES), ("key", KEYS), ("value", VALUES)):
        changes[f"{attention}{name}.weight"] = projection(outputs)
        changes[f"{attention}{name}.bias"] = 0
    copy_changed(folder, copy, changes)


def blocks(folder):
    """The tensors outside of the blocks, and of the first layer of each kind, with the shapes of weight and bias."""
    header, _, _ = read_safetensors(folder / "model.safetensors")
    groups = {}
    for name, tensor in header.items():
        owner, _, last = name.rpartition(".")
        layered = re.search(r"(\w+)\.(?:layers?|h)\.(\d+)\.(.+)", owner)
        if layered and layered[2] != "0":
            continue
        block = f"{layered[1]}, layer 1" if layered else "outside of the layers"
        groups.setdefault(block, {}).setdefault(layered[3] if layered else owner or name, {})[last] = " x ".join(map(str, tensor["shape"]))
    lines = []
    for block, tensors in sorted(groups.items()):
        lines.append(block)
        for owner, shapes in sorted(tensors.items()):
            lines.append(f"  {owner:34s} {', '.join(shapes[key] for key in sorted(shapes, reverse=True))}")
    return "\n".join(lines)


# ---- pictures ----

def part_of(numbers, name):
    for part in numbers["parts"]:
        if name is None or part["name"] == name:
            return part
    sys.exit(f"no part {name}; there are {', '.join(part['name'] for part in numbers['parts'])}")


def shown(token):
    return token.replace("▁", "").replace("Ġ", "").replace("\n", "↵").replace(" ", "␣") or "␣"


def shade(weight):
    """Two characters for a weight; a dot where nothing is computed."""
    if weight is None:
        return " ·"
    return next(sign for least, sign in SHADES if weight >= least) * 2


def attention_map(numbers, part=None, layer=1, head=1):
    """A row for each token that looks, a column for each that is looked at."""
    part = part_of(numbers, part)
    rows, columns = (numbers["texts"][part[side]]["tokens"] for side in ("queries", "keys"))
    same = part["queries"] == part["keys"]
    width = max(len(shown(token)) for token in rows)
    lines = [" " * (width + (5 if same else 2)) + "".join(f"{i:>2d} " for i in range(1, len(columns) + 1))]
    for i, (token, weights) in enumerate(zip(rows, part["weights"][layer - 1][head - 1]), 1):
        number = f"{i:2d} " if same else ""
        lines.append(f"{number}{shown(token):>{width}s}  " + "".join(f"{shade(weight)} " for weight in weights))
    if not same:
        lines.append("columns: " + "  ".join(f"{i} {shown(token)}" for i, token in enumerate(columns, 1)))
    return "\n".join(line.rstrip() for line in lines)


def attention_numbers(numbers, part=None, layer=1, head=1):
    part = part_of(numbers, part)
    tokens = numbers["texts"][part["queries"]]["tokens"]
    width = max(len(shown(token)) for token in tokens)
    return "\n".join(f"{shown(token):{width}s} " + "".join("      ." if weight is None else f" {weight:.4f}" for weight in weights)
                     for token, weights in zip(tokens, part["weights"][layer - 1][head - 1]))


def heads(numbers, part=None):
    part = part_of(numbers, part)
    lines = ["layer  head  entropy  does"]
    for i, layer in enumerate(part["summary"]):
        for j, head in enumerate(layer):
            does = f"{head['does']} ({100 * head['share']:.0f} % of its weight)" if head["share"] else head["does"] or "nothing that has a name"
            lines.append(f"{i + 1:5d}  {j + 1:4d}  {head['entropy']:7.2f}  {does}")
    return "\n".join(lines)


def curve(table, x_title, y_title):
    """An SVG of percents, 0 to 100; x values at equal distances."""
    rows = [line.split("\t") for line in table.rstrip("\n").split("\n")]
    names, rows = rows[0][1:], rows[1:]
    left, right, top, bottom = 52, 516, 14, 250

    def x(i):
        return left + (right - left) * (i + 0.5) / len(rows)

    def y(percent):
        return bottom - (bottom - top) * percent / 100

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 290" role="img" aria-label="{y_title} against {x_title}" '
           'font-family="system-ui, sans-serif" font-size="12" fill="#444">']
    for percent in (0, 25, 50, 75, 100):
        out += [f'<line x1="{left}" y1="{y(percent):.1f}" x2="{right}" y2="{y(percent):.1f}" stroke="#ddd"/>',
                f'<text x="{left - 6}" y="{y(percent) + 4:.1f}" text-anchor="end">{percent}</text>']
    out += [f'<text x="{x(i):.1f}" y="{bottom + 18}" text-anchor="middle">{row[0]}</text>' for i, row in enumerate(rows)]
    out += [f'<text x="{(left + right) / 2:.1f}" y="{bottom + 36}" text-anchor="middle">{x_title}</text>',
            f'<text x="12" y="{(top + bottom) / 2:.1f}" text-anchor="middle" transform="rotate(-90 12 {(top + bottom) / 2:.1f})">{y_title}</text>']
    for column, (name, color) in enumerate(zip(names, COLORS), 1):
        points = [(x(i), y(float(row[column]))) for i, row in enumerate(rows)]
        out += [f'<polyline points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in points)}" fill="none" stroke="{color}" stroke-width="2"/>',
                *(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{color}"/>' for a, b in points),
                f'<rect x="528" y="{20 * column}" width="12" height="4" fill="{color}"/>',
                f'<text x="546" y="{20 * column + 6}">{name}</text>']
    return "\n".join([*out, "</svg>"]) + "\n"


def bars(values):
    """A line for each 'NAME=PERCENT', 50 characters for 100 %."""
    pairs = [value.rsplit("=", 1) for value in values]
    width = max(len(name) for name, _ in pairs)
    return "\n".join(f"{name:{width}s}  {'█' * round(float(percent) / 2)} {float(percent):.1f} %" for name, percent in pairs)


def turned(table):
    rows = [line.split("\t")[:-1] for line in table.rstrip("\n").split("\n")]
    return "\n".join("\t".join(column) for column in zip(*rows, strict=True))


# ---- the command ----

def self_test():
    numbers = {"texts": {"source": {"tokens": ["▁the", "dog", "\n"]}, "read": {"tokens": ["a", "b"]}},
               "parts": [{"name": "one", "queries": "source", "keys": "source", "weights": [[[[1, None, None], [.5, .5, None], [.04, .3, .66]]]],
                          "summary": [[{"entropy": 1.5, "does": "looks at the token itself", "share": .721}, {"entropy": 2, "does": "", "share": 0}]]},
                         {"name": "two", "queries": "read", "keys": "source", "weights": [[[[.1, .2, .7], [0, 0, 1]]]], "summary": []}]}
    assert attention_map(numbers, "one") == "         1  2  3\n 1 the  ██  ·  ·\n 2 dog  ▓▓ ▓▓  ·\n 3   ↵     ▒▒ ▓▓"
    assert attention_map(numbers, "two") == "    1  2  3\na  ░░ ▒▒ ██\nb        ██\ncolumns: 1 the  2 dog  3 ↵"
    assert heads(numbers).split("\n")[1:] == ["    1     1     1.50  looks at the token itself (72 % of its weight)",
                                              "    1     2     2.00  nothing that has a name"]
    picture = curve("n\tLSTM\tother\n1\t0\t50\n5\t100\t25\n", "words", "right, %")
    assert picture.count("<polyline") == 2 and picture.count("<circle") == 4 and ">other</text>" in picture
    assert re.findall(r'cy="([0-9.]+)"', picture) == ["250.0", "14.0", "132.0", "191.0"]
    assert bars(["a=50", "long=2.04"]) == "a     " + "█" * 25 + " 50.0 %\nlong  █ 2.0 %"
    assert turned("x\ta\tb\tall\none\t1\t2\t3\n") == "x\tone\na\t1\nb\t2"
    with tempfile.TemporaryDirectory() as scratch:
        folder, copy = pathlib.Path(scratch, "bert"), pathlib.Path(scratch, "copy")
        folder.mkdir()
        (folder / "vocab.txt").write_text("[CLS]\ncat\n[SEP]\ndog\n")
        attention = "bert.encoder.layer.0.attention.self."
        shapes = {"bert.embeddings.word_embeddings.weight": [4, 4], "bert.embeddings.position_embeddings.weight": [8, 4],
                  "bert.embeddings.token_type_embeddings.weight": [2, 4], "bert.embeddings.LayerNorm.weight": [4], "bert.embeddings.LayerNorm.bias": [4],
                  **{f"{attention}{name}.{kind}": shape for name in ("query", "key", "value") for kind, shape in (("weight", [4, 4]), ("bias", [4]))}}
        header, end = {}, 0
        for name, shape in shapes.items():
            size = 4 * shape[0] * (shape[1] if len(shape) > 1 else 1)
            header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
            end += size
        text = json.dumps(header).encode()
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + struct.pack("<f", 0.5) * (end // 4))
        by_hand(folder, copy)
        change(copy, copy.with_name("again"), ["bert.embeddings.position_embeddings.weight=2", "bert.embeddings.LayerNorm.bias=1,2,3,4"])
        read, raw, start = read_safetensors(copy / "model.safetensors")

        def tensor(name, raw=raw):
            first, last = read[name]["data_offsets"]
            return struct.unpack(f"<{(last - first) // 4}f", raw[start + first:start + last])

        for name, outputs in (("query", QUERIES), ("key", KEYS), ("value", VALUES)):
            weight = tensor(f"{attention}{name}.weight")
            for token, x in EMBEDDINGS.items():
                assert tuple(sum(weight[4 * row + i] * x[i] for i in range(4)) for row in range(2)) == outputs[token]
        assert tensor("bert.embeddings.word_embeddings.weight")[4:8] == (0, 0, 0, 0)
        again = read_safetensors(copy.with_name("again") / "model.safetensors")[1]
        assert tensor("bert.embeddings.LayerNorm.bias", again) == (1, 2, 3, 4)
        assert set(tensor("bert.embeddings.position_embeddings.weight", again)) == {2}
        assert blocks(copy).split("\n")[:2] == ["encoder, layer 1", f"  {'attention.self.key':34s} 4 x 4, 4"]
    print("the tools do what they should")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("map", "weights", "heads"):
        command = commands.add_parser(name)
        command.add_argument("json", type=pathlib.Path)
        command.add_argument("--part")
        if name != "heads":
            command.add_argument("--layer", type=int, default=1)
            command.add_argument("--head", type=int, default=1)
    command = commands.add_parser("curve")
    command.add_argument("table", type=pathlib.Path)
    command.add_argument("picture", type=pathlib.Path)
    command.add_argument("--x", required=True)
    command.add_argument("--y", required=True)
    commands.add_parser("bars").add_argument("values", nargs="+")
    commands.add_parser("turn").add_argument("table", type=pathlib.Path)
    commands.add_parser("blocks").add_argument("folder", type=pathlib.Path)
    commands.add_parser("log-probabilities")
    for name in ("by-hand", "change", "no-head"):
        command = commands.add_parser(name)
        command.add_argument("folder", type=pathlib.Path)
        command.add_argument("copy", type=pathlib.Path)
        if name == "change":
            command.add_argument("settings", nargs="+")
        elif name == "no-head":
            command.add_argument("--layer", type=int, required=True)
            command.add_argument("--head", type=int, required=True)
    given = parser.parse_args()
    if given.command in ("map", "weights", "heads"):
        numbers = json.loads(given.json.read_text(encoding="utf-8"))
        if given.command == "heads":
            print(heads(numbers, given.part))
        else:
            draw = attention_map if given.command == "map" else attention_numbers
            print(draw(numbers, given.part, given.layer, given.head))
    elif given.command == "log-probabilities":
        for line in sys.stdin:
            print(*(f"{number:.2f}" for number in json.loads(line)["log_probabilities"]))
    elif given.command == "curve":
        given.picture.write_text(curve(given.table.read_text(encoding="utf-8"), given.x, given.y), encoding="utf-8")
    elif given.command == "bars":
        print(bars(given.values))
    elif given.command == "turn":
        print(turned(given.table.read_text(encoding="utf-8")))
    elif given.command == "blocks":
        print(blocks(given.folder))
    elif given.command == "by-hand":
        by_hand(given.folder, given.copy)
    elif given.command == "change":
        change(given.folder, given.copy, given.settings)
    else:
        without_head(given.folder, given.copy, given.layer, given.head)


if __name__ == "__main__":
    main()
