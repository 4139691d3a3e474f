"""What a score is made of: models, strands and shifts that are averaged, and the windows in which variants lie."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.reference.genome import Genome
from presage.sequence.targets.scaling import Scale
from presage.sequence.variants.alleles import Variant


class Replicate(NamedTuple):
    """One of the predictions that are averaged: a model, the strand that it reads, and by how many bp its window lies
    downstream of where it would lie."""

    model: SequenceModel
    reverse: bool
    shift: int


@dataclass(frozen=True)
class Scorer:
    """Models of the same shape and tracks, and how effects are read from them.

    Attributes
    ----------
    models : one or more (seeds of one adapter, several adapters); all must share tracks and window
    genome : where sequence comes from
    rc : average over both strands of the DNA; a stranded track is then read from its partner
    shifts : average over windows moved by so many bp
    pseudocount : added to sums, in units of coverage
    spans : for each track, bp around the variant whose bins are read; None = all output bins
    step : bp; the variants of a step share one window, whose middle is the step's. 1 = each in the middle of its own
    scale : how targets were made from coverage; a squash or soft clip is undone before anything is summed
    sparse : recompute only what a substitution changes (:mod:`presage.sequence.sparse_tower`)
    """

    models: Sequence[SequenceModel]
    genome: Genome
    rc: bool = True
    pseudocount: float = 1.0
    spans: Sequence[int | None] | None = None
    shifts: Sequence[int] = (0,)
    step: int = 1
    scale: Scale | None = None
    sparse: bool = True
    _bent: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        if not self.models:
            raise ValueError("no model to score with")
        if any(model.tracks != self.tracks or model.trunk.context != self.context for model in self.models):
            raise ValueError("models differ in tracks or context: score them one by one")
        object.__setattr__(self, "_bent", self.scale is not None and not self.scale.linear)

    @property
    def tracks(self) -> list[str]:
        """Slugs, in the order of every result's columns."""
        return self.models[0].tracks

    @property
    def context(self) -> int:
        """Length of a window, bp."""
        return self.models[0].trunk.context

    @property
    def bins(self) -> int:
        """Output bins of a window."""
        return self.models[0].trunk.out_bins

    @property
    def bin_size(self) -> int:
        """bp"""
        return self.models[0].trunk.bin_size

    @property
    def replicates(self) -> list[Replicate]:
        """Everything that is averaged."""
        strands = (False, True)[: 1 + self.rc]
        return [Replicate(model, strand, shift) for model in self.models for shift in self.shifts for strand in strands]

    def window(self, site: Variant) -> int:
        """0-based start of the window in which a variant is scored, shift 0; it may be negative."""
        return site.pos // self.step * self.step + self.step // 2 - self.context // 2

    def grouped(self, sites: Iterable[Variant], most: int) -> Iterator[tuple[int, list[Variant]]]:
        """Neighbours in ``sites`` that share a window, at most ``most`` together, with the window's start."""
        for (_, start), group in groupby(sites, key=lambda site: (site.chrom, self.window(site))):
            together = list(group)
            yield from ((start, together[i : i + most]) for i in range(0, len(together), most))

    def first_base(self, start: int) -> int:
        """0-based first base of output bin 0 of the window that starts at ``start``."""
        return start + (self.context - self.bins * self.bin_size) // 2

    def away(self, start: int, sites: Sequence[Variant]) -> Tensor:
        """bp from each variant to the nearer edge of each output bin, 0 inside: int64 ``[n, bins]``."""
        edges = self.first_base(start) + self.bin_size * torch.arange(self.bins)
        left = edges[None] - torch.tensor([site.pos for site in sites])[:, None]
        return torch.maximum(left, -(left + self.bin_size)).clamp(min=0)

    def mask(self, away: Tensor, centre: int | None = None) -> Tensor:
        """bool ``[n, bins, tracks]``: bins within the span of each track (or of ``centre`` bp) around the variants."""
        spans = self.spans if self.spans is not None else [None] * len(self.tracks)
        reach = torch.tensor([float("inf") if span is None else span / 2 for span in spans], device=away.device)
        if centre is not None:
            reach = torch.full_like(reach, centre / 2)
        return away[..., None] < reach

    def coverage(self, prediction: Tensor, columns: np.ndarray | None = None) -> Tensor:
        """What a model says ``[..., tracks]``, as coverage, float64: squash and soft clip are undone.

        ``columns``: the tracks, where they are not all.
        """
        prediction = prediction.double()
        if not self._bent or self.scale is None:
            return prediction
        scale = self.scale if columns is None else self.scale.select(columns)
        return torch.from_numpy(scale.inverse(prediction.cpu().numpy())).to(prediction.device)
