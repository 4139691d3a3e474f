"""Which output of the frozen trunk a run can start from, told from its settings alone: no weights, no torch."""

import fnmatch
import re
from typing import Literal

from presage.config.adapt import AdaptRun

Stage = Literal["encoded", "embedding"]

NUMBERS: dict[Stage, int] = {"encoded": 1, "embedding": 2}
"""Stages of the model that lie before it: see :class:`presage.sequence.model.sequence_model.SequenceModel`."""

_SLICE = re.compile(r"\[-?\d*:-?\d*\]$")  # `[-4:]` after a pattern only takes fewer of the layers that fit it
_EARLY = ("stem", *(f"tower.{block}.{part}" for block in range(32) for part in ("norm", "conv", "slot")))


def cached_stage(run: AdaptRun) -> Stage | None:
    """``embedding`` for a head alone, ``encoded`` for adapters behind the convolution tower, None for others."""
    if not run.adapters:
        return "encoded" if run.trunk_dropout else "embedding"
    patterns = [pattern for one in run.adapters for pattern in (*(one.targets or ()), *(one.inputs or ()))]
    early = any(fnmatch.filter(_EARLY, _SLICE.sub("", pattern)) for pattern in patterns)
    return None if early else "encoded"
