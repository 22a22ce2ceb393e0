"""The embedder's BERT in torch, with two heads over the second of two texts."""

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

WIDTH, INNER, HEADS, LAYERS = 384, 1536, 12, 6
# The head over the whole text looks at so many of the most doubtful tokens.
WORST = 3
# The words that it knows stay as they are.
NOT_TRAINED = ("bert.words.weight", "bert.positions.weight")
# By the names in the safetensors file.
PARTS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "out": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "norm": "output.LayerNorm",
}


def norm():
    return nn.LayerNorm(WIDTH, eps=1e-12)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.attention_norm = norm()
        self.up, self.down = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.norm = norm()

    def forward(self, x, mask, dropout):
        batch, length, _ = x.shape

        def heads(t):
            return t.view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2)

        seen = F.scaled_dot_product_attention(
            heads(self.query(x)), heads(self.key(x)), heads(self.value(x)), attn_mask=mask
        )
        seen = self.out(seen.transpose(1, 2).reshape(batch, length, WIDTH))
        x = self.attention_norm(x + F.dropout(seen, dropout, self.training))
        return self.norm(x + F.dropout(self.down(F.gelu(self.up(x))), dropout, self.training))


class Bert(nn.Module):
    def __init__(self, path):
        super().__init__()
        weights = load_file(path)
        self.words, self.positions, self.types = nn.Embedding(30522, WIDTH), nn.Embedding(512, WIDTH), nn.Embedding(2, WIDTH)
        self.embedding_norm = norm()
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.load_state_dict({ours: weights[theirs].float() for ours, theirs in self.names().items()})

    def names(self):
        """Our parameters' names and those in the file."""
        names = {
            "words.weight": "embeddings.word_embeddings.weight",
            "positions.weight": "embeddings.position_embeddings.weight",
            "types.weight": "embeddings.token_type_embeddings.weight",
            "embedding_norm.weight": "embeddings.LayerNorm.weight",
            "embedding_norm.bias": "embeddings.LayerNorm.bias",
        }
        for layer in range(LAYERS):
            for ours, theirs in PARTS.items():
                for kind in ("weight", "bias"):
                    names[f"layers.{layer}.{ours}.{kind}"] = f"encoder.layer.{layer}.{theirs}.{kind}"
        return names

    def forward(self, ids, types, mask, dropout=0.1):
        x = self.embedding_norm(self.words(ids) + self.positions.weight[: ids.shape[1]] + self.types(types))
        mask = mask.bool()[:, None, None, :]
        for layer in self.layers:
            x = layer(x, mask, dropout)
        return x


class CrossEncoder(nn.Module):
    """Log-odds that a token of the second text says what the first does not, and that anything in it does."""

    def __init__(self, path):
        super().__init__()
        self.bert = Bert(path)
        self.token = nn.Linear(WIDTH, 1)
        self.hidden = nn.Linear(WIDTH, 128)
        self.whole = nn.Linear(128, 1)
        self.mix = nn.Parameter(torch.tensor([0.5, 0.5, -0.5]))

    def forward(self, ids, types, mask):
        states = self.bert(ids, types, mask)
        second = (types == 1) & (mask == 1)
        tokens = self.token(states)[..., 0]
        worst = tokens.masked_fill(~second, -30.0).topk(WORST, dim=1).values
        pooled = F.gelu(self.hidden(states)).masked_fill(~second[..., None], -1.0).max(1).values
        mixed = self.mix[0] * worst[:, 0] + self.mix[1] * worst.mean(1) + self.mix[2]
        return tokens, mixed + self.whole(pooled)[:, 0]


def export(net, base, rank, path):
    """Factors of the difference for matrices, the difference for vectors, the heads as they are; 16 bits."""
    before, after, out = load_file(base), net.state_dict(), {}
    for ours, theirs in net.bert.names().items():
        if f"bert.{ours}" in NOT_TRAINED:
            continue
        difference = after[f"bert.{ours}"] - before[theirs].float()
        if difference.dim() == 1 or ours == "types.weight":
            out[f"{theirs}.add"] = difference
        else:
            u, s, v = torch.linalg.svd(difference.double(), full_matrices=False)
            root = s[:rank].sqrt()
            out[f"{theirs}.up"] = u[:, :rank] * root
            out[f"{theirs}.down"] = root[:, None] * v[:rank]
    out |= {name: value for name, value in after.items() if not name.startswith("bert.")}
    save_file({name: value.half().contiguous() for name, value in out.items()}, path)
