#!/usr/bin/env python3
"""The documentation, held by a test: what can go wrong in it without anyone noticing.

    scripts/check_docs.py REPOSITORY     checks it, and the checker itself first
    scripts/check_docs.py --self-test    only the checker, on pages that break one rule each

Prose ends at 100 columns (tables, code blocks and lines with a link or a long word excepted). A relative link leads to a file,
and to a heading of it. A path in a code span that begins with a folder of the repository exists. A line of C++ stands in a source. The map
of README.md names every folder, and no other. A decision has ten lines at most. The changelog begins with CMakeLists.txt's version.
"""
import pathlib
import re
import sys
import tempfile

MAX_COLUMNS = 100
MAX_DECISION_LINES = 10
FOLDERS = {"apps", "benchmarks", "cmake", "core", "data", "docs", "examples", "generation", "inference", "metrics", "models", "scripts",
           "serving", "tests", "tokenizers", "training"}
UNMAPPED = {"build", "runs", "cmake"}  # what a build or a run leaves behind, and what only CMake reads
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
IMAGE = re.compile(r"""<img\b[^>]*\bsrc="([^"]+)\"""")
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"^[a-z]+/[A-Za-z0-9_./-]*$")


def pages(root):
    yield from sorted(root.glob("*.md"))
    yield from sorted((root / "docs").rglob("*.md"))
    yield from sorted((root / "examples").rglob("*.md"))


def prose_lines(text):
    """(number, line) of every line outside of code blocks."""
    fenced = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and not line.startswith("    "):
            yield number, line


def slug(heading):
    """A heading's anchor, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(path):
    return {slug(line.lstrip("#")) for _, line in prose_lines(path.read_text(encoding="utf-8")) if line.startswith("#")}


def long_lines(text):
    for number, line in prose_lines(text):
        may_be_long = line.startswith(("|", "<")) or LINK.search(line) or len(max(line.split(), key=len, default="")) > MAX_COLUMNS // 2
        if len(line) > MAX_COLUMNS and not may_be_long:
            yield f"{number}: {len(line)} columns; at most {MAX_COLUMNS}"


def broken_links(path, text):
    numbers, lines = zip(*prose_lines(text))
    prose = "\n".join(lines)  # a link's words may go on in the next line
    for match in [*LINK.finditer(prose), *IMAGE.finditer(prose)]:
        target = match[1]
        if re.match(r"[a-z]+:", target):
            continue
        number = numbers[prose.count("\n", 0, match.end())]
        file, _, anchor = target.partition("#")
        other = (path.parent / file).resolve() if file else path
        if not other.exists():
            yield f"{number}: the link {target} leads nowhere"
        elif anchor and anchor not in anchors(other):
            yield f"{number}: the link {target} names no heading of {other.name}"


def missing_paths(root, text):
    for number, line in prose_lines(text):
        for span in CODE.findall(line):
            if PATH.match(span) and span.split("/")[0] in FOLDERS and not (root / span).exists():
                yield f"{number}: there is no {span}"


def invented_code(root, text):
    quotes = list(re.finditer(r"^```cpp\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    if not quotes:
        return
    sources = [path for folder in sorted(FOLDERS) for path in (root / folder).rglob("*") if path.suffix in {".h", ".cpp"}]
    there = {line.strip() for path in sources for line in path.read_text(encoding="utf-8").split("\n")}
    for quote in quotes:
        for number, line in enumerate(quote[1].split("\n"), text.count("\n", 0, quote.start()) + 2):
            if line.strip() and line.strip() not in there:
                yield f"{number}: no source has the line {line.strip()}"


def wrong_map(root, text):
    section = re.search(r"^## Map$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if not section:
        yield "1: no section 'Map'"
        return
    named = {name.rstrip("/") for name in re.findall(r"^\| `([^`]+)` \|", section[1], re.MULTILINE)}
    there = {folder.name for folder in root.iterdir() if folder.is_dir() and not folder.name.startswith(".")} - UNMAPPED
    for name in sorted(there - named):
        yield f"1: the map leaves out {name}"
    for name in sorted(named):
        if not (root / name).is_dir():
            yield f"1: the map names {name}, which is no folder"


def long_decisions(text):
    heading, start, length = None, 0, 0
    for number, line in [*enumerate(text.split("\n"), 1), (0, "# ")]:
        if line.startswith("#"):
            if heading and heading.startswith("### ") and length > MAX_DECISION_LINES:
                yield f"{start}: {length} lines of a decision; at most {MAX_DECISION_LINES}"
            heading, start, length = line, number, 0
        elif line.strip():
            length += 1


def wrong_version(root, text):
    project = re.search(r"^project\(\w+ VERSION ([0-9.]+)", (root / "CMakeLists.txt").read_text(encoding="utf-8"), re.MULTILINE)[1]
    newest = re.search(r"^## (\S+)", text, re.MULTILINE)
    if not newest or newest[1] != project:
        yield f"1: the newest version is {newest and newest[1]}, that of CMakeLists.txt {project}"


def violations(root):
    for path in pages(root):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(root).as_posix()
        found = [*long_lines(text), *broken_links(path, text), *invented_code(root, text)]
        found += wrong_version(root, text) if name == "CHANGELOG.md" else missing_paths(root, text)  # the past keeps its names
        if name == "README.md":
            found += wrong_map(root, text)
        if name == "docs/decisions.md":
            found += long_decisions(text)
        for problem in found:
            yield f"{name}:{problem}"


def self_test():
    """Each bad page must be found, and the good ones passed."""
    word = "word " * 30
    bad = {
        "docs/long.md": word,
        "docs/long_item.md": "- " + word,
        "docs/link.md": "[there](nowhere.md)",
        "docs/two_lines.md": "[over\nthere](nowhere.md)",
        "docs/anchor.md": "[there](good.md#no-such-heading)",
        "docs/image.md": '<img src="nowhere.svg">',
        "docs/path.md": "`core/nothing.h` is a file",
        "docs/code.md": "```cpp\nint there;\nint invented;\n```\n",
        "docs/decisions.md": "## Group\n\n### One\n" + "line\n" * (MAX_DECISION_LINES + 1),
        "CHANGELOG.md": "# Changelog\n\n## 0.1.0\n",
        "README.md": "# Map\n\n## Map\n\n| `core` | |\n| `attic` | |\n",
    }
    good = {
        "docs/good.md": f"# Title\n\n## A `Heading`, too\n\n| {word} |\n\n```\n{word}\n```\n\n[a](good.md#a-heading-too) {word}\n\n"
                        f"    {word}\n`core/errors.h`, `core/x*.h`, `models/<family>/config.h`, `out/x.h`, [far](https://example.org)\n",
        "docs/fine.md": "x" * MAX_COLUMNS,
        "docs/real.md": "```cpp\n  int there;\n```\n",
    }
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        around = {"core/errors.h": "int there;\n", "CMakeLists.txt": "project(attend VERSION 0.2.0 LANGUAGES CXX)\n"}
        for name, text in {**bad, **good, **around}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        found = list(violations(root))
    flagged = {re.match(r"[^:]+", violation)[0] for violation in found}
    if flagged != set(bad):
        sys.exit(f"check_docs.py itself is wrong: missed {sorted(set(bad) - flagged)}, flagged {sorted(flagged - set(bad))}")
    map_problems = [violation for violation in found if violation.startswith("README.md")]
    if len(map_problems) != 2:  # docs is left out, attic is no folder
        sys.exit(f"check_docs.py itself is wrong: of the map it says {map_problems}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    self_test()
    if sys.argv[1] == "--self-test":
        print("the checker finds what it should")
        return
    root = pathlib.Path(sys.argv[1])
    if not (root / "README.md").is_file():
        sys.exit(f"{root}: no README.md; expected the root of the repository")
    found = list(violations(root))
    for violation in found:
        print(violation)
    if found:
        sys.exit(1)
    print(f"{len(list(pages(root)))} pages hold")


if __name__ == "__main__":
    main()
