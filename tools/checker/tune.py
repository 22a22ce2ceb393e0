"""Second stage: the net learns from people's labels. A claim of several sentences is as doubtful as they are together."""

import json
import random

import torch
import torch.nn.functional as F
from bert import NOT_TRAINED
from texts import BATCH, encoded
from torch import nn

RATE = 5e-5
WARM_UP = 15
CLAIMS_A_STEP = 16
# Beside them so many edited or true bullets, so that edits are not forgotten.
BULLETS_A_STEP = 6
BULLET_WEIGHT = 0.7
# Of the sentences of a claim, from its beginning.
MOST_SENTENCES = 5
# Pairs that are read at once.
PAIRS_AT_ONCE = 16


def weights(claims):
    """Every set counts alike, and in a set both labels; 1 on average."""
    counts = {}
    for claim in claims:
        kind = claim["set"], claim["label"]
        counts[kind] = counts.get(kind, 0) + 1
    return {kind: len(claims) / len(counts) / count for kind, count in counts.items()}


def by_length(pairs):
    return sorted(range(len(pairs)), key=lambda at: len(pairs[at][0]) + len(pairs[at][1]))


def read(net, tokenizer, pairs):
    """The doubt about each pair as a whole."""
    found, order = [None] * len(pairs), by_length(pairs)
    for start in range(0, len(order), PAIRS_AT_ONCE):
        part = order[start : start + PAIRS_AT_ONCE]
        _, *rows = encoded(tokenizer, [pairs[at] for at in part])
        for at, whole in zip(part, net(*rows)[1]):
            found[at] = whole
    return found


def tune(net, tokenizer, claims, examples, seed):
    """One pass over the claims."""
    chance, weight_of = random.Random(seed), weights(claims)
    parameters = [p for name, p in net.named_parameters() if name not in NOT_TRAINED]
    steps = len(claims) // CLAIMS_A_STEP
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / WARM_UP) * max(0.03, 1 - step / steps)
    )
    order = chance.sample(range(len(claims)), len(claims))
    net.train()
    for step in range(steps):
        drawn = [claims[order.pop()] for _ in range(CLAIMS_A_STEP)]
        bullets = [examples.bullet(chance) for _ in range(BULLETS_A_STEP)]
        groups = [claim["pairs"][:MOST_SENTENCES] for claim in drawn] + [[bullet[:2]] for bullet in bullets]
        doubts = read(net, tokenizer, [pair for group in groups for pair in group])
        claim_doubts = []
        for group in groups:
            own, doubts = doubts[: len(group)], doubts[len(group) :]
            claim_doubts.append(torch.logsumexp(torch.stack(own), 0))
        wrong = torch.tensor([1.0 - claim["label"] for claim in drawn] + [float(bullet[2]) for bullet in bullets])
        counts = [weight_of[claim["set"], claim["label"]] for claim in drawn] + [BULLET_WEIGHT] * BULLETS_A_STEP
        counts = torch.tensor(counts)
        losses = F.binary_cross_entropy_with_logits(torch.stack(claim_doubts), wrong, reduction="none")
        loss = (losses * counts).sum() / counts.sum()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        if (step + 1) % 20 == 0:
            print(json.dumps({"step": step + 1, "of": steps, "loss": round(loss.item(), 4)}), flush=True)


def answers(net, tokenizer, claims):
    """Lines of what the net finds of these claims, as `nutgraf eval checker --answers` reads them."""
    pairs = [pair for claim in claims for pair in claim["pairs"]]
    found, order = [None] * len(pairs), by_length(pairs)
    net.eval()
    with torch.no_grad():
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            texts, *rows = encoded(tokenizer, [pairs[at] for at in part])
            tokens, whole = net(*rows)
            for row, (at, text) in enumerate(zip(part, texts)):
                kinds = zip(tokens[row].tolist(), text.type_ids)
                second = [round(doubt, 4) for doubt, kind in kinds if kind == 1]
                # The separator at the end is no token of the text.
                found[at] = {"whole": round(whole[row].item(), 4), "tokens": second[:-1]}
    for claim in claims:
        own, found = found[: len(claim["pairs"])], found[len(claim["pairs"]) :]
        yield json.dumps({"key": claim["key"], "doubts": own})
