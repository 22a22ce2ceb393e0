"""Pairs of texts as tensors."""

import torch
from tokenizers import Tokenizer

BATCH = 32
MOST_TOKENS = 256


def load_tokenizer(base):
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MOST_TOKENS, strategy="only_first")
    tokenizer.encode_special_tokens = True
    return tokenizer


def encoded(tokenizer, pairs):
    """The encodings, and ids, types and mask, padded to the longest."""
    texts = tokenizer.encode_batch([tuple(pair) for pair in pairs])
    length = max(len(text.ids) for text in texts)

    def padded(of):
        return torch.tensor([getattr(text, of) + [0] * (length - len(text.ids)) for text in texts])

    return texts, padded("ids"), padded("type_ids"), padded("attention_mask")
