"""Multi-head attention with relative positions, as in Enformer and Borzoi."""

from functools import lru_cache

import torch
from torch import Tensor, nn

ALL = slice(None)
Places = slice | Tensor
"""Some of the tokens: a slice, or their numbers (int64)."""


def central_mask_features(position: Tensor, tokens: int, features: int) -> Tensor:
    """Features of relative positions (int64 [n], in tokens): float32 [n, features].

    Half of them say "nearer than a width", with widths that grow geometrically to ``tokens``; the other half are
    the same times the sign of the position (central mask, Avsec et al. 2021). They depend on the number of tokens,
    not on the position alone.
    """
    exponent = torch.arange(1, features // 2 + 1, dtype=torch.float32)
    widths = float(tokens + 1) ** (exponent / (features // 2)) - 1
    near = (widths > position.abs()[:, None]).float()
    return torch.cat([near, near * position.sign()[:, None]], dim=1)


@lru_cache(maxsize=4)
@torch.inference_mode(False)  # the cached tensors serve fits, too
def position_classes(
    tokens: int, features: int, device: torch.device, span: int | None = None
) -> tuple[Tensor, Tensor]:
    """Distinct feature rows, float32 [classes, features], and the row of each query and key, int64 [tokens, tokens].

    Indicators change at a few widths only, so 2 * tokens - 1 relative positions fall into at most 2 * features
    classes. Logits of classes, spread by a gather, equal the relative shift of logits of positions (Dai et al.
    2019) and cost a small part of it. ``span`` is the number of tokens that the features are made for, if another.
    """
    rows = central_mask_features(torch.arange(1 - tokens, tokens), span or tokens, features)
    distinct, number = torch.unique(rows, dim=0, return_inverse=True)
    place = torch.arange(tokens)
    return distinct.to(device), number[place[None, :] - place[:, None] + tokens - 1].to(device)


class RelativeAttention(nn.Module):
    """Attention whose logits add a content and a position term, each with a learned bias. [B, T, C] -> [B, T, C].

    With ``rows``, only the output of those tokens is computed, [B, rows, C]; they still attend to all.
    ``span``: tokens that the position features are made for, where that is not the number of tokens that come.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        key_size: int,
        value_size: int,
        position_features: int,
        span: int | None = None,
    ) -> None:
        super().__init__()
        self.heads, self.key_size, self.position_features, self.span = heads, key_size, position_features, span
        self.query = nn.Linear(width, heads * key_size, bias=False)
        self.key = nn.Linear(width, heads * key_size, bias=False)
        self.value = nn.Linear(width, heads * value_size, bias=False)
        self.position = nn.Linear(position_features, heads * key_size, bias=False)
        self.out = nn.Linear(heads * value_size, width)
        self.content_bias = nn.Parameter(torch.zeros(1, heads, 1, key_size))
        self.position_bias = nn.Parameter(torch.zeros(1, heads, 1, key_size))

    def forward(self, x: Tensor, rows: slice = ALL) -> Tensor:
        """x float32 [B, T, C]."""
        tokens = x.shape[1]
        logits = self.logits(self.queries(x[:, rows], tokens, rows), self.keys(x, tokens), tokens, rows)
        return self.collect(logits.softmax(-1) @ self.values(x))

    def queries(self, x: Tensor, tokens: int, rows: Places = ALL) -> Tensor:
        """Of tokens x [B, rows, C], which lie at ``rows`` among ``tokens``: [B, heads, rows, key_size]."""
        return self._by_head(self.query(x)) * self.key_size**-0.5

    def keys(self, x: Tensor, tokens: int, columns: Places = ALL) -> Tensor:
        return self._by_head(self.key(x))

    def values(self, x: Tensor) -> Tensor:
        return self._by_head(self.value(x))

    def logits(self, query: Tensor, key: Tensor, tokens: int, rows: Places = ALL, columns: Places = ALL) -> Tensor:
        """Of queries that lie at ``rows`` and keys that lie at ``columns``: [B, heads, rows, columns]."""
        features, number = self.positions(tokens, query.device)
        by_class = (query + self.position_bias) @ self._by_head(self.position(features.to(query))).transpose(-1, -2)
        logits = (query + self.content_bias) @ key.transpose(-1, -2)
        return logits.add_(by_class.gather(-1, number[rows][:, columns].expand(*by_class.shape[:2], -1, -1)))

    def collect(self, mixed: Tensor) -> Tensor:
        """Mixed values [B, heads, T, value_size] -> [B, T, C]."""
        return self.out(mixed.transpose(1, 2).flatten(2))

    def positions(self, tokens: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Rows of features, float32 [rows, features], and the row of each query and key, int64 [tokens, tokens]."""
        return position_classes(tokens, self.position_features, device, self.span)

    def _by_head(self, x: Tensor) -> Tensor:
        """[..., T, heads * C] -> [..., heads, T, C]."""
        return x.unflatten(-1, (self.heads, -1)).transpose(-2, -3)
