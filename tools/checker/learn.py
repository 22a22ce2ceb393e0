"""First stage: the embedder learns to find edits. Half of the sentences that it reads are true, half are edited
(edits.py); it learns which tokens are wrong, and whether any are."""

import json
import time

import torch
import torch.nn.functional as F
from bert import NOT_TRAINED, CrossEncoder
from data import Examples
from texts import BATCH, encoded
from torch import nn

STEPS = 900
RATE = 1.5e-4
# So many batches are drawn at once and sorted by length: less padding.
BATCHES_AT_ONCE = 8
WARM_UP = 60
# A wrong token counts so much more than a right one, of which there are more.
WRONG_WEIGHT = 5.0
SAVE_EVERY = 50
MEASURE_EVERY = 150


def tensors(tokenizer, examples):
    """ids, types, mask, labels of the tokens (-1: none) and of the texts."""
    texts, ids, types, mask = encoded(tokenizer, [example[:2] for example in examples])
    labels = torch.full(ids.shape, -1.0)
    for row, ((_, _, _, wrong), text) in enumerate(zip(examples, texts)):
        if wrong is None:
            continue
        for at, (kind, (start, end)) in enumerate(zip(text.type_ids, text.offsets)):
            if kind == 1 and end > start:
                labels[row, at] = float(any(start < b and end > a for a, b in wrong))
    return ids, types, mask, labels, torch.tensor([float(example[2]) for example in examples])


def area_under_curve(labels, scores):
    wrong = [score for label, score in zip(labels, scores) if label]
    right = [score for label, score in zip(labels, scores) if not label]
    return sum((a > b) + 0.5 * (a == b) for a in wrong for b in right) / (len(wrong) * len(right))


def measure(net, tokenizer, examples):
    net.eval()
    scores, labels = [], []
    with torch.no_grad():
        for start in range(0, len(examples), BATCH):
            ids, types, mask, _, truth = tensors(tokenizer, examples[start : start + BATCH])
            scores += net(ids, types, mask)[1].tolist()
            labels += truth.tolist()
    net.train()
    return area_under_curve(labels, scores)


def learn(net, tokenizer, bullets, stories, seed, work):
    """Teaches the net; goes on from `work/edits.state` where there is one, and logs to `work/edits.log.jsonl`."""
    examples = Examples(bullets, stories, seed)
    trained = [(name, p) for name, p in net.named_parameters() if name not in NOT_TRAINED]
    body = [p for name, p in trained if name.startswith("bert.")]
    heads = [p for name, p in trained if not name.startswith("bert.")]
    optimizer = torch.optim.AdamW([{"params": body, "lr": RATE}, {"params": heads, "lr": 10 * RATE}], weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / WARM_UP) * max(0.02, 1 - step / STEPS)
    )
    state, first, queue = work / "edits.state", 0, []
    if state.exists():
        kept = torch.load(state, weights_only=False)
        net.load_state_dict(kept["net"])
        optimizer.load_state_dict(kept["optimizer"])
        schedule.load_state_dict(kept["schedule"])
        examples.random.setstate(kept["random"])
        torch.set_rng_state(kept["torch"])
        first, queue = kept["step"], kept["queue"]
    held_out = examples.of_held_out()
    net.train()
    began, losses = time.monotonic(), []
    for step in range(first, STEPS):
        if not queue:
            drawn = sorted(
                (examples.draw() for _ in range(BATCH * BATCHES_AT_ONCE)), key=lambda one: len(one[0]) + len(one[1])
            )
            queue = [drawn[at : at + BATCH] for at in range(0, len(drawn), BATCH)]
            examples.random.shuffle(queue)
        ids, types, mask, labels, wrong = tensors(tokenizer, queue.pop(0))
        tokens, whole = net(ids, types, mask)
        known = labels >= 0
        of_tokens = F.binary_cross_entropy_with_logits(
            tokens[known], labels[known], pos_weight=torch.tensor(WRONG_WEIGHT)
        )
        of_texts = F.binary_cross_entropy_with_logits(whole, wrong)
        optimizer.zero_grad()
        (of_tokens + of_texts).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append((of_tokens.item(), of_texts.item()))
        done = step + 1
        if done % SAVE_EVERY == 0 or done == STEPS:
            line = {"step": done, "seconds": round(time.monotonic() - began)}
            for at, name in enumerate(("tokens", "texts")):
                line[name] = round(sum(loss[at] for loss in losses) / len(losses), 4)
            losses = []
            if done % MEASURE_EVERY == 0 or done == STEPS:
                line["held_out_auc"] = round(measure(net, tokenizer, held_out), 4)
            print(json.dumps(line), flush=True)
            with (work / "edits.log.jsonl").open("a", encoding="utf-8") as file:
                print(json.dumps(line), file=file)
            kept = {
                "net": net.state_dict(), "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict(),
                "random": examples.random.getstate(), "torch": torch.get_rng_state(), "step": done, "queue": queue,
            }  # fmt: skip
            torch.save(kept, work / "edits.new")
            (work / "edits.new").replace(state)
