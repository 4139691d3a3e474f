"""The transformer's first block. Its input differs between edits in a few tokens, so the rest is computed once a batch.

Softmax over all keys is put together from softmax over two parts of them, the keys that some edit changes and those
that none does, weighted by their sums of exponentials (Milakov and Gimelshein 2018). Sums of positive numbers are
added, none is subtracted, so nothing is lost to rounding, whatever attention looks at.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from presage.sequence.sparse_tower.tower import Changed
from presage.sequence.trunk.attention import ALL, Places, RelativeAttention
from presage.sequence.trunk.borzoi import TransformerBlock
from presage.sequence.trunk.rotary import RotaryAttention


class Part(NamedTuple):
    """Attention to some of the keys.

    ``weight`` [B, heads, rows]: log of the sum of exponentials of logits; ``mixed`` [B, heads, rows, value_size]: the
    mean of values under their softmax.
    """

    weight: Tensor
    mixed: Tensor

    def of_edits(self, changed: "Part", rows: Tensor) -> "Part":
        """A copy for each edit, in which some rows are those of ``changed``."""
        copies = [own.repeat(len(new), *[1] * (own.ndim - 1)) for own, new in zip(self, changed)]
        for own, new in zip(copies, changed):
            own[:, :, rows] = new
        return Part(*copies)

    def joined(self, other: "Part") -> Tensor:
        """Attention to the keys of both."""
        share = torch.sigmoid(other.weight - self.weight)[..., None]
        return torch.lerp(self.mixed, other.mixed, share.to(self.mixed))


class FirstBlock:
    """The block, of one reference window.

    It holds the tokens [T, C], their queries, keys and values, and what the last batch shared: next to it in a
    mutagenesis are edits of the same tokens.
    """

    def __init__(self, block: TransformerBlock, tokens: Tensor) -> None:
        """``tokens`` [C, T]."""
        self._block, self._tokens = block, tokens
        self._query, self._key, self._value = self._project(tokens.T[None], ALL)
        self._last: tuple[list[int], Part] | None = None

    def edited(self, changed: Changed) -> Tensor:
        """What the block gives for each edit: [edits, T, C]."""
        touched = np.unique(changed.starts[:, None] + np.arange(changed.values.shape[-1]))
        kept = np.setdiff1d(np.arange(self._tokens.shape[-1]), touched)
        at, rest = (torch.from_numpy(places).to(self._tokens.device) for places in (touched, kept))
        own = Changed(changed.values, np.searchsorted(touched, changed.starts)).over(self._tokens[:, at]).mT
        query, key, value = self._project(own, at)
        kept_keys = self._key[:, :, rest], self._value[:, :, rest]
        if self._last is None or self._last[0] != touched.tolist():
            self._last = touched.tolist(), self._attend(self._query, *kept_keys, ALL, rest)
        to_kept = self._last[1].of_edits(self._attend(query, *kept_keys, at, rest), at)
        queries = self._query.repeat(len(own), 1, 1, 1)
        queries[:, :, at] = query
        mixed = to_kept.joined(self._attend(queries, key, value, ALL, at))
        tokens = self._tokens.T.repeat(len(own), 1, 1)
        tokens[:, at] = own
        return self._block.after_attention(tokens, self._attention.collect(mixed))

    @property
    def _attention(self) -> RelativeAttention | RotaryAttention:
        return self._block.attention  # type: ignore[return-value]

    def _project(self, tokens: Tensor, places: Places) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values [B, heads, places, ...] of tokens [B, places, C]."""
        whole, normed = self._tokens.shape[-1], self._block.attention_norm(tokens)
        query = self._attention.queries(normed, whole, places)
        shared = (self._attention.keys(normed, whole, places), self._attention.values(normed))
        key, value = (x.repeat_interleave(query.shape[1] // x.shape[1], dim=1) for x in shared)
        return query, key, value

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, rows: Places, columns: Places) -> Part:
        logits = self._attention.logits(query, key, self._tokens.shape[-1], rows, columns)
        return Part(logits.logsumexp(-1), logits.softmax(-1) @ value)
