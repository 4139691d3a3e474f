"""How an effect is read from coverage: the log2 ratio of sums over the output bins near a change.

For one model and one strand of the DNA, and a track whose bins are summed over a span (or all of them)::

    log_fc = log2((sum ALT + c) / (sum REF + c))       c = pseudocount
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Reading:
    """Where and how effects are read.

    Attributes
    ----------
    first : offset in the window of the first base of output bin 0
    bin_size : bp
    spans : for each track, bp around the change whose bins are summed; None = all output bins
    pseudocount : c of the module's formula, in units of coverage
    """

    first: int
    bin_size: int
    spans: tuple[int | None, ...]
    pseudocount: float

    def log_fc(self, ref: Tensor, alt: Tensor, at: Sequence[int]) -> np.ndarray:
        """Effects float64 ``[n, tracks]`` of changes at the offsets ``at`` of a window.

        ``ref`` is coverage ``[bins, tracks]``, ``alt`` that of each change ``[n, bins, tracks]``.
        """
        before = self._sums(ref.expand(len(at), *ref.shape), at)
        after = self._sums(alt, at)
        return torch.log2((after + self.pseudocount) / (before + self.pseudocount)).cpu().numpy()

    def bins(self, at: int, span: int, bins: int) -> tuple[int, int]:
        """The half-open range of those of ``bins`` output bins whose nearer edge is closer to ``at`` than half a span.

        A span that reaches no output bin gives an empty range.
        """
        left = self.first + self.bin_size * np.arange(bins) - at
        near = np.flatnonzero(np.maximum(left, -(left + self.bin_size)).clip(min=0) < span / 2)
        return (int(near[0]), int(near[-1]) + 1) if len(near) else (0, 0)

    @cached_property
    def _groups(self) -> list[tuple[int | None, list[int]]]:
        return [(span, [i for i, s in enumerate(self.spans) if s == span]) for span in dict.fromkeys(self.spans)]

    def _sums(self, coverage: Tensor, at: Sequence[int]) -> Tensor:
        """float64 ``[n, tracks]`` of coverage ``[n, bins, tracks]``."""
        n, bins, tracks = coverage.shape
        out = torch.empty((n, tracks), dtype=torch.float64, device=coverage.device)
        for span, columns in self._groups:
            if span is None:
                out[:, columns] = coverage[:, :, columns].sum(1, dtype=torch.float64)
                continue
            for i, place in enumerate(at):
                low, high = self.bins(place, span, bins)
                out[i, columns] = coverage[i, low:high][:, columns].sum(0, dtype=torch.float64)
        return out
