"""What had the trunk already seen? Genes, windows and variants against the folds that it was pre-trained with.

A thing leaks through *outputs* when a training window predicts it, and, more weakly, through *inputs* when a window
of another fold merely reads its sequence as context. Both are told apart here.
"""

import numpy as np
import pandas as pd

from presage.sequence.reference.contigs import map_contigs
from presage.tables import SCHEMAS

FOLDS = ("train", "valid", "test")  # in this order: what lies in several belongs to the most exposed one
OUTSIDE, UNKNOWN = "outside", "unknown"


class FoldMap:
    """Where the windows of each fold lie: per contig and fold, merged intervals that are searched by bisection.

    ``span`` is ``output`` (what a window predicts) or ``input`` (all that it reads).
    """

    def __init__(self, windows: pd.DataFrame, span: str = "output") -> None:
        start, end = {"output": ("out_start", "out_end"), "input": ("start", "end")}[span]
        self._merged = {
            key: _merge(group[start].to_numpy(np.int64), group[end].to_numpy(np.int64))
            for key, group in windows.groupby(["chrom", "fold"])
        }

    def touches(self, chrom: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """bool ``[n, 3]``: does a train, valid, test window overlap the interval (an empty one counts as one base)."""
        chrom, start = np.asarray(chrom, object), np.asarray(start, np.int64)
        end = np.maximum(np.asarray(end, np.int64), start + 1)
        hits = np.zeros((len(chrom), len(FOLDS)), bool)
        for name in set(chrom):
            rows = np.flatnonzero(chrom == name)
            for f, fold in enumerate(FOLDS):
                if (name, fold) in self._merged:
                    starts, ends = self._merged[name, fold]
                    # Merged intervals are disjoint and sorted: only the first that ends after `start` can be the one.
                    first = np.searchsorted(ends, start[rows], side="right")
                    found = first < len(starts)
                    hits[rows[found], f] = starts[first[found]] < end[rows[found]]
        return hits


def _merge(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(start, kind="stable")
    start, reach = start[order], np.maximum.accumulate(end[order])
    opens = np.r_[True, start[1:] > reach[:-1]]
    return start[opens], reach[np.r_[opens[1:], True]]


def folds_of(hits: np.ndarray) -> np.ndarray:
    """Fold names ``[n]`` from :meth:`FoldMap.touches`: the most exposed fold (train first), else outside."""
    return np.array([*FOLDS, OUTSIDE], object)[np.where(hits.any(1), hits.argmax(1), len(FOLDS))]


def audit(
    windows: pd.DataFrame,
    genes: pd.DataFrame | None = None,
    variants: pd.DataFrame | None = None,
    regions: pd.DataFrame | None = None,
    elements: pd.DataFrame | None = None,
    *,
    trunk: pd.DataFrame | None = None,
    known: bool = True,
) -> pd.DataFrame:
    """The `leakage` table of a study.

    Parameters
    ----------
    windows : rows of the `windows` table: the study's own
    genes : rows of the `genes` table; the gene's body is what is checked
    variants : columns ``variant chrom pos ref`` (``pos`` 0-based), e.g. from the `scores` table
    regions, elements : columns ``item chrom start end``: regions of mutagenesis, elements of a reporter assay
    trunk : rows of the `windows` table with the folds of the trunk's pre-training, where these are others than the
        study's
    known : False where nobody says what the trunk was trained on; every fold is then ``unknown``

    Returns
    -------
    One row per item. ``fold`` is the fold of the trunk's output windows that overlap it (train before valid before
    test), ``input_overlap`` the other folds whose input windows reach it, joined by commas, null where none does.
    """
    parts = [_items("window", windows["window"].astype(str), windows, "out_start", "out_end")]
    if genes is not None:
        parts.append(_items("gene", genes["gene_id"], genes, "start", "end"))
    if variants is not None:
        sites = variants.drop_duplicates("variant")
        sites = sites.assign(end=sites["pos"] + sites["ref"].str.len())
        parts.append(_items("variant", sites["variant"], sites, "pos", "end"))
    trained = windows if trunk is None else trunk
    for kind, rows in (("region", regions), ("mpra", elements)):
        if rows is not None:
            # An assay's table may write 11 where the windows have chr11.
            spelled = map_contigs(dict.fromkeys(rows["chrom"]), dict.fromkeys(trained["chrom"])).names
            named = rows.assign(chrom=[spelled.get(name, name) for name in rows["chrom"]])
            parts.append(_items(kind, named["item"], named, "start", "end"))
    items = pd.concat(parts, ignore_index=True)
    if not known:
        return items.assign(fold=UNKNOWN, input_overlap=None)[SCHEMAS["leakage"].names]
    where = items["chrom"].to_numpy(object), items["start"].to_numpy(), items["end"].to_numpy()
    fold = folds_of(FoldMap(trained).touches(*where))
    reached = FoldMap(trained, "input").touches(*where)
    others = [",".join(f for f, hit in zip(FOLDS, row) if hit and f != own) or None for row, own in zip(reached, fold)]
    return items.assign(fold=fold, input_overlap=np.array(others, object))[SCHEMAS["leakage"].names]


def spans(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """``item chrom start end`` of each group of changed bases (``chrom pos``), by the column ``name``."""
    grouped = rows.groupby([name, "chrom"], sort=False)["pos"].agg(["min", "max"]).reset_index()
    return pd.DataFrame(
        {"item": grouped[name], "chrom": grouped["chrom"], "start": grouped["min"], "end": grouped["max"] + 1}
    )


def _items(kind: str, names: pd.Series, rows: pd.DataFrame, start: str, end: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "item": names.to_numpy(object),
            "kind": kind,
            "chrom": rows["chrom"].to_numpy(object),
            "start": rows[start].to_numpy(np.int64),
            "end": rows[end].to_numpy(np.int64),
        }
    )
