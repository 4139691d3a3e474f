"""The cells of a study: what each contributed, whether it enters a track, and if not why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from presage import tables
from presage.errors import UserError
from presage.sequence.pseudobulk.parts import Part
from presage.sequence.samples.sources import GROUP
from presage.sheets import Sample

COUNTS = ["reads", "umis", "fragments"]


@dataclass(frozen=True)
class Opened:
    """A sample with reads, all of its parts, and the name of the genome that it is on."""

    sample: Sample
    parts: list[Part]
    genome: str

    @property
    def assay(self) -> str:
        return self.parts[0].facts["assay"]

    def only(self, keep: Callable[[pd.DataFrame], pd.Series]) -> "Opened":
        """The sample as if it had no other cells than those of the groups that ``keep`` marks."""
        return replace(self, parts=[part.only(keep) for part in self.parts])

    @cached_property
    def barcodes(self) -> pd.DataFrame:
        """Every barcode: ``barcode`` (index), labelled, counted, reads, umis, fragments, over all parts."""
        rows = pd.concat([part.cells() for part in self.parts], ignore_index=True)
        grouped = rows.groupby("barcode", sort=True)
        out = grouped[["counted", *COUNTS]].sum()
        out.insert(0, "labelled", grouped["labelled"].any())
        return out

    @cached_property
    def labels(self) -> pd.DataFrame:
        """The sample's labels (the part_labels table); empty where it has none."""
        return self.parts[0].labels()


def of_sample(opened: Opened) -> pd.DataFrame:
    """One row per cell of a sample: barcode, cell_type, donor, condition, tissue, reads, umis, fragments.

    A cell is a row of the labels (its barcode as they spell it), or, for a sample without labels, a barcode.
    """
    tally, labels = opened.barcodes, opened.labels
    if len(labels):
        found = tally[COUNTS].reindex(labels["read_barcode"]).fillna(0).astype(np.int64).reset_index(drop=True)
        return pd.concat([labels[["barcode", *GROUP]], found], axis=1)
    group = opened.parts[0].groups.iloc[[0] * len(tally)].reset_index(drop=True)
    return pd.concat([tally[COUNTS].reset_index(), group], axis=1)[["barcode", *GROUP, *COUNTS]]


def judge(opened: Sequence[Opened], min_cells: int) -> tuple[pd.DataFrame, dict[tuple[str, str, str], int]]:
    """The cells table, and the number of cells with reads by (genome, assay, cell type).

    Types with fewer than ``min_cells`` of these get no track, and their cells say so.
    """
    if not opened:
        return tables.empty("cells"), {}
    parts = [of_sample(o).assign(sample=o.sample.sample, genome=o.genome, assay=o.assay) for o in opened]
    rows = pd.concat(parts, ignore_index=True)
    rows["some"] = rows[["reads", "fragments"]].sum(axis=1) > 0
    key = ["genome", "assay", "cell_type"]
    counted = rows[rows["some"]].groupby(key).size().reset_index(name="n")
    names = zip(counted["genome"], counted["assay"], counted["cell_type"])
    number = dict(zip(names, counted["n"].tolist()))
    enough = [number.get(tuple(row), 0) >= min_cells for row in rows[key].itertuples(index=False, name=None)]
    rows["used"] = rows["some"] & np.array(enough)
    # A cell may have RNA in one file and ATAC in another: one row in the table.
    same = rows.groupby(["sample", "barcode"], sort=False)
    cells = same[GROUP].first()
    cells[COUNTS] = same[COUNTS].sum()
    cells["used"] = same["used"].any()
    cells = cells.reset_index()
    empty = cells[["reads", "fragments"]].sum(axis=1) == 0
    few = too_few(min_cells)
    why = np.where(cells["cell_type"].isna(), "not labelled", np.where(empty, "no read was used", few)).astype(object)
    why[cells["used"].to_numpy()] = None
    return table(cells.assign(reason=why)), number


def too_few(min_cells: int) -> str:
    """Why a type has no track."""
    return f"fewer than {min_cells} cells with reads"


def table(frame: pd.DataFrame) -> pd.DataFrame:
    """``frame`` as the cells table, with names that are unique in the study."""
    frame = frame.assign(cell=frame["sample"] + ":" + frame["barcode"])
    return frame[tables.SCHEMAS["cells"].names]


def knee(tally: pd.DataFrame, points: int = 200) -> dict[str, object]:
    """Barcodes by rank against their reads, thinned to about ``points`` ranks that are even on a log scale.

    ``tally``: a sample's :attr:`Opened.barcodes`. ``count`` is what the barcode at each rank has, ``labelled`` the
    share of labelled ones among the ranks since the point before.
    """
    seen = tally[tally["counted"] > 0].sort_values("counted", ascending=False, kind="stable")
    if seen.empty:
        return {"unit": "reads", "rank": [], "count": [], "labelled": []}
    ranks = np.unique(np.geomspace(1, len(seen), points).round().astype(int))
    known = np.concatenate([[0], np.cumsum(seen["labelled"])])
    before = np.concatenate([[0], ranks[:-1]])
    share = (known[ranks] - known[before]) / (ranks - before)
    counts = seen["counted"].to_numpy()[ranks - 1]
    return {
        "unit": "reads",
        "rank": ranks.tolist(),
        "count": counts.tolist(),
        "labelled": [round(float(s), 4) for s in share],
    }


def check_held_out(cells: pd.DataFrame, held_out: Mapping[str, Sequence[str]]) -> None:
    """Each value that the config holds out must occur among the cells. Raises :class:`UserError`."""
    for column, values in held_out.items():
        there = sorted(cells[column].dropna().unique())
        for value in values:
            if value not in there:
                raise UserError(
                    f"held-out {column}", f"{value!r} does not occur", f"choose from {', '.join(there[:20])}"
                )
