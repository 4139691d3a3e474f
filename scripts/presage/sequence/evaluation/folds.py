"""The evaluation fold by fold: what adapters reach where they were fitted, chosen and tested."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd

from presage.config.evaluate import Evaluate
from presage.sequence.evaluation.baselines import Baseline, baselines
from presage.sequence.evaluation.measured import Measured
from presage.sequence.evaluation.tracks import evaluate_tracks
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.reference.folds import FOLDS
from presage.sequence.reference.leakage import FoldMap
from presage.sequence.targets.target_set import TargetSet

TEST_CLEAN = "test_clean"
"""Test windows whose input meets no window that was trained on: named where some do and some do not."""
Load = Callable[[], Iterator[tuple[str, int, SequenceModel]]]


def evaluate_folds(
    load: Load,
    targets: TargetSet,
    tracks: pd.DataFrame,
    genes: pd.DataFrame | None,
    settings: Evaluate,
    *,
    trunk: SequenceModel | None = None,
    divided_by: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Rows of the `metrics` table of every adapter and baseline, in every fold.

    ``load`` gives (adapter name, seed, model), one after the other, again for each fold. ``trunk`` with its own head
    is a baseline of the adapters; without ``tracks`` it would have nothing to say.
    """
    rows = []
    known: dict[str, Baseline] = {}
    slugs = next(load())[2].tracks
    for split, some in splits(targets, settings.train_windows).items():
        fold = "test" if split == TEST_CLEAN else split
        measured = Measured.of(
            slugs,
            targets,
            tracks,
            genes,
            fold,
            rows=some,
            divided_by=divided_by,
            batch_size=settings.batch_size,
            ranked=settings.spearman,
        )
        known = known or baselines(measured, trunk)
        rows.append(_one(load, measured, split, settings, known))
    return pd.concat(rows, ignore_index=True)


def evaluate_trunk(
    trunk: SequenceModel, targets: TargetSet, tracks: pd.DataFrame, settings: Evaluate
) -> pd.DataFrame | None:
    """The trunk with its own head on the tracks it was trained on, in every fold; None where they are not at hand."""
    if not set(trunk.tracks) <= set(targets.tracks):
        return None
    rows = []
    for split, some in splits(targets, settings.train_windows).items():
        fold = "test" if split == TEST_CLEAN else split
        measured = Measured.of(
            trunk.tracks,
            targets,
            tracks,
            None,
            fold,
            rows=some,
            batch_size=settings.batch_size,
            ranked=settings.spearman,
        )
        rows.append(_one(lambda: iter([("trunk", 0, trunk)]), measured, split, settings, {}))
    return pd.concat(rows, ignore_index=True)


def splits(targets: TargetSet, train_windows: int) -> dict[str, np.ndarray]:
    """Row numbers of the windows of each split: the folds, of train at most ``train_windows``, evenly spaced; and
    :data:`TEST_CLEAN`."""
    found = {fold: targets.fold(fold) for fold in reversed(FOLDS)}
    train = found["train"]
    found["train"] = train[np.linspace(0, len(train) - 1, min(len(train), train_windows)).round().astype(int)]
    test = targets.windows.iloc[found["test"]]
    trained = FoldMap(targets.windows).touches(
        test["chrom"].to_numpy(object), test["start"].to_numpy(), test["end"].to_numpy()
    )[:, FOLDS.index("train")]
    if trained.any() and not trained.all():
        found[TEST_CLEAN] = found["test"][~trained]
    return {split: rows for split, rows in found.items() if len(rows)}


def _one(load: Load, measured: Measured, split: str, settings: Evaluate, known: Mapping[str, Baseline]) -> pd.DataFrame:
    return evaluate_tracks(
        load(),
        measured,
        baselines=known,
        reference=settings.reference,
        split=split,
        resamples=settings.bootstrap,
        min_types=settings.min_types,
        seed=settings.seed,
    )
