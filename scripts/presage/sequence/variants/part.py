"""One job's share of a set's sites: the raw effects of each, in constant memory.

What is scored may be a set's variants, its null or its calibration set: a job knows no difference.
"""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from presage.progress import bar
from presage.sequence.targets.track_names import track_info
from presage.sequence.variants.agreement import agreement, signs, spread
from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.effects import Effects, check_sparse, effects
from presage.sequence.variants.scorer import Scorer
from presage.tables import SCHEMAS, ChunkedTable, schema

log = logging.getLogger("presage")
_VALUES = 2**22  # numbers of one score, over replicates, variants and tracks, that are held at a time
_GENES = 8  # genes that a window may well reach
_READ = 4096  # sites
_CHECKED = 4  # variants on which the sparse way is compared with the dense one, for every model and strand


def share(sites: int, number: int, of: int) -> tuple[int, int]:
    """Half-open range of the sites that job ``number`` (from 0) of ``of`` scores."""
    return sites * number // of, sites * (number + 1) // of


def read_variants(path: str | Path, first: int = 0, last: int | None = None) -> Iterator[Variant]:
    """Sites ``[first, last)`` of a `sites` table, streamed."""
    file, at = pq.ParquetFile(path), 0
    last = file.metadata.num_rows if last is None else last
    columns = ["variant", "chrom", "pos", "ref", "alt", "record", "id"]
    for batch in file.iter_batches(_READ, columns=columns):
        low, high = max(0, first - at), max(0, min(last - at, len(batch)))
        if low < high:
            part = batch.slice(low, high - low)
            *known, ids = (part[name].to_pylist() for name in columns)
            yield from (Variant(*row) for row in zip(*known, [name or "" for name in ids]))
        at += len(batch)
        if at >= last:
            return


class NearGenes:
    """Genes whose body comes near a variant, by contig."""

    def __init__(self, genes: pd.DataFrame, reach: int | None = None) -> None:
        """``genes``: rows of the `genes` table. ``reach``: bp; genes farther away are left out, None leaves none."""
        self._by_chrom = {chrom: rows.sort_values("start") for chrom, rows in genes.groupby("chrom")}
        self._reach = reach

    def within(self, chrom: str, start: int, end: int) -> pd.DataFrame | None:
        """Genes with a base in ``[start, end)``; None where there are none."""
        rows = self._by_chrom.get(chrom)
        if rows is None:
            return None
        found = rows[(rows["start"] < end) & (rows["end"] > start)]
        return found.reset_index(drop=True) if len(found) else None

    def reached(self, site: Variant, genes: pd.DataFrame) -> np.ndarray:
        """bool [genes]: which of these are near enough."""
        if self._reach is None:
            return np.ones(len(genes), bool)
        end = site.pos + len(site.ref)
        away = np.maximum(genes["start"].to_numpy() - end, site.pos - genes["end"].to_numpy())
        return away < self._reach


def score_share(
    sites: str | Path,
    rows: tuple[int, int],
    scorer: Scorer,
    tracks: pd.DataFrame,
    genes: NearGenes | None,
    out: Mapping[str, str | Path],
    *,
    batch_size: int = 32,
    meta: Mapping[str, Any] | None = None,
) -> int:
    """Score sites ``[rows)`` of a `sites` table, and return how many.

    Parameters
    ----------
    tracks : the `tracks` table (at least ``slug cell_type assay strand``)
    genes : whose expression is scored, too, where a track measures it
    out : paths of the `variant_effects` and `gene_effects` tables under the keys ``effects genes``
    """
    info = track_info(scorer.tracks, tracks)
    each = len(scorer.replicates) * len(info) * (_GENES if genes else 1)
    most = max(batch_size, min(1024, _VALUES // each))
    site, last = rows
    checked = False
    with (
        ChunkedTable(out["effects"], "variant_effects", meta or {}) as table,
        ChunkedTable(out["genes"], "gene_effects", meta or {}) as gene_table,
        bar(last - site, "variants", "allele") as shown,
    ):
        for start, group in scorer.grouped(read_variants(sites, site, last), most):
            if scorer.sparse and not checked:
                checked = _check(scorer, start, group)
            first, length = scorer.first_base(start), scorer.bins * scorer.bin_size
            near = genes.within(group[0].chrom, first, first + length) if genes else None
            found = effects(scorer, start, group, near, batch_size)
            table.add(effect_rows(found, site, info))
            if near is not None and genes is not None:
                reached = np.stack([genes.reached(one, near) for one in group])
                gene_table.add(gene_rows(found, site, near, reached, info))
            site += len(group)
            shown.update(len(group))
    return last - rows[0]


def _check(scorer: Scorer, start: int, group: list[Variant]) -> bool:
    """Compare sparse and dense on the first substitutions of a group; whether there were any."""
    some = [one for one in group if len(one.ref) == len(one.alt)][:_CHECKED]
    if some:
        for reason in check_sparse(scorer, start, some):
            log.info("the whole model is run for every variant: %s", reason)
    return bool(some)


def effect_rows(found: Effects, first: int, info: pd.DataFrame) -> pd.DataFrame:
    """Rows of the `variant_effects` table for sites from number ``first`` on."""
    sites, tracks = found.log_fc.shape[1:]
    columns = {**found.scores, **agreement(found.log_fc, info)._asdict()}
    rows = {
        "site": np.repeat(first + np.arange(sites), tracks),
        "track": np.tile(info["track"].to_numpy(object), sites),
        **{name: values.ravel() for name, values in columns.items()},
    }
    return pd.DataFrame(rows)[schema("variant_effects").names]


def gene_rows(found: Effects, first: int, genes: pd.DataFrame, reached: np.ndarray, info: pd.DataFrame) -> pd.DataFrame:
    """Rows of the `gene_effects` table: each site, each gene that it reaches, each RNA track of the gene's strand.

    ``reached`` bool ``[sites, genes]``.
    """
    if found.genes is None:
        raise ValueError("no gene was scored")
    rna = (info["assay"] == "rna").to_numpy()
    strands = info["strand"].to_numpy(object)
    sense = np.stack([rna & ((strands == strand) | (strands == ".")) for strand in genes["strand"]])
    site, gene, track = np.nonzero(reached[:, :, None] & sense[None])
    sed, log_sed, body = (np.asarray(values)[:, site, gene, track] for values in found.genes)
    return pd.DataFrame(
        {
            "site": first + site,
            "gene_id": genes["gene_id"].to_numpy(object)[gene],
            "track": info["track"].to_numpy(object)[track],
            "sed": sed.mean(axis=0),
            "log_sed": log_sed.mean(axis=0),
            "log_sed_sd": spread(log_sed),
            "sign_agreement": signs(log_sed),
            "body_log_fc": body.mean(axis=0),
        }
    )[SCHEMAS["gene_effects"].names]
