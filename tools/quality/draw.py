#!/usr/bin/env python3
"""Draws N bullets by a seed and prints each beside its evidence, for reading.

    nutgraf eval summaries stories.jsonl --rows nutgraf --out runs/dev
    tools/quality/draw.py runs/dev/nutgraf.jsonl --count 60 --seed 1
    nutgraf summarize stories.jsonl --json > summaries.jsonl
    tools/quality/draw.py summaries.jsonl --lenses --count 30

Of lede and bullets, those that are abstractive and verified; of lenses, all.
"""

import argparse
import random

import summaries


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lenses", action="store_true", help="bullets of lenses instead of lede and bullets")
    args = parser.parse_args()
    drawn_from = []
    with open(args.file, encoding="utf-8") as lines:
        for summary in summaries.read(lines):
            if args.lenses:
                bullets = summaries.lens_bullets(summary)
            else:
                bullets = filter(is_reworded, summaries.statements(summary))
            drawn_from += [(summary["story_id"], bullet) for bullet in bullets]
    drawn = random.Random(args.seed).sample(drawn_from, min(args.count, len(drawn_from)))
    for number, (story_id, bullet) in enumerate(drawn, 1):
        side = f" ({bullet['lens']})" if args.lenses else ""
        print(f"{number}. [{story_id}]{side} {bullet['text']}")
        for citation in bullet["citations"]:
            print(f"     {citation['outlet']}: {' '.join(citation['quote'].split())}")
        print()
    kind = "lens bullets" if args.lenses else "verified abstractive bullets"
    print(f"{len(drawn)} of {len(drawn_from)} {kind}, seed {args.seed}")


def is_reworded(bullet):
    return bullet["kind"] == "abstractive" and bullet["check"]["verdict"] == "verified"


if __name__ == "__main__":
    main()
