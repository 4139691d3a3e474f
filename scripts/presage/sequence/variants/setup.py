"""From a study's files and settings to a scorer: the start of every job that scores."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from presage.config.variants import Variants
from presage.sequence.loading import load_model
from presage.sequence.model.outputs import outputs_of
from presage.sequence.reference.genome import Genome
from presage.sequence.variants.scorer import Scorer


class Scoring(NamedTuple):
    """A scorer, the tracks that it scores (columns ``slug cell_type assay strand``), and the hashes of its models."""

    scorer: Scorer
    tracks: pd.DataFrame
    hashes: dict[str, str]


def load_scoring(
    trunk: str | Path,
    adapters: Iterable[str | Path],
    fasta: str | Path,
    settings: Variants,
    on: str = "cpu",
) -> Scoring:
    """Load every adapter on its trunk. ``adapters``: files in the folders of the fits whose predictions are averaged.

    Raises :class:`UserError` where an adapter is of another trunk, or predicts something else than the first.
    """
    adapters = [*adapters]
    outputs = outputs_of(adapters)
    models = [load_model(trunk, Path(adapter).parent, on) for adapter in adapters]
    scorer = Scorer(
        models,
        Genome(fasta),
        rc=settings.rc,
        pseudocount=settings.pseudocount,
        spans=[settings.span.get(assay) for assay in outputs.tracks["assay"]],
        shifts=settings.shifts,
        step=settings.window_step,
        scale=outputs.scale,
        sparse=settings.sparse,
    )
    hashes = {name: joint_hash([getattr(m, name) for m in models]) for name in ("trunk_hash", "adapter_hash")}
    return Scoring(scorer, outputs.tracks, {"model_hash": hashes["trunk_hash"], "adapter_hash": hashes["adapter_hash"]})


def joint_hash(hashes: list[str]) -> str:
    """One hash for several models: the hash itself where all agree, else 16 hex digits over all of them in order."""
    unique = list(dict.fromkeys(hashes))
    return unique[0] if len(unique) == 1 else hashlib.sha256(" ".join(unique).encode()).hexdigest()[:16]
