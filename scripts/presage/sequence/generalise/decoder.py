"""The decoder for cells, fitted without the held-out ones, and where these lie among the others."""

from pathlib import Path

import numpy as np
import pandas as pd

from presage import tables
from presage.config.decoder import Cells
from presage.errors import UserError
from presage.sequence.decoder.files import load_cells
from presage.sequence.decoder.labelled_cells import LabelledCells
from presage.sequence.decoder.step import cells
from presage.sequence.generalise.split import Side
from presage.sequence.generalise.step import EMBEDDINGS
from presage.study.hold_outs import HoldOut


def decoder_without(
    out_dir: str | Path,
    out: HoldOut,
    trunk: str | Path,
    kept: Side,
    genes: pd.DataFrame,
    found: LabelledCells,
    known: pd.DataFrame,
    settings: Cells,
    seed: int,
    *,
    adapter_dir: str | Path | None = None,
    threads: int = 1,
    device: str = "cpu",
) -> None:
    """Write the decoder's folder, and beside it the mean embedding of the held-out cells of each type.

    Held-out cells are embedded by what the kept ones gave. ``known``: the `cells` table, which says whose each cell is.
    Raises :class:`UserError` where no cell, or every cell, is held out.
    """
    names = list(zip(known["sample"], known["barcode"]))
    of_cell = dict(zip(names, known[out.axis]))
    own = [of_cell.get(pair) for pair in zip(found.cells["sample"], found.cells["barcode"])]
    inside = np.array([value == out.value for value in own])
    if inside.all() or not inside.any():
        few = "every" if inside.all() else "no"
        raise UserError(
            f"sequence.generalise, {out.axis} {out.value!r}", f"{few} labelled RNA cell has it", "leave out"
        )
    cells(
        out_dir,
        trunk,
        kept.targets,
        kept.tracks,
        genes,
        _only(found, ~inside),
        settings,
        seed,
        adapter_dir=adapter_dir,
        threads=threads,
        device=device,
    )
    held = _only(found, inside)
    projection = load_cells(out_dir, trunk, adapter_dir).projection
    z = held.stored if projection is None else projection(held.counts, genes["gene_id"].tolist())
    kinds = held.cells["cell_type"].to_numpy(object)
    rows = [
        (kind, int((kinds == kind).sum()), z[kinds == kind].mean(0, dtype=np.float64).astype(np.float32))  # type: ignore[index]
        for kind in dict.fromkeys(kinds)
    ]
    table = pd.DataFrame(rows, columns=["cell_type", "cells", "embedding"])
    tables.write(Path(out_dir) / EMBEDDINGS, "held_embeddings", table, {"simulated": kept.targets.simulated})


def _only(found: LabelledCells, rows: np.ndarray) -> LabelledCells:
    stored = None if found.stored is None else found.stored[rows]
    return LabelledCells(found.cells[rows].reset_index(drop=True), found.counts[rows], stored, found.left_out)
