#!/usr/bin/env python3
"""Teaches the embedder to compare: makes models/nutgraf-checker-22m.safetensors.

    pip install -r tools/checker/requirements.txt
    nutgraf eval checker --pairs pairs.jsonl --answers answers.jsonl --without-likelihood ... (docs/quality.md)
    python tools/checker/train.py --base <folder with model.safetensors and tokenizer.json> \\
        --bullets bullets_train.jsonl --stories clusters_allsides_full.jsonl \\
        --pairs pairs.jsonl --answers answers.jsonl --work runs/checker --out models/nutgraf-checker-22m.safetensors

It first learns to find edits (learn.py), then from people's labels (tune.py), once without each fold of documents: what it
then finds in that fold goes to --answers, out of fold. What ships is the mean of these nets (Wortsman et al. 2022, model
soups), as factors of low rank of the difference from the base. About 75 minutes on two cores; a run that was cut off
goes on from what is in --work.
"""

import argparse
import json
from pathlib import Path

import torch
from bert import CrossEncoder, export
from data import Examples
from learn import learn
from texts import load_tokenizer
from tune import answers, tune


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("base", "bullets", "stories", "pairs", "answers", "work", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--rank", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    tokenizer = load_tokenizer(args.base)
    weights = args.base / "model.safetensors"
    net = CrossEncoder(weights)
    learn(net, tokenizer, args.bullets, args.stories, args.seed, args.work)
    learned = {name: value.clone() for name, value in net.state_dict().items()}

    claims = [json.loads(line) for line in args.pairs.open(encoding="utf-8")]
    examples = Examples(args.bullets, args.stories, args.seed)
    folds = sorted({claim["fold"] for claim in claims})
    for fold in folds:
        kept = args.work / f"fold-{fold}.pt"
        if kept.exists():
            continue
        torch.manual_seed(args.seed)
        net.load_state_dict(learned)
        tune(net, tokenizer, [c for c in claims if c["used"] == "both" and c["fold"] != fold], examples, args.seed)
        found = answers(net, tokenizer, [c for c in claims if c["fold"] == fold])
        (args.work / f"fold-{fold}.jsonl").write_text("".join(f"{line}\n" for line in found), encoding="utf-8")
        torch.save(net.state_dict(), kept.with_suffix(".new"))
        kept.with_suffix(".new").replace(kept)
    states = [torch.load(args.work / f"fold-{fold}.pt", weights_only=True) for fold in folds]
    net.load_state_dict({name: sum(state[name] for state in states) / len(states) for name in learned})
    export(net, weights, args.rank, args.out)
    with args.answers.open("a", encoding="utf-8") as file:
        for fold in folds:
            file.write("\n" + (args.work / f"fold-{fold}.jsonl").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
