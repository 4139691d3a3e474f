"""The shares of a set's jobs made whole: scores.parquet, gene_scores.parquet and scores.vcf.gz, in constant memory.

Here come the numbers that need another set: p-values and percentiles from the null, intervals from the calibration set.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from presage import tables
from presage.sequence.targets.track_names import track_info
from presage.sequence.variants.calibration import Conformal, Null
from presage.sequence.variants.vcf import VcfWriter
from presage.tables import SCHEMAS, ChunkedTable

_SITES = 512  # at a time
SUBSTITUTIONS = ("snv", "mnv")
_SITE = ["variant", "id", "chrom", "pos", "ref", "alt", "fold", "gene", "tss_distance"]
_MODEL = ("model_hash", "adapter_hash")


def gather(
    sites: str | Path,
    parts: Sequence[Mapping[str, str | Path]],
    tracks: pd.DataFrame,
    genes: pd.DataFrame,
    lengths: Mapping[str, int],
    out: Mapping[str, str | Path],
    *,
    nulls: Mapping[str, Null] | None = None,
    conformal: Conformal | None = None,
    seed: int = 0,
    code_hash: str = "",
    meta: Mapping[str, Any] | None = None,
) -> int:
    """Write what was scored of the sites of a `sites` table, and return how many they are.

    Parameters
    ----------
    parts : paths under ``effects`` and ``genes``, of the jobs in their order; their metadata names the models
    tracks : the `tracks` table, of all tracks or more
    genes : the `genes` table
    lengths : the genome's contigs in order
    out : paths under ``scores genes vcf``; the VCF's index is written beside it as ``.tbi``
    nulls : from :func:`read_nulls`; without one of a variant's class its ``p_null`` is null
    """
    hashes = [tables.read_meta(part["effects"]) for part in parts]
    fixed = {name: hashes[0].get(name, "") for name in _MODEL} | {"seed": seed, "code_hash": code_hash}
    with (
        ChunkedTable(out["scores"], "scores", meta or {}) as scores,
        ChunkedTable(out["genes"], "gene_scores", meta or {}) as gene_scores,
        VcfWriter(out["vcf"], lengths, str((meta or {}).get("null_name") or "none")) as vcf,
    ):
        effects, of_genes = (_Rows([part[key] for part in parts]) for key in ("effects", "genes"))
        count = 0
        for where in _sites(sites):
            last = where["site"].iloc[-1]
            found = effects.until(last)
            info = track_info(list(dict.fromkeys(found["track"])), tracks)
            rows = score_rows(where, found, info, nulls or {}, conformal).assign(**fixed)
            scores.add(rows[tables.schema("scores").names])
            vcf.add(rows, len(info))
            on_genes = gene_rows(where, of_genes.until(last), genes, tracks)
            gene_scores.add(on_genes.assign(**fixed)[SCHEMAS["gene_scores"].names])
            count += len(where)
    return count


def _sites(path: str | Path) -> Iterator[pd.DataFrame]:
    for whole in _row_groups(path):
        yield from (whole.iloc[i : i + _SITES].reset_index(drop=True) for i in range(0, len(whole), _SITES))


def _row_groups(path: str | Path) -> Iterator[pd.DataFrame]:
    """Row group by row group: Arrow's own batches keep memory of every text that has passed."""
    file = pq.ParquetFile(path)
    for i in range(file.num_row_groups):
        yield file.read_row_group(i).to_pandas()


class _Rows:
    """Rows of a table that lies in files ordered by ``site``, taken from front to back."""

    def __init__(self, paths: Sequence[str | Path]) -> None:
        self._batches = (rows for path in paths for rows in _row_groups(path) if len(rows))
        self._waiting: list[pd.DataFrame] = []
        self._empty = pq.ParquetFile(paths[0]).schema_arrow.empty_table().to_pandas()

    def until(self, last: int) -> pd.DataFrame:
        """The next rows, up to site ``last``."""
        while not self._waiting or self._waiting[-1]["site"].iloc[-1] <= last:
            batch = next(self._batches, None)
            if batch is None:
                break
            self._waiting.append(batch)
        whole = pd.concat(self._waiting, ignore_index=True) if self._waiting else self._empty
        cut = int(np.searchsorted(whole["site"].to_numpy(), last, side="right"))
        self._waiting = [whole.iloc[cut:]] if cut < len(whole) else []
        return whole.iloc[:cut].reset_index(drop=True)


def score_rows(
    sites: pd.DataFrame,
    effects: pd.DataFrame,
    info: pd.DataFrame,
    nulls: Mapping[str, Null],
    conformal: Conformal | None,
) -> pd.DataFrame:
    """Rows of the `scores` table (but for hashes) from those of `sites` and, complete for these, `variant_effects`."""
    tracks = len(info)
    log_fc = effects["log_fc"].to_numpy().reshape(len(sites), tracks)
    p, percentile = np.full(log_fc.shape, np.nan), np.full(log_fc.shape, np.nan)
    for name, null in nulls.items():
        own = np.flatnonzero(classes(sites["kind"]) == name)
        p[own], percentile[own] = null.p(log_fc[own]), null.percentile(log_fc[own])
    low, high = np.full(log_fc.shape, np.nan), np.full(log_fc.shape, np.nan)
    if conformal is not None:
        low, high = conformal.interval(info["track"].tolist(), log_fc)
    main = main_strand(effects["sad"].to_numpy().reshape(len(sites), tracks), info)
    rows = sites[_SITE].loc[sites.index.repeat(tracks)].reset_index(drop=True)
    return pd.concat([rows, effects.drop(columns="site")], axis=1).assign(
        cell_type=np.tile(info["cell_type"].to_numpy(object), len(sites)),
        assay=np.tile(info["assay"].to_numpy(object), len(sites)),
        p_null=p.ravel(),
        percentile=percentile.ravel(),
        conformal_low=low.ravel(),
        conformal_high=high.ravel(),
        strand=np.tile(info["strand"].to_numpy(object), len(sites)),
        main_strand=main.ravel(),
    )


def main_strand(sad: np.ndarray, info: pd.DataFrame) -> np.ndarray:
    """For each variant and track of ``info``, whether to read its effect there: bool, as ``sad`` [variants, tracks].

    A ratio says nothing of how much is read: on the strand that hardly has coverage a log_fc is as large as where a
    gene lies. So of each assay one strand counts, the same for all cell types: that on which the cell types' summed
    coverage changes more.
    """
    main = np.ones(sad.shape, bool)
    strand, size = info["strand"].to_numpy(object), np.abs(sad)
    for assay in info["assay"].unique():
        plus, minus = (((info["assay"] == assay).to_numpy() & (strand == sign)) for sign in "+-")
        forward = size[:, plus].sum(axis=1) >= size[:, minus].sum(axis=1)
        main[:, plus], main[:, minus] = forward[:, None], ~forward[:, None]
    return main


def gene_rows(sites: pd.DataFrame, effects: pd.DataFrame, genes: pd.DataFrame, tracks: pd.DataFrame) -> pd.DataFrame:
    """Rows of the `gene_scores` table (but for hashes) from those of `sites` and `gene_effects`."""
    known = genes.drop_duplicates("gene_id").set_index("gene_id")[["name", "tss", "strand"]]
    rows = effects.merge(sites[["site", "variant", "chrom", "pos", "ref", "alt", "fold"]], on="site", how="left")
    rows = rows.join(known, on="gene_id").rename(columns={"name": "gene"})
    rows["cell_type"] = rows["track"].map(tracks.set_index("slug")["cell_type"])
    rows["gene_tss_distance"] = ((rows["pos"] - rows["tss"]) * np.where(rows["strand"] == "-", -1, 1)).astype("int64")
    return rows


def classes(kind: pd.Series) -> np.ndarray:
    """``substitution`` or ``indel``: what is read against null variants of its own class."""
    return np.where(kind.isin(SUBSTITUTIONS), "substitution", "indel")


def read_nulls(sites: str | Path, parts: Sequence[str | Path]) -> dict[str, Null]:
    """The null of each class that has variants, from a null set's sites and the jobs' `variant_effects`."""
    kind = classes(pq.read_table(sites, columns=["kind"]).to_pandas()["kind"])
    if not len(kind):
        return {}
    log_fc = np.concatenate([pq.read_table(path, columns=["log_fc"])["log_fc"].to_numpy() for path in parts])
    log_fc = log_fc.reshape(len(kind), -1)
    return {str(name): Null.of(log_fc[kind == name]) for name in np.unique(kind)}


def read_conformal(effects: str | Path, parts: Sequence[str | Path], level: float, seed: int) -> Conformal:
    """Intervals from a calibration set's `calibration_effects` (measured) and the jobs' `variant_effects`."""
    measured = pq.read_table(effects).to_pandas()
    columns = ["site", "track", "log_fc"]
    predicted = pd.concat([pq.read_table(path, columns=columns).to_pandas() for path in parts])
    both = measured.merge(predicted, on=["site", "track"])
    return Conformal.fit(
        both["track"].to_numpy(object), both["log_fc"].to_numpy(), both["effect"].to_numpy(), level, seed
    )
