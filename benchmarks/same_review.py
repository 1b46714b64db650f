#!/usr/bin/env python3
"""Pairs of passages of reviews, a line each: label, first, second; label `same` where both come from one review, half of the lines.

    benchmarks/same_review.py REVIEWS CHARACTERS COUNT SEED

REVIEWS has a blank line between reviews. Each passage has CHARACTERS characters, spaces not counted; two of one review do not overlap. What
is no ASCII is left out, so that a vocabulary of characters knows all.
"""
import random
import sys


def passage(words, first, characters):
    """Whole words from `first` on, and where they end; None where the review is too short."""
    count = 0
    for end in range(first, len(words)):
        count += len(words[end])
        if count >= characters:
            return " ".join(words[first:end + 1]), end + 1
    return None


def main():
    path, characters, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    rng = random.Random(seed)
    with open(path, encoding="utf-8") as file:
        reviews = [text.encode("ascii", "ignore").decode().split() for text in file.read().split("\n\n")]
    reviews = [words for words in reviews if sum(map(len, words)) >= 2.2 * characters]
    done = 0
    while done < count:
        one, other = rng.sample(reviews, 2)
        first = passage(one, rng.randrange(len(one)), characters)
        if first is None:
            continue
        text, end = first
        same = done % 2 == 0
        second = passage(one if same else other, rng.randrange(end, len(one)) if same and end < len(one) else rng.randrange(len(other)), characters)
        if second is None or (same and end == len(one)):
            continue
        print("same" if same else "other", text, second[0], sep="\t")
        done += 1


if __name__ == "__main__":
    main()
