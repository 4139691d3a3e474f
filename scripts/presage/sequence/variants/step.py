"""The variants step: a VCF in; scores.parquet, dropped.parquet and scores.vcf.gz out, in constant memory.

What grows with the VCF is one short row per allele for the sorted scores.vcf.gz.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pysam

from presage import tables
from presage.config.variants import Variants
from presage.progress import progress
from presage.sequence.genome import Genome
from presage.sequence.model import SequenceModel
from presage.sequence.variants.alleles import Dropped, Variant, check, read_variants
from presage.sequence.variants.effects import Places, Scorer, null_of, score, track_info

_ROWS = 20_000  # of a table that are held before they are written
_INFO = {
    "TRACK": ("String", "Track with the largest absolute LOGFC"),
    "CELLTYPE": ("String", "Cell type of TRACK, percent-encoded"),
    "LOGFC": ("Float", "log2 ratio of summed predicted coverage in TRACK, ALT over REF"),
    "LOGFC_SD": ("Float", "Standard deviation of LOGFC over models and strands"),
    "P": ("Float", "Share of null variants with at least this absolute LOGFC in TRACK"),
}


def score_set(
    vcf: str | Path,
    null: str | Path | None,
    models: Sequence[SequenceModel],
    genome: Genome,
    tracks: pd.DataFrame,
    windows: pd.DataFrame,
    genes: pd.DataFrame | None,
    settings: Variants,
    out: Mapping[str, str | Path],
    *,
    seed: int = 0,
    code_hash: str = "",
    meta: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Score every allele of ``vcf`` with the models of one adapter.

    Parameters
    ----------
    null : VCF without effects for ``p_null``, or None
    tracks : the `tracks` table (at least ``slug cell_type assay strand``)
    windows, genes : the `windows` and `genes` tables
    out : paths under the keys ``scores dropped vcf`` (the index is written beside the VCF as ``.tbi``)
    meta : goes into the metadata of both tables, beside the counts

    Returns
    -------
    ``given``, ``scored``, ``dropped`` (counts by reason), and ``null`` (the same three for the null set, or None). No
    allele left is no error: the tables are then empty and complete.

    Raises
    ------
    UserError
        The VCF cannot be read, shares no contig with the genome, or is of another build.
    """
    scorer = Scorer(models, genome, settings.rc, settings.pseudocount, _spans(models[0], tracks, settings))
    limit = min(settings.max_length, scorer.context // 4)
    counts = _counts(check(vcf, genome, limit, settings.max_mismatch))
    counts["null"] = None if null is None else _counts(check(null, genome, limit, settings.max_mismatch))
    calibration = None
    if null is not None and counts["scored"] and counts["null"]["scored"]:
        harmless = (item for item in read_variants(null, genome, limit) if isinstance(item, Variant))
        calibration = null_of(scorer, _shown(harmless, "null set", counts["null"]["scored"]), settings.batch_size)
    meta = {**(meta or {}), "counts": counts, "settings": settings.model_dump(mode="json", exclude={"sets"})}
    with (
        ChunkedTable(out["scores"], "scores", meta) as scores,
        ChunkedTable(out["dropped"], "dropped", meta) as dropped,
    ):
        kept = _keep(_shown(read_variants(vcf, genome, limit), "variants", counts["given"]), dropped)
        tops = []
        for rows in score(
            scorer,
            kept,
            tracks,
            Places(windows, genes),
            null=calibration,
            batch_size=settings.batch_size,
            seed=seed,
            code_hash=code_hash,
        ):
            scores.add(rows)
            tops.append(strongest(rows, len(scorer.tracks)))
    write_vcf(out["vcf"], pd.concat(tops) if tops else tables.empty("scores"), genome.lengths)
    return counts


def _counts(found: Mapping[str, int]) -> dict[str, Any]:
    dropped = {reason: n for reason, n in sorted(found.items()) if reason != "scored"}
    scored = found.get("scored", 0)
    return {"given": scored + sum(dropped.values()), "scored": scored, "dropped": dropped}


def _spans(model: SequenceModel, tracks: pd.DataFrame, settings: Variants) -> list[int | None]:
    return [settings.span.get(assay) for assay in track_info(model.tracks, tracks)["assay"]]


def _shown(items: Iterable[Any], desc: str, total: int) -> Iterator[Any]:
    return progress(items, desc, "allele", total)


def _keep(items: Iterable[Variant | Dropped], dropped: "ChunkedTable") -> Iterator[Variant]:
    """Pass on what can be scored; write down the rest."""
    for item in items:
        if isinstance(item, Variant):
            yield item
        else:
            dropped.add(pd.DataFrame([item]))


class ChunkedTable:
    """A table of :mod:`presage.tables` that is written as its rows come. The row groups depend on the rows alone."""

    def __init__(self, path: str | Path, table: str, meta: Mapping[str, Any]) -> None:
        # An empty table of the contract, written by its owner, tells the schema with all of its metadata.
        tables.write(path, table, tables.empty(table), meta)
        self._schema = pq.read_schema(path)
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd", store_schema=True)
        self._waiting: list[pd.DataFrame] = []
        self._rows = 0

    def add(self, rows: pd.DataFrame) -> None:
        """Append rows; columns as in the contract, any order."""
        self._waiting.append(rows)
        self._rows += len(rows)
        if self._rows >= _ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            rows = pd.concat(self._waiting, ignore_index=True)
            columns = [pa.Array.from_pandas(rows[f.name], type=f.type, safe=True) for f in self._schema]
            for field, column in zip(self._schema, columns):
                if not field.nullable and column.null_count:
                    raise ValueError(f"{column.null_count} nulls in column {field.name}")
            self._writer.write_table(pa.table(columns, schema=self._schema))
        self._waiting, self._rows = [], 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._flush()
        finally:
            self._writer.close()


def strongest(rows: pd.DataFrame, tracks: int) -> pd.DataFrame:
    """Of each allele's ``tracks`` consecutive rows the one with the largest absolute log_fc."""
    size = rows["log_fc"].abs().to_numpy().reshape(-1, tracks)
    return rows.iloc[np.arange(len(size)) * tracks + size.argmax(axis=1)]


def write_vcf(path: str | Path, tops: pd.DataFrame, lengths: Mapping[str, int]) -> None:
    """Write a sorted, bgzipped, indexed VCF with one record per allele and its strongest track in INFO.

    ``tops`` are rows of the `scores` table, one per allele; ``lengths`` the genome's contigs in order. ID is the
    allele as the user's file had it; POS, REF and ALT are normalised.
    """
    rank = {name: i for i, name in enumerate(lengths)}
    tops = tops.assign(rank=[rank[chrom] for chrom in tops["chrom"]])
    tops = tops.sort_values(["rank", "pos", "ref", "alt", "variant"], kind="stable")
    with pysam.BGZFile(str(path), "wb", None) as out:
        out.write("".join(f"{line}\n" for line in _header(lengths)).encode())
        for row in tops.to_dict("records"):
            fields = (row["chrom"], row["pos"] + 1, row["variant"], row["ref"], row["alt"], ".", ".", _info(row))
            out.write(("\t".join(map(str, fields)) + "\n").encode())
    pysam.tabix_index(str(path), preset="vcf", force=True)


def _header(lengths: Mapping[str, int]) -> Iterator[str]:
    yield "##fileformat=VCFv4.3"
    yield "##source=presage"
    yield from (f"##contig=<ID={name},length={length}>" for name, length in lengths.items())
    for name, (kind, meaning) in _INFO.items():
        yield f'##INFO=<ID={name},Number=1,Type={kind},Description="{meaning}">'
    yield "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"


def _info(row: Mapping[Hashable, Any]) -> str:
    texts = [f"TRACK={quote(row['track'], safe='+-.')}", f"CELLTYPE={quote(row['cell_type'], safe='+-.')}"]
    numbers = {"LOGFC": row["log_fc"], "LOGFC_SD": row["log_fc_sd"], "P": row["p_null"]}
    return ";".join(texts + [f"{key}={value:.6g}" for key, value in numbers.items() if pd.notna(value)])
