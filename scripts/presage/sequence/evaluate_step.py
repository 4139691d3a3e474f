"""The step of evaluation on tracks: every fitted adapter, baselines, adapters from elsewhere, ceilings, the trunk."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd

from presage.config.evaluate import Evaluate
from presage.sequence.adapters.files import WEIGHTS
from presage.sequence.evaluation.ceilings import ceilings
from presage.sequence.evaluation.examples import example
from presage.sequence.evaluation.folds import evaluate_folds, evaluate_trunk
from presage.sequence.evaluation.given import evaluate_given
from presage.sequence.loading import load_model
from presage.sequence.model.outputs import outputs_of
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.targets.target_set import TargetSet
from presage.sequence.targets.track_names import describe

log = logging.getLogger("presage")


@dataclass(frozen=True)
class Models:
    """A trunk's files and the adapters on it; a folder of an adapter is ``<name>/seed<k>``. Loaded one at a time."""

    trunk: str | Path
    device: str

    def load(self, folder: Path | None = None) -> SequenceModel:
        """The trunk with the adapter of ``folder``; without one, by itself."""
        return load_model(self.trunk, folder, self.device)

    def each(self, folders: Sequence[Path]) -> Iterator[tuple[int, SequenceModel]]:
        """Seed and model of each folder."""
        for folder in folders:
            yield int(folder.name.removeprefix("seed")), self.load(folder)


def evaluate_tracks(
    models: Models,
    fitted: Sequence[Path],
    given: Sequence[Path],
    targets: TargetSet,
    tracks: pd.DataFrame,
    genes: pd.DataFrame,
    settings: Evaluate,
    *,
    qc: Mapping[str, Mapping[str, Any]],
    trunk_targets: Sequence[TargetSet] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The `metrics` table of a study's tracks, and one window to look at (:func:`~.examples.example`).

    Parameters
    ----------
    fitted, given : folders of the adapters of this study (one at least) and of those from elsewhere, seeds of a name
        side by side. One from elsewhere none of whose tracks was measured here is named in the log and left out.
    tracks, genes : the tables; an empty genes table means that none are known
    qc : of each track slug, what qc.json says
    trunk_targets : what the trunk itself was trained on
    """
    known = genes if len(genes) else None
    divided_by = {slug: track["divided_by"] for slug, track in qc.items()}
    trunk = models.load()

    def ours() -> Iterator[tuple[str, int, SequenceModel]]:
        for folder in fitted:
            yield folder.parent.name, *next(models.each([folder]))

    found = [evaluate_folds(ours, targets, tracks, known, settings, trunk=trunk, divided_by=divided_by)]
    for name, seeds in groupby(given, lambda folder: folder.parent.name):
        theirs = [*seeds]
        outputs = outputs_of([folder / WEIGHTS for folder in theirs])
        each = partial(models.each, theirs)
        metrics = evaluate_given(name, each, outputs.tracks, targets, tracks, known, settings, divided_by)
        if metrics is None:
            log.warning("%s is not evaluated: none of its tracks (cell type, assay, strand) was measured here", name)
        else:
            found.append(metrics)
    first = models.load(fitted[0])
    found.append(ceilings(qc, first.tracks, targets.simulated))
    of_trunk = [evaluate_trunk(trunk, own, describe(own), settings) for own in trunk_targets]
    filled = [part for part in [*found, *of_trunk] if part is not None and len(part)]
    return pd.concat(filled, ignore_index=True), example(first, targets)
