"""How many tracks the sample sheet promises: its own cell types, and those that its labels name."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from presage.config.pseudobulk import Pseudobulk
from presage.errors import UserError
from presage.sequence.cost.at_hand import at_hand
from presage.sequence.samples.sources import ASSAYS, sample_labels
from presage.sheets import WHOLE, Sample

_READ = 100_000_000  # bytes of labels: reading more would take longer than all the rest; each row reads its own file


def labelled_tracks(samples: Sequence[Sample], settings: Pseudobulk) -> tuple[int, str]:
    """Tracks that the samples yield at most, and in words who says so; 0 and why where that cannot be told.

    Types of fewer than ``min_cells`` labelled cells get no track; whether a cell has reads is not known yet.
    """
    rows = [replace(row, labels=_at_hand(row.labels)) for row in samples if row.kind != "h5ad"]  # it has counts only
    files = [Path(row.labels) for row in rows if row.labels not in ("", WHOLE)]
    for path in files:
        if not path.exists():
            return _assumed(f"{path}, which tells the cell types, is not there yet")
    if any(path.is_dir() for path in files) or sum(path.stat().st_size for path in files) > _READ:
        return _assumed("the labels, which tell the cell types, are too large to be read beforehand")
    try:
        tracks = _tracks(rows, settings)
    except UserError as error:
        return _assumed(f"{error.where} {error.what}")
    if not files:
        return tracks, "at most, by the sample sheet's cell types"
    return tracks, f"at most, by the labels: types of {settings.min_cells:,} cells or more (pseudobulk.min_cells)"


def _at_hand(labels: str) -> str:
    return labels if labels in ("", WHOLE) else str(at_hand(labels))


def _assumed(reason: str) -> tuple[int, str]:
    return 0, f"assumed (cost.tracks), because {reason}"


def _tracks(rows: Sequence[Sample], settings: Pseudobulk) -> int:
    finished, cells = set(), Counter[tuple[str, str]]()
    for row in rows:
        if row.kind == "bigwig":
            finished.add((row.assay, row.cell_type, row.strand))
            continue
        labels, assay = sample_labels(row, settings), ASSAYS[row.kind]
        if labels is None:  # one pseudobulk, of all barcodes
            cells[assay, row.cell_type or row.sample] += settings.min_cells
        else:
            cells.update((assay, name) for name in labels["cell_type"].dropna())
    lanes = {"rna": 1 + settings.stranded, "atac": 1}
    return len(finished) + sum(lanes[assay] for (assay, _), count in cells.items() if count >= settings.min_cells)
