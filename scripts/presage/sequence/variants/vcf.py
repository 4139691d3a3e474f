"""scores.vcf.gz: one record per scored allele, its strongest track in INFO; sorted, bgzipped, indexed, no samples."""

from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import numpy as np
import pandas as pd
import pysam

# key -> (VCF type, column of the `scores` table, meaning)
_INFO = {
    "NAME": ("String", "variant", "chrom:pos:ref:alt as it was given, percent-encoded"),
    "TRACK": ("String", "track", "Track with the largest absolute LOGFC on the strand where coverage changes more"),
    "CELLTYPE": ("String", "cell_type", "Cell type of TRACK, percent-encoded"),
    "LOGFC": ("Float", "log_fc", "log2 ratio of summed predicted coverage in TRACK, ALT over REF"),
    "LOGFC_SD": ("Float", "log_fc_sd", "Standard deviation of LOGFC over models, strands and shifts"),
    "SIGN": ("Float", "sign_agreement", "Share of models, strands and shifts with the sign of LOGFC"),
    "TOP": ("Float", "top_share", "Share of them in which TRACK has the largest effect of its assay and strand"),
    "P": ("Float", "p_null", "Share of null variants with at least this absolute LOGFC in TRACK"),
    "FOLD": ("String", "fold", "Fold of this study's windows: train, valid, test or outside"),
    "GENE": ("String", "gene", "Gene of the nearest transcription start, percent-encoded"),
    "TSSD": ("Integer", "tss_distance", "bp to that start, positive downstream"),
}


class VcfWriter:
    """Writes records as their rows come, which must be in genome order; the index is made at the end."""

    def __init__(self, path: str | Path, lengths: Mapping[str, int], null: str) -> None:
        """``lengths``: the genome's contigs in order; ``null``: name of the set that P is read against."""
        self._path = Path(path)
        self._file = pysam.BGZFile(str(path), "wb", None)
        self._write("".join(f"{line}\n" for line in _header(lengths, null)))

    def add(self, rows: pd.DataFrame, tracks: int) -> None:
        """Rows of the `scores` table, ``tracks`` consecutive ones for each allele."""
        for row in strongest(rows, tracks).to_dict("records"):
            known_as = row["id"] if isinstance(row["id"], str) else row["variant"]
            fields = (row["chrom"], row["pos"] + 1, known_as, row["ref"], row["alt"], ".", ".", _info(row))
            self._write("\t".join(map(str, fields)) + "\n")

    def _write(self, text: str) -> None:
        self._file.write(text.encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if kind is None:
            pysam.tabix_index(str(self._path), preset="vcf", force=True)


def strongest(rows: pd.DataFrame, tracks: int) -> pd.DataFrame:
    """Of each allele's ``tracks`` consecutive rows the one with the largest absolute log_fc on its main strand."""
    size = rows["log_fc"].abs().where(rows["main_strand"], -1.0).to_numpy().reshape(-1, tracks)
    return rows.iloc[np.arange(len(size)) * tracks + size.argmax(axis=1)]


def _header(lengths: Mapping[str, int], null: str) -> Iterator[str]:
    yield "##fileformat=VCFv4.3"
    yield "##source=presage"
    yield f"##presage_null={null}"
    yield from (f"##contig=<ID={name},length={length}>" for name, length in lengths.items())
    for name, (kind, _, meaning) in _INFO.items():
        yield f'##INFO=<ID={name},Number=1,Type={kind},Description="{meaning}">'
    yield "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"


def _info(row: Mapping[Hashable, Any]) -> str:
    values = ((key, kind, row[column]) for key, (kind, column, _) in _INFO.items())
    return ";".join(f"{key}={_text(kind, value)}" for key, kind, value in values if pd.notna(value))


def _text(kind: str, value: Any) -> str:
    if kind == "String":
        return quote(value, safe="+-.")
    return f"{value:.6g}" if kind == "Float" else str(int(value))
