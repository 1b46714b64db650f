"""Writes tests/fixtures/wilson.json: Wilson's score intervals as statsmodels computes them.

Usage: python scripts/make_wilson_fixture.py (needs statsmodels, which nothing else here does)
"""

import json
from pathlib import Path

from statsmodels.stats.proportion import proportion_confint

OUTPUT = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "wilson.json"
CASES = [(right, examples) for examples in (1, 2, 10, 37, 200, 1000, 100000) for right in sorted({0, 1, examples // 3, examples // 2, examples - 1, examples})]


def main():
    rows = []
    for right, examples in CASES:
        low, high = proportion_confint(right, examples, alpha=0.05, method="wilson")
        rows.append({"right": right, "examples": examples, "low": float(low), "high": float(high)})
    OUTPUT.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")


if __name__ == "__main__":
    main()
