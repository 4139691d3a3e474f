"""The null set of a set of variants, as a table of sites: drawn from the genome to match them."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from presage.config.variants import MatchedNull
from presage.sequence.variants.ground import Ground, union
from presage.sequence.variants.matched import KEYS, NAME, Wanted, draw, spread
from presage.sequence.variants.sites import Study, site_rows
from presage.tables import ChunkedTable

_READ = 65_536  # sites at a time
_COLUMNS = ["site", "record", "chrom", "pos", "ref", "alt", "fold", "tss_distance"]


def write_matched(
    sites: str | Path,
    study: Study,
    windows: pd.DataFrame,
    genes: pd.DataFrame,
    blacklist: pd.DataFrame,
    settings: MatchedNull,
    out: str | Path,
    *,
    seed: int = 0,
    meta: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Draw a null set for a `sites` table and write it as `null_sites`, sorted as those are.

    ``windows``, ``genes`` and ``blacklist`` are the tables of these names. ``record`` of a null variant is that of the
    variant that it was drawn for, ``matched`` the row of that one.

    Returns
    -------
    How it went: null variants ``wanted`` and ``drawn``, by what had to be given up last (``exact`` if nothing), and
    ``missing``. It is in the metadata too (``matching``), beside the set's ``null_name``.
    """
    rng = np.random.default_rng(seed)
    rows = spread(pq.read_metadata(sites).num_rows, settings.per_variant, settings.max, rng)
    closed = _given(sites, settings.exclusion)
    _close(closed, blacklist["chrom"], blacklist["start"], blacklist["end"])
    if settings.avoid_exons:
        exons = genes.explode(["exon_starts", "exon_ends"]).dropna(subset=["exon_starts"])
        _close(closed, exons["chrom"], exons["exon_starts"], exons["exon_ends"])
    kept_out = {chrom: union(np.concatenate(parts)) for chrom, parts in closed.items()}
    ground = Ground(study.genome.lengths, windows, genes, settings.tss_bins, kept_out)
    found = draw(_wanted(sites, rows, ground), ground, study.genome, study.places, rng)
    rank = {chrom: i for i, chrom in enumerate(study.genome.lengths)}
    found.sort(key=lambda m: (rank[m.variant.chrom], m.variant.pos))
    report = _report(len(rows), Counter(match.relaxed for match in found))
    with ChunkedTable(out, "null_sites", {**(meta or {}), "null_name": NAME, "matching": report}) as table:
        placed = site_rows([match.variant for match in found], 0, study.places)
        matched = pd.array([match.wanted.site for match in found], "Int64")
        table.add(placed.assign(matched=matched, relaxed=np.array([match.given_up for match in found], object)))
    return report


def _report(wanted: int, relaxed: Mapping[int, int]) -> dict[str, Any]:
    drawn = sum(relaxed.values())
    given_up = {key: relaxed.get(i, 0) for i, key in enumerate(KEYS, 1)}
    return {"wanted": wanted, "drawn": drawn, "exact": relaxed.get(0, 0), **given_up, "missing": wanted - drawn}


def _given(sites: str | Path, exclusion: int) -> dict[str, list[np.ndarray]]:
    """contig -> where variants lie, ``exclusion`` bp to either side with them: 16 bytes a variant, less where dense."""
    found: dict[str, list[np.ndarray]] = defaultdict(list)
    for batch in pq.ParquetFile(sites).iter_batches(_READ, columns=["chrom", "pos", "ref"]):
        rows = batch.to_pandas()
        _close(found, rows["chrom"], rows["pos"] - exclusion, rows["pos"] + rows["ref"].str.len() + exclusion)
    return found


def _close(closed: dict[str, list[np.ndarray]], chrom: pd.Series, start: pd.Series, end: pd.Series) -> None:
    pairs = np.stack([start.to_numpy(np.int64), end.to_numpy(np.int64)], axis=1)
    for name, rows in chrom.reset_index(drop=True).groupby(chrom.to_numpy()).groups.items():
        closed[str(name)].append(union(pairs[rows]))


def _wanted(sites: str | Path, rows: np.ndarray, ground: Ground) -> list[Wanted]:
    """Rows of a `sites` table (sorted, with repeats) as what null variants shall be like."""
    found, first = [], 0
    for batch in pq.ParquetFile(sites).iter_batches(_READ, columns=_COLUMNS):
        here = rows[(rows >= first) & (rows < first + len(batch))] - first
        for row in batch.take(here).to_pylist() if len(here) else []:
            tss_bin = ground.bin_of(row.pop("tss_distance"))
            found.append(Wanted(**row, tss_bin=tss_bin))
        first += len(batch)
    return found
