#!/usr/bin/env python3
"""Teaches a small chat model to write one bullet from its evidence, and to say so where there is nothing to write.

    pip install -r tools/writer/requirements.txt
    cargo build --release
    python3 tools/writer/train.py --bullets bullets_train.jsonl --dev bullets_dev.jsonl --out runs/writer

Low-rank adaptation (Hu et al. 2021, "LoRA") of every linear layer, with the loss on the answer alone. Prompts and answers
are those of the program itself: `nutgraf eval writer --examples` makes them, as token ids. Runs on a CPU or on CUDA;
goes on from its last checkpoint when it is started again; leaves adapter.safetensors, the weights with the least loss on
the dev file, whose tensors have the names and the layout of the GGUF file, with losses.csv and losses.png in OUT.
"""

import argparse
import csv
import json
import math
import random
import subprocess
import time
from pathlib import Path

import numpy as np
import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

# The chat template's end of a turn; `tokenizer.ggml.eos_token_id` of the base.
END_OF_TURN = 2
PROMPT = "bullet.v2"
# Every so many groups without a bullet one is kept from training, to measure abstention with.
HELD_OUT_EVERY = 3
LAYERS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bullets", type=Path, required=True, help="JSON lines to learn from")
    parser.add_argument("--dev", type=Path, required=True, help="JSON lines whose loss is logged")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--nutgraf", default="target/release/nutgraf", help="the program")
    parser.add_argument("--model", default="smollm2-135m-instruct", help="the base, as the program names it")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--alpha", type=int, default=32)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--rate", type=float, default=1e-3, help="highest learning rate")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch", type=int, default=16, help="examples a step")
    parser.add_argument("--tokens", type=int, default=1800, help="padded tokens that are run together")
    parser.add_argument("--repeat-abstentions", type=int, default=2)
    parser.add_argument("--groups", type=int, help="learn from so many groups only")
    parser.add_argument("--without-abstentions", action="store_true")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--minutes", type=float, default=5, help="between checkpoints")
    return parser.parse_args()


def split(args):
    """Writes the groups that are learned from, and those without a bullet that are kept for measuring."""
    lines = [line for line in args.bullets.read_text(encoding="utf-8").splitlines() if line.strip()]
    empty = [line for line in lines if json.loads(line)["bullet"] is None]
    held_out = empty[::HELD_OUT_EVERY]
    kept = [line for line in lines if line not in held_out]
    if args.groups:
        kept = random.Random(args.seed).sample(kept, args.groups)
    if args.without_abstentions:
        kept = [line for line in kept if line not in empty]
    (args.out / "held_out.jsonl").write_text("\n".join(held_out) + "\n", encoding="utf-8")
    (args.out / "learned.jsonl").write_text("\n".join(kept) + "\n", encoding="utf-8")


def examples(args, source, name):
    path = args.out / name
    command = [args.nutgraf, "--model", args.model, "eval", "writer", source, "--prompt", PROMPT, "--examples", path]
    print(subprocess.run(command, check=True, text=True, capture_output=True).stdout, end="", flush=True)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def base(args):
    listed = subprocess.run([args.nutgraf, "models", "list", "--json"], check=True, text=True, capture_output=True)
    models = map(json.loads, listed.stdout.splitlines())
    path = next(Path(model["path"]) for model in models if model["name"] == args.model)
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, torch_dtype=torch.float32)
    # A file without `output.weight` shares the embeddings; the library does not see that.
    model.config.tie_word_embeddings = True
    model.tie_weights()
    return model


def batches(taught, size, seed):
    """Examples of like length together, in random order."""
    chance = random.Random(seed)
    order = list(taught)
    chance.shuffle(order)
    order.sort(key=lambda one: (len(one["prompt"]) + len(one["answer"])) // 16)
    found = [order[at : at + size] for at in range(0, len(order), size)]
    chance.shuffle(found)
    return found


def loss_of(model, batch, device):
    """Sum of the answer's losses, in nats, and how many tokens it has."""
    rows = [one["prompt"] + one["answer"] + [END_OF_TURN] for one in batch]
    width = max(len(row) for row in rows)
    ids = torch.zeros((len(rows), width), dtype=torch.long)
    seen = torch.zeros((len(rows), width), dtype=torch.long)
    wanted = torch.zeros((len(rows), width), dtype=torch.bool)
    for at, (row, one) in enumerate(zip(rows, batch)):
        ids[at, : len(row)] = torch.tensor(row)
        seen[at, : len(row)] = 1
        wanted[at, len(one["prompt"]) - 1 : len(row) - 1] = True
    ids, seen, wanted = ids.to(device), seen.to(device), wanted.to(device)
    inner = model.base_model.model
    hidden = inner.model(input_ids=ids, attention_mask=seen, use_cache=False).last_hidden_state
    # Logits only where the loss looks at them.
    logits = inner.lm_head(hidden[wanted]).float()
    targets = ids.roll(-1, dims=1)[wanted]
    return torch.nn.functional.cross_entropy(logits, targets, reduction="sum"), int(wanted.sum())


def parts(batch, tokens):
    """The batch in parts of at most so many padded tokens, which fit into the caches of a CPU."""
    order = sorted(batch, key=lambda one: len(one["prompt"]) + len(one["answer"]))
    while order:
        longest = len(order[-1]["prompt"]) + len(order[-1]["answer"]) + 1
        size = max(1, tokens // longest)
        yield order[-size:]
        order = order[:-size]


def measure(model, taught, tokens, device):
    total, count = 0.0, 0
    with torch.no_grad():
        for part in parts(taught, tokens):
            loss, answered = loss_of(model, part, device)
            total, count = total + loss.item(), count + answered
    return total / count


def permuted(rows, heads):
    """The rows of a query or key projection in the order in which GGUF files of this architecture have them."""
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)


def export(model, args, path):
    config = model.base_model.model.config
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    tensors = {}
    for name, tensor in get_peft_model_state_dict(model).items():
        _, _, _, _, layer, *rest, part, _ = name.split(".")
        kind = LAYERS[".".join(rest)]
        tensor = tensor.detach().float().cpu()
        if part == "lora_B":
            tensor = tensor * (args.alpha / args.rank)
            tensor = permuted(tensor, heads[kind]) if kind in heads else tensor
        tensors[f"blk.{layer}.{kind}.{part.lower()}"] = tensor.to(torch.float16).contiguous()
    save_file(tensors, path, metadata={"format": "pt"})


def plot(path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for column in ("train_loss", "dev_loss"):
        points = [(int(row["step"]), float(row[column])) for row in rows if row[column]]
        pyplot.plot(*zip(*points), label=column)
    pyplot.xlabel("step")
    pyplot.ylabel("nats a token of the answer")
    pyplot.legend()
    pyplot.savefig(path.with_suffix(".png"), dpi=120)


def main():
    args = arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    random.seed(args.seed)
    np.random.seed(args.seed)
    torch.manual_seed(args.seed)
    split(args)
    taught = examples(args, args.out / "learned.jsonl", "train_examples.jsonl")
    taught += [one for one in taught if one["abstains"]] * (args.repeat_abstentions - 1)
    dev = examples(args, args.dev, "dev_examples.jsonl")

    device = "cuda" if torch.cuda.is_available() else "cpu"
    halves = device == "cuda" or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    model = base(args)
    if halves:
        model = model.to(torch.bfloat16)
    config = LoraConfig(
        r=args.rank, lora_alpha=args.alpha, lora_dropout=args.dropout, target_modules=[*(n.split(".")[1] for n in LAYERS)]
    )
    model = get_peft_model(model, config).to(device)
    learned = [one for one in model.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=args.rate, weight_decay=0.0)
    a_pass = math.ceil(len(taught) / args.batch)
    steps = a_pass * args.epochs
    warm = max(1, steps // 20)

    def factor(step):
        return min((step + 1) / warm, 0.5 * (1 + math.cos(math.pi * step / steps)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    checkpoint, losses = args.out / "checkpoint.pt", args.out / "losses.csv"
    done, least = 0, math.inf
    if checkpoint.exists():
        kept = torch.load(checkpoint, map_location=device, weights_only=False)
        set_peft_model_state_dict(model, kept["adapter"])
        optimizer.load_state_dict(kept["optimizer"])
        schedule.load_state_dict(kept["schedule"])
        torch.set_rng_state(kept["chance"].cpu())
        done, least = kept["step"], kept["least"]
        print(f"goes on after step {done}", flush=True)
    else:
        losses.write_text("step,train_loss,dev_loss,seconds\n", encoding="utf-8")
    print(f"{len(taught)} examples, {steps} steps on {device}, bf16: {halves}", flush=True)

    def log(step, train, dev_loss, seconds):
        with losses.open("a", encoding="utf-8") as file:
            dev_loss = "" if dev_loss is None else f"{dev_loss:.4f}"
            file.write(f"{step},{train:.4f},{dev_loss},{seconds:.0f}\n")
        print(f"step {step}/{steps}: train {train:.4f} dev {dev_loss} {seconds:.0f} s", flush=True)

    started = saved = time.monotonic()
    total, tokens = 0.0, 0
    for step in range(done, steps):
        batch = batches(taught, args.batch, args.seed + step // a_pass)[step % a_pass]
        answered = sum(len(one["answer"]) + 1 for one in batch)
        for part in parts(batch, args.tokens):
            with torch.autocast(device, torch.bfloat16, enabled=halves):
                loss, _ = loss_of(model, part, device)
            (loss / answered).backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        tokens += answered
        is_last = step + 1 == steps
        if (step + 1) % 10 == 0 or is_last:
            dev_loss = None
            if (step + 1) % max(a_pass // 2 // 10 * 10, 10) == 0 or is_last:
                with torch.autocast(device, torch.bfloat16, enabled=halves):
                    dev_loss = measure(model, dev, args.tokens, device)
                if dev_loss < least:
                    least = dev_loss
                    export(model, args, args.out / "adapter.safetensors")
            log(step + 1, total / tokens, dev_loss, time.monotonic() - started)
            total, tokens = 0.0, 0
        if time.monotonic() - saved > 60 * args.minutes or is_last:
            kept = {
                "adapter": get_peft_model_state_dict(model),
                "optimizer": optimizer.state_dict(),
                "schedule": schedule.state_dict(),
                "chance": torch.get_rng_state(),
                "step": step + 1,
                "least": least,
            }
            torch.save(kept, checkpoint.with_suffix(".part"))
            checkpoint.with_suffix(".part").replace(checkpoint)
            saved = time.monotonic()
    plot(losses)
    print(f"wrote {args.out / 'adapter.safetensors'}: dev loss {least:.4f}")


main()
