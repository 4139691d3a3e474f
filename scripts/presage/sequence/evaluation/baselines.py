"""What a prediction must beat: simple stand-ins for each track, made of measurements or of the trunk as it came.

* ``mean_of_types``: the measured mean over cell types, assay by assay. It has seen the answer's share of that mean.
* ``nearest_type``: the measured track of the cell type that is most alike. It has seen test windows, of another type.
* ``bulk_track``: the track of the trunk's own head that is most alike, without any adapting.

What is most alike is chosen on the valid windows, never on those that are evaluated.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from presage.sequence.evaluation.correlation import pearson_from_moments
from presage.sequence.evaluation.estimates import nanmean
from presage.sequence.evaluation.genes import MEAN_OF_TYPES
from presage.sequence.evaluation.measured import Measured, Source, painter
from presage.sequence.model.heads import Head
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.targets.target_set import TargetSet

NEAREST_TYPE, BULK_TRACK = "nearest_type", "bulk_track"
_WINDOWS = 64  # valid windows, evenly spaced, on which the most alike is chosen
_BATCH = 4


@dataclass(frozen=True)
class Baseline:
    """A source of coverage, and by slug what stands in for the track."""

    source: Source
    notes: Mapping[str, str] = field(default_factory=dict)


def baselines(measured: Measured, trunk: SequenceModel | None = None) -> dict[str, Baseline]:
    """All that the study has: ``nearest_type`` needs a second type, ``bulk_track`` the trunk with its own head."""
    found = {MEAN_OF_TYPES: Baseline(mean_of_types(measured))}
    stand_in = nearest_types(measured)
    if stand_in is not None:
        found[NEAREST_TYPE] = stand_in
    if trunk is not None and len(trunk.tracks):
        found[BULK_TRACK] = bulk_tracks(measured, trunk)
    return found


def mean_of_types(measured: Measured) -> Source:
    """The mean over cell types of the measured tracks of the same assay and strand, for each track."""
    same = [np.asarray(rows) for rows in measured.info.groupby(["assay", "strand"]).groups.values()]

    def source(rows: np.ndarray) -> np.ndarray:
        out = measured.values(rows)
        for columns in same:
            out[..., columns] = out[..., columns].mean(axis=-1, keepdims=True)
        return out

    return source


def nearest_types(measured: Measured) -> Baseline | None:
    """For each track that of the type most alike over the assay's tracks; None where no type has another."""
    info, rows = measured.info, choosing(measured.targets)
    r = cross_pearson(measured.values, measured.values, rows)
    place = {key: i for i, key in enumerate(zip(info["assay"], info["cell_type"], info["strand"]))}
    chosen = np.arange(len(info))
    for assay, cell_type in dict.fromkeys(zip(info["assay"], info["cell_type"])):
        strands = [strand for a, kind, strand in place if (a, kind) == (assay, cell_type)]
        mine = [place[assay, cell_type, strand] for strand in strands]
        best = -np.inf
        for other in info.loc[info["assay"] == assay, "cell_type"].unique():
            theirs = [place.get((assay, other, strand), -1) for strand in strands]
            alike = float(np.nan_to_num(nanmean(r[theirs, mine]), nan=-2.0))
            if other != cell_type and min(theirs) >= 0 and alike > best:
                best, chosen[mine] = alike, theirs
    if (chosen == np.arange(len(info))).all():
        return None
    notes = {slug: f"stands in: {measured.slugs[i]}" for slug, i in zip(measured.slugs, chosen)}
    alone = {slug: "no other cell type" for i, slug in enumerate(measured.slugs) if chosen[i] == i}
    return Baseline(lambda some: measured.values(some)[..., chosen], notes | alone)


def bulk_tracks(measured: Measured, trunk: SequenceModel) -> Baseline:
    """For each track the one of the trunk's own head that is most alike."""
    r = cross_pearson(painter(trunk, measured.targets), measured.values, choosing(measured.targets))
    chosen = np.nan_to_num(r, nan=-2.0).argmax(axis=0)
    notes = {slug: f"stands in: {trunk.tracks[i]}" for slug, i in zip(measured.slugs, chosen)}
    return Baseline(painter(_only(trunk, chosen), measured.targets), notes)


def choosing(targets: TargetSet) -> np.ndarray:
    """Row numbers of the valid windows on which stand-ins are chosen."""
    rows = targets.fold("valid")
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), _WINDOWS)).round().astype(int)]


def cross_pearson(one: Source, other: Source, rows: np.ndarray) -> np.ndarray:
    """Pearson's r over all bins of the windows ``rows`` of each track of ``one`` with each of ``other``:
    float64 ``[tracks of one, tracks of other]``; NaN where a side does not vary."""
    total: np.ndarray | None = None
    for first in range(0, len(rows), _BATCH):
        some = rows[first : first + _BATCH]
        x, y = (source(some).astype(np.float64) for source in (one, other))
        x, y = x.reshape(-1, x.shape[-1]), y.reshape(-1, y.shape[-1])
        parts = np.broadcast_arrays(
            np.full((1, 1), float(len(x))),
            x.sum(0)[:, None],
            y.sum(0)[None, :],
            (x * x).sum(0)[:, None],
            (y * y).sum(0)[None, :],
            x.T @ y,
        )
        sums = np.stack(parts, axis=1)  # [tracks of one, 6, tracks of other]
        total = sums if total is None else total + sums
    if total is None:
        raise ValueError("no window to choose on")
    return pearson_from_moments(total)


def _only(model: SequenceModel, chosen: np.ndarray) -> SequenceModel:
    """The model with the chosen tracks of its head, which may repeat."""
    whole = model.head
    head = Head(model.trunk.width, len(chosen), whole.activation)
    index = torch.as_tensor(chosen, device=whole.linear.weight.device)
    with torch.no_grad():
        head.to(index.device).linear.weight.copy_(whole.linear.weight[index])
        head.linear.bias.copy_(whole.linear.bias[index])
    tracks = [model.tracks[i] for i in chosen]
    return SequenceModel(model.trunk, head, tracks, np.arange(len(chosen)), frozen=model.frozen)
