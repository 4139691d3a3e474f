"""Adapters that were fitted elsewhere, on what this study measured of the same cell types."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from presage.config.evaluate import Evaluate
from presage.sequence.evaluation.folds import evaluate_folds
from presage.sequence.model.heads import Head
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.targets.target_set import TargetSet

_SAME = ["cell_type", "assay", "strand"]


class Shared(NamedTuple):
    """Columns of a model, and for each the slug of the measured track of the same cell type, assay and strand."""

    columns: list[int]
    slugs: list[str]


def shared(theirs: pd.DataFrame, ours: pd.DataFrame) -> Shared:
    """Tracks that a model predicts and a study measured, by cell type (in any case), assay and strand.

    ``theirs, ours``: columns ``slug cell_type assay strand``; of several tracks that are alike the first counts.
    """
    keys = [
        table.assign(cell_type=table["cell_type"].str.casefold(), row=np.arange(len(table))).drop_duplicates(_SAME)
        for table in (theirs, ours)
    ]
    both = keys[0].merge(keys[1], on=_SAME, suffixes=("", "_ours"))
    return Shared(both["row"].tolist(), both["slug_ours"].tolist())


def narrowed(model: SequenceModel, to: Shared) -> SequenceModel:
    """The same model with only these tracks, under the study's slugs; a track whose other strand is not among them is
    its own partner. The trunk is the same object."""
    head = Head(model.trunk.width, len(to.columns), model.head.activation).to(model.device)
    with torch.no_grad():
        head.linear.weight.copy_(model.head.linear.weight[to.columns])
        head.linear.bias.copy_(model.head.linear.bias[to.columns])
    place = {column: i for i, column in enumerate(to.columns)}
    pair = [place.get(int(model.strand_pair[column]), i) for i, column in enumerate(to.columns)]
    return SequenceModel(
        model.trunk,
        head,
        to.slugs,
        np.asarray(pair),
        trunk_hash=model.trunk_hash,
        adapter_hash=model.adapter_hash,
        card=model.card,
    )


def evaluate_given(
    name: str,
    load: Callable[[], Iterator[tuple[int, SequenceModel]]],
    theirs: pd.DataFrame,
    targets: TargetSet,
    tracks: pd.DataFrame,
    genes: pd.DataFrame | None,
    settings: Evaluate,
    divided_by: Mapping[str, float] | None = None,
) -> pd.DataFrame | None:
    """Rows of the `metrics` table of one adapter, in every fold of *this* study; None where no track is shared.

    ``load`` gives (seed, model), again for each fold; ``theirs``: what the adapter predicts, ``tracks`` what was
    measured, both with columns ``slug cell_type assay strand``. Correlations do not ask for the same scale.
    """
    measured = tracks[tracks["slug"].isin(targets.tracks)]
    both = shared(theirs, measured)
    if not both.columns:
        return None

    def models() -> Iterator[tuple[str, int, SequenceModel]]:
        for seed, model in load():
            yield name, seed, narrowed(model, both)

    found = evaluate_folds(models, targets, tracks, genes, settings, divided_by=divided_by)
    found = found[found["model"] == name].reset_index(drop=True)
    words = f"fitted elsewhere: {len(both.columns)} of its {len(theirs)} tracks were measured here"
    whole, notes = found["group"] == "all", found["note"].fillna("")
    return found.assign(note=found["note"].mask(whole, notes.where(notes == "", notes + "; ") + words))
