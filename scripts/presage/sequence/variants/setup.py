"""From a study's files and settings to a scorer: the start of every job that scores."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from presage.config.variants import Variants
from presage.sequence.loading import load_model
from presage.sequence.reference.genome import Genome
from presage.sequence.targets.target_set import TargetSet
from presage.sequence.targets.track_names import describe, track_info
from presage.sequence.variants.scorer import Scorer


class Scoring(NamedTuple):
    """A scorer, the tracks that it scores (columns ``slug cell_type assay strand``), and the hashes of its models."""

    scorer: Scorer
    tracks: pd.DataFrame
    hashes: dict[str, str]


def load_scoring(
    trunk: str | Path,
    adapters: Iterable[str | Path],
    targets: str | Path,
    tracks: str | Path | None,
    fasta: str | Path,
    settings: Variants,
    on: str = "cpu",
) -> Scoring:
    """Load every adapter on its trunk.

    Parameters
    ----------
    adapters : files in the folders of the fits whose predictions are averaged
    targets : what they were fitted to; tells names and scale
    tracks : the `tracks` table, where the run has one
    """
    models = [load_model(trunk, Path(adapter).parent, on) for adapter in adapters]
    fitted = TargetSet.open(targets)
    table = describe(fitted, tracks)
    slugs = models[0].tracks
    scorer = Scorer(
        models,
        Genome(fasta),
        rc=settings.rc,
        pseudocount=settings.pseudocount,
        spans=[settings.span.get(assay) for assay in track_info(slugs, table)["assay"]],
        shifts=settings.shifts,
        step=settings.window_step,
        scale=fitted.scale_of(slugs),
        sparse=settings.sparse,
    )
    hashes = {name: joint_hash([getattr(m, name) for m in models]) for name in ("trunk_hash", "adapter_hash")}
    return Scoring(scorer, table, {"model_hash": hashes["trunk_hash"], "adapter_hash": hashes["adapter_hash"]})


def joint_hash(hashes: list[str]) -> str:
    """One hash for several models: the hash itself where all agree, else 16 hex digits over all of them in order."""
    unique = list(dict.fromkeys(hashes))
    return unique[0] if len(unique) == 1 else hashlib.sha256(" ".join(unique).encode()).hexdigest()[:16]
