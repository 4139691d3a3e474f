"""Multi-head attention with relative positions, as in Enformer and Borzoi."""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@lru_cache(maxsize=8)
def central_mask_features(tokens: int, features: int) -> Tensor:
    """Features of the relative positions ``-(tokens - 1) .. tokens - 1``: float32 [2 * tokens - 1, features].

    Half of them are indicators of "nearer than a width", with widths that grow geometrically to ``tokens``; the other half
    are the same times the sign of the position (Avsec et al. 2021, central mask). They depend on the number of tokens, so
    they are made for each length.
    """
    position = torch.arange(1 - tokens, tokens, dtype=torch.float32)
    exponent = torch.arange(1, features // 2 + 1, dtype=torch.float32)
    widths = float(tokens + 1) ** (exponent / (features // 2)) - 1
    near = (widths > position.abs()[:, None]).float()
    return torch.cat([near, near * position.sign()[:, None]], dim=1)


def relative_shift(logits: Tensor) -> Tensor:
    """[..., T, 2T - 1] by relative position -> [..., T, T] by key: ``out[i, j] = logits[i, j - i + T - 1]``.

    The padding trick of Transformer-XL (Dai et al. 2019): one more column makes a row's end the next row's start.
    """
    *lead, tokens, positions = logits.shape
    padded = F.pad(logits, (1, 0)).reshape(*lead, positions + 1, tokens)
    return padded[..., 1:, :].reshape(*lead, tokens, positions)[..., :tokens]


class RelativeAttention(nn.Module):
    """Attention whose logits add a content and a position term, each with its own learned bias. [B, T, C] -> [B, T, C]."""

    def __init__(self, width: int, heads: int, key_size: int, value_size: int, position_features: int) -> None:
        super().__init__()
        self.heads, self.key_size, self.position_features = heads, key_size, position_features
        self.query = nn.Linear(width, heads * key_size, bias=False)
        self.key = nn.Linear(width, heads * key_size, bias=False)
        self.value = nn.Linear(width, heads * value_size, bias=False)
        self.position = nn.Linear(position_features, heads * key_size, bias=False)
        self.out = nn.Linear(heads * value_size, width)
        self.content_bias = nn.Parameter(torch.zeros(1, heads, 1, key_size))
        self.position_bias = nn.Parameter(torch.zeros(1, heads, 1, key_size))

    def forward(self, x: Tensor) -> Tensor:
        """x float32 [B, T, C]."""
        split = lambda y: y.unflatten(-1, (self.heads, -1)).transpose(-2, -3)  # noqa: E731  [.., T, HC] -> [.., H, T, C]
        query = split(self.query(x)) * self.key_size**-0.5
        features = central_mask_features(x.shape[1], self.position_features).to(x)
        by_position = (query + self.position_bias) @ split(self.position(features)).transpose(-1, -2)
        attended = F.scaled_dot_product_attention(
            query + self.content_bias,
            split(self.key(x)),
            split(self.value(x)),
            attn_mask=relative_shift(by_position),
            scale=1.0,
        )
        return self.out(attended.transpose(1, 2).flatten(2))
