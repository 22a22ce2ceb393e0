#!/usr/bin/env python3
"""Draws N verified abstractive bullets by a seed and prints each beside its evidence, for reading.

    nutgraf summarize stories.jsonl --json > summaries.jsonl
    tools/quality/draw.py summaries.jsonl --count 60 --seed 1
"""

import argparse
import json
import random


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    drawn_from = []
    with open(args.file, encoding="utf-8") as lines:
        for line in filter(str.strip, lines):
            summary = json.loads(line)
            for bullet in ([summary["lede"]] if summary.get("lede") else []) + summary["bullets"]:
                if bullet["kind"] == "abstractive" and bullet["check"]["verdict"] == "verified":
                    drawn_from.append((summary["story_id"], bullet))
    drawn = random.Random(args.seed).sample(drawn_from, min(args.count, len(drawn_from)))
    for number, (story_id, bullet) in enumerate(drawn, 1):
        print(f"{number}. [{story_id}] {bullet['text']}")
        for citation in bullet["citations"]:
            print(f"     {citation['outlet']}: {' '.join(citation['quote'].split())}")
        print()
    print(f"{len(drawn)} of {len(drawn_from)} verified abstractive bullets, seed {args.seed}")


if __name__ == "__main__":
    main()
