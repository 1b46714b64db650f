#!/usr/bin/env python3
"""The structure of the tree, held by a test: which folder may include which, and how long a file may be.

    tests/check_includes.py REPOSITORY     checks it, and the checker itself first
    tests/check_includes.py --self-test    only the checker, on trees that break one rule each

A folder includes only itself and folders of lower rank; within some, subfolders have ranks too: models/kernels < models/layers <
models < a family < the registry. inference and training know the interfaces of models (MODEL_INTERFACES), never a family
or its parts. Folders that read foreign bytes do without LibTorch, so that they can be fuzzed. Headers open with
#pragma once, and no source is over 450 lines.
"""
import pathlib
import re
import sys
import tempfile

RANKS = {"core": 0, "tokenizers": 1, "metrics": 1, "models": 2, "data": 2, "inference": 3, "training": 4, "serving": 4, "apps": 5}
# Within a folder: which subfolder, or file, may include which; "" is the folder itself, "*" any other subfolder.
SUBRANKS = {
    "models": {"kernels": 0, "layers": 1, "": 2, "*": 3, "registry.cpp": 4},
    "data": {"": 0, "*": 1},
    "training": {"": 0, "objectives": 1},
    "apps": {"": 0, "pages": 1, "commands": 2, "commands.h": 0, "commands.cpp": 3, "main.cpp": 4},
}
NEVER = {("serving", "training"), ("training", "serving")}
WITHOUT_TORCH = {"core", "tokenizers", "metrics", "data"}
TORCH = ("torch/", "ATen/", "c10/", "caffe2/")
KNOWS_ONLY_INTERFACES = {"inference", "training", "serving"}
MODEL_INTERFACES = {"models/model.h", "models/interfaces.h", "models/text_model.h", "models/causal_model.h", "models/attention_maps.h", "models/tensor_io.h",
                    "models/device_memory.h", "models/layers/recompute.h"}  # of no family: safetensors to tensors and back; a mode of training, as autocast is
CHECKED_LENGTH = {*RANKS, "tests", "benchmarks"}
MAX_LINES = 450
INCLUDE = re.compile(r'^[ \t]*#[ \t]*(?:include|import)[ \t]*[<"]([^>"]+)[>"]', re.MULTILINE)


def sources(root):
    for folder in sorted(CHECKED_LENGTH):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in {".h", ".hpp", ".cpp", ".cc"} and path.is_file():
                yield path


def part_of(path):
    """(subfolder or file, rank) of a path like "models/layers/linear.h" within its folder; None where all of the folder is one."""
    folder, *rest = path.split("/")
    ranks = SUBRANKS.get(folder)
    if ranks is None:
        return None
    part = rest[0] if len(rest) > 1 or rest[0] in ranks else ""
    return part, ranks.get(part, ranks.get("*"))


def subfolder_violation(name, target):
    """What is wrong with `target` included from the file `name` of the same folder."""
    own, other = part_of(name), part_of(target)
    if own is None or own[0] == other[0]:
        return None
    if own[1] is None or other[1] is None:
        return f"{name}: no rank for this part of the folder; tests/check_includes.py lists them"
    if other[1] >= own[1]:
        return f"{own[0] or name.split('/')[0]} must not include {target}"
    return None


def include_violation(name, target):
    """What is wrong with `target` included from the file `name`; None where nothing is."""
    own = name.split("/")[0]
    if own in WITHOUT_TORCH and target.startswith(TORCH):
        return f"{own} must not include LibTorch's {target}"
    if target.startswith(("./", "../")) or "/../" in target:
        return f"{target}: paths in includes start at the root of the repository"
    other = target.split("/")[0]
    if other not in RANKS or "/" not in target:
        return "tests and benchmarks are included by nothing else" if other in {"tests", "benchmarks"} else None
    if other == own:
        return subfolder_violation(name, target)
    if (own, other) in NEVER:
        return f"{own} must not include {target}"
    if RANKS[other] >= RANKS[own]:
        return f"{own} (rank {RANKS[own]}) must not include {target} (rank {RANKS[other]})"
    if own in KNOWS_ONLY_INTERFACES and other == "models" and target not in MODEL_INTERFACES:
        return f"{own} knows {', '.join(sorted(MODEL_INTERFACES))} of models, not {target}"
    return None


def violations(root):
    for path in sources(root):
        text = path.read_text(encoding="utf-8")
        name, own = path.relative_to(root), path.relative_to(root).parts[0]
        lines = text.count("\n") + (not text.endswith("\n"))
        if lines > MAX_LINES:
            yield f"{name}: {lines} lines; at most {MAX_LINES}"
        if path.suffix in {".h", ".hpp"} and not re.search(r"^#pragma once$", text, re.MULTILINE):
            yield f"{name}: no #pragma once"
        if own not in RANKS:
            continue
        for match in INCLUDE.finditer(text):
            if problem := include_violation(name.as_posix(), match[1]):
                yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {problem}"


def self_test():
    """Each bad file must be found, each good one passed."""
    header = "#pragma once\n"
    bad = {
        "core/a.cpp": '#include "tokenizers/tokenizer.h"\n',
        "core/b.h": header + "#include <torch/torch.h>\n",
        "core/c.h": "int x;\n",
        "core/d.cpp": '#include "tests/support/temp_folder.h"\n',
        "core/e.cpp": '#include "../models/interfaces.h"\n',
        "tokenizers/a.cpp": '#include "metrics/bleu.h"\n',
        "metrics/a.cpp": "#include <ATen/ATen.h>\n",
        "data/a.cpp": '  #  include "c10/util/Optional.h"\n',
        "data/b.cpp": '#include "models/interfaces.h"\n',
        "models/transformer/a.cpp": '#include "inference/beam_search.h"\n',
        "inference/a.cpp": '#include "models/transformer/model.h"\n',
        "inference/b.cpp": '#include "models/layers/attention.h"\n',
        "training/objectives/a.cpp": '#include "models/registry.h"\n',
        "training/b.cpp": '#include "apps/common.h"\n',
        "models/kernels/a.h": header + '#include "models/layers/linear.h"\n',
        "models/layers/a.h": header + '#include "models/interfaces.h"\n',
        "models/a.h": header + '#include "models/bert/model.h"\n',
        "models/bert/a.h": header + '#include "models/gpt/model.h"\n',
        "data/c.cpp": '#include "data/tasks/rules.h"\n',
        "training/a.cpp": '#include "training/objectives/tagging.h"\n',
        "serving/a.cpp": '#include "training/trainer.h"\n',
        "apps/a.cpp": '#include "apps/commands/train.h"\n',
        "apps/pages/a.cpp": '#include "apps/commands/train.h"\n',
        "apps/long.cpp": "\n" * (MAX_LINES + 1),
        "tests/core/long_test.cpp": "\n" * (MAX_LINES + 1),
    }
    good = {
        "core/fine.h": header + '#include <vector>\n#include "core/error.h"\n',
        "data/fine.cpp": '#include "core/error.h"\n#include "tokenizers/tokenizer.h"\n#include "data/token_file.h"\n',
        "models/transformer/fine.cpp": '#include <torch/torch.h>\n#include "models/layers/attention.h"\n',
        "inference/fine.cpp": '#include "models/interfaces.h"\n#include "inference/beam_search.h"\n// #include "apps/common.h"\n',
        "models/layers/fine.h": header + '#include "models/kernels/gelu.h"\n',
        "models/bert/fine.h": header + '#include "models/layers/linear.h"\n#include "models/text_model.h"\n',
        "models/registry.cpp": '#include "models/bert/heads.h"\n',
        "serving/fine.cpp": '#include "inference/classifier.h"\n',
        "apps/pages/fine.cpp": '#include "apps/flags.h"\n#include "inference/few_shot.h"\n',
        "apps/commands/fine.cpp": '#include "training/trainer.h"\n#include "models/transformer/model.h"\n',
        "tests/core/fine_test.cpp": '#include "apps/common.h"\n',
        "apps/just_fits.cpp": "\n" * MAX_LINES,
    }
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in {**bad, **good}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        found = {re.match(r"[^:]+", violation)[0] for violation in violations(root)}
    if found != set(bad):
        sys.exit(f"check_includes.py itself is wrong: missed {sorted(set(bad) - found)}, flagged {sorted(found - set(bad))}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    self_test()
    if sys.argv[1] == "--self-test":
        print("the checker finds what it should")
        return
    root = pathlib.Path(sys.argv[1])
    checked = len(list(sources(root)))
    if not (root / "core").is_dir() or checked == 0:
        sys.exit(f"{root}: no sources found; expected the root of the repository")
    found = list(violations(root))
    for violation in found:
        print(violation)
    if found:
        sys.exit(1)
    print(f"{checked} files hold to the structure")


if __name__ == "__main__":
    main()
