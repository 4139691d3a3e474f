"""Multi-head attention with rotary positions (Su et al. 2021) and shared keys (Ainslie et al. 2023), as in Flashzoi."""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from presage.sequence.trunk.attention import ALL, Places


@lru_cache(maxsize=4)
@torch.inference_mode(False)  # the cached tensors serve fits, too
def rotations(tokens: int, size: int, base: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosine and sine by which each token turns each pair of channels: float32 [tokens, size / 2] both.

    Pair ``i`` turns by ``base ** (-2 i / size)`` radians a token.
    """
    speed = base ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
    angle = torch.arange(tokens, dtype=torch.float64)[:, None] * speed
    return angle.cos().float().to(device), angle.sin().float().to(device)


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Turn the first channels of x [..., T, C]; channel ``i`` pairs with ``i + size / 2``. The rest stays as it is.

    Products of a turned query and a turned key depend on the distance of their tokens only.
    """
    half = cosine.shape[-1]
    a, b, rest = x.split([half, half, x.shape[-1] - 2 * half], dim=-1)
    return torch.cat([a * cosine - b * sine, b * cosine + a * sine, rest], dim=-1)


class RotaryAttention(nn.Module):
    """Attention that turns queries and keys by their position. [B, T, C] -> [B, T, C].

    With ``rows``, only the output of those tokens is computed, [B, rows, C]; they still attend to all.
    ``key_value_heads`` (default: ``heads``) heads of keys and values serve ``heads`` heads of queries in groups of
    neighbours. ``rotary_size`` (default: ``key_size``) channels of a head turn.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        key_size: int,
        value_size: int,
        key_value_heads: int | None = None,
        rotary_size: int | None = None,
        base: float = 20_000.0,
    ) -> None:
        super().__init__()
        shared = key_value_heads or heads
        self.key_size, self.value_size = key_size, value_size
        self.rotary_size, self.base = rotary_size or key_size, base
        self.query = nn.Linear(width, heads * key_size)
        self.key = nn.Linear(width, shared * key_size)
        self.value = nn.Linear(width, shared * value_size)
        self.out = nn.Linear(heads * value_size, width)

    def forward(self, x: Tensor, rows: slice = ALL) -> Tensor:
        """x float32 [B, T, C]."""
        tokens = x.shape[1]
        query, key = self.queries(x[:, rows], tokens, rows), self.keys(x, tokens)
        return self.collect(F.scaled_dot_product_attention(query, key, self.values(x), enable_gqa=True))

    def queries(self, x: Tensor, tokens: int, rows: Places = ALL) -> Tensor:
        """Of tokens x [B, rows, C], which lie at ``rows`` among ``tokens``: [B, heads, rows, key_size]."""
        return self._turned(_by_head(self.query(x), self.key_size), tokens, rows)

    def keys(self, x: Tensor, tokens: int, columns: Places = ALL) -> Tensor:
        """Of tokens x [B, columns, C]: [B, key_value_heads, columns, key_size]."""
        return self._turned(_by_head(self.key(x), self.key_size), tokens, columns)

    def values(self, x: Tensor) -> Tensor:
        return _by_head(self.value(x), self.value_size)

    def logits(self, query: Tensor, key: Tensor, tokens: int, rows: Places = ALL, columns: Places = ALL) -> Tensor:
        """[B, heads, rows, columns], of as many heads of keys as of queries."""
        return query @ key.transpose(-1, -2) * self.key_size**-0.5

    def collect(self, mixed: Tensor) -> Tensor:
        """Mixed values [B, heads, T, value_size] -> [B, T, C]."""
        return self.out(mixed.transpose(1, 2).flatten(2))

    def _turned(self, x: Tensor, tokens: int, rows: Places) -> Tensor:
        cosine, sine = rotations(tokens, self.rotary_size, self.base, x.device)
        return rotate(x, cosine[rows].to(x), sine[rows].to(x))


def _by_head(x: Tensor, size: int) -> Tensor:
    """[B, T, heads * size] -> [B, heads, T, size]."""
    return x.unflatten(-1, (-1, size)).transpose(1, 2)
