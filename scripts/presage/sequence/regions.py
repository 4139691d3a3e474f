"""Genes and windows: where the transcripts lie, and which stretches of the genome a model is trained and judged on."""

import gzip
import io
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

import numpy as np
import pandas as pd

from presage import tables
from presage.config.reference import Reference
from presage.errors import UserError
from presage.sequence import folds
from presage.sequence.genome import Genome, map_contigs, prepare_fasta

_GENE_ID = re.compile(r'\bgene_id "?([^";]+)"?')
_GENE_NAME = re.compile(r'\bgene_name "?([^";]+)"?')
_VERSION = re.compile(r"^(ENS[A-Z]*G\d+)\.\d+")


def prepare_reference(
    settings: Reference, context: int, crop: int, out_dir: str | Path, meta: Mapping[str, Any] | None = None
) -> None:
    """Write ``genome.fa`` (with ``.fai``), ``genes.parquet`` and ``windows.parquet`` into ``out_dir``.

    ``context``: bp of the model's input; ``crop``: bp at each side of it that are not predicted. ``meta`` is stored in
    the tables' metadata beside what was left out (``not_used``). Without a GTF the genes table is empty.
    """
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    genome = prepare_fasta(settings.fasta, out_dir / "genome.fa")
    windows, not_used = make_windows(settings, genome, context, crop)
    tables.write(out_dir / "windows.parquet", "windows", windows, {**(meta or {}), "not_used": not_used})
    genes = tables.empty("genes")
    skipped: dict[str, int] = {}
    if settings.gtf:
        genes, skipped = read_genes(settings.gtf, genome.lengths)
        genes["fold"] = folds.of_intervals(genes["chrom"], genes["start"], genes["end"], windows)
    tables.write(out_dir / "genes.parquet", "genes", genes, {**(meta or {}), "not_used": skipped})


# ---- windows ---------------------------------------------------------------------------------------------------


def make_windows(
    settings: Reference, genome: Genome, context: int, crop: int
) -> tuple[pd.DataFrame, dict[str, int | dict[str, int]]]:
    """The windows table, and what was left out of it by reason (windows, or bp where the key says so)."""
    out_length = context - 2 * crop
    if out_length <= 0:
        raise UserError("crop", f"2 x {crop} bp leave nothing of {context} bp of context", "lower the crop")
    if settings.windows:
        windows = published_windows(settings, genome.lengths, context, crop)
        return windows, {"windows_not_in_genome": int((windows["padded"] == context).sum())}
    windows, not_used = cut_windows(genome, context, crop, settings.stride or out_length, settings.max_n)
    if settings.split == "chromosome":
        windows["fold"] = folds.by_chromosome(windows["chrom"], settings.test_chroms, settings.valid_chroms)
    else:
        windows["fold"] = folds.by_block(windows, settings.block_windows)
        not_used["windows_between_blocks"] = int((windows["fold"] == "").sum())
        windows = windows[windows["fold"] != ""].reset_index(drop=True)
        windows["window"] = np.arange(len(windows), dtype=np.int32)
    return windows, not_used


def cut_windows(
    genome: Genome, context: int, crop: int, stride: int, max_n: float
) -> tuple[pd.DataFrame, dict[str, int | dict[str, int]]]:
    """Windows whose outputs tile each contig from its first base, every ``stride`` bp; ``fold`` is left empty.

    Only whole outputs inside the contig are used (inputs may reach past its ends and are padded with N), without those
    where more than ``max_n`` of the output is N. Also returns what that leaves out.
    """
    out_length = context - 2 * crop
    rows, too_many_n, tail_bp = [], 0, 0
    for chrom, length in genome.lengths.items():
        starts = np.arange(0, length - out_length + 1, stride, dtype=np.int64)
        tail_bp += length - (int(starts[-1]) + out_length if len(starts) else 0)
        unknown = np.concatenate([[0], np.cumsum(genome.codes(chrom, 0, length) == 4, dtype=np.int64)])
        known = unknown[starts + out_length] - unknown[starts] <= max_n * out_length
        too_many_n += int((~known).sum())
        rows += [(chrom, int(start)) for start in starts[known]]
    if not rows:
        longest = max(genome.lengths.values(), default=0)
        raise UserError(
            genome.path,
            f"holds no window of {out_length:,} bp (longest contig {longest:,} bp, {too_many_n} windows with many N)",
            "use a model with a shorter context, or a larger genome",
        )
    chroms = [chrom for chrom, _ in rows]
    windows = _frame(chroms, np.array([start for _, start in rows]) - crop, context, crop, genome.lengths)
    return windows, {"windows_with_n": too_many_n, "bp_at_contig_ends": tail_bp}


def published_windows(settings: Reference, lengths: Mapping[str, int], context: int, crop: int) -> pd.DataFrame:
    """The windows of a BED file with folds, in file order.

    Intervals are the model's outputs (baskerville and Borzoi write those) or its inputs, as ``windows_are`` says.
    Windows on contigs that the FASTA lacks stay, for the fold audit, with ``padded`` = context: nothing is known there.
    """
    path, expected = settings.windows, context - 2 * crop if settings.windows_are == "output" else context
    assert path is not None
    try:
        bed = pd.read_csv(path, sep="\t", header=None, comment="#", dtype={0: str, 3: str})
    except (OSError, ValueError, EOFError) as error:
        raise UserError(
            path, f"cannot be read as BED ({error})", "give chrom, start, end, fold separated by tabs"
        ) from None
    numbers = bed.shape[1] >= 4 and all(pd.api.types.is_integer_dtype(bed[i]) for i in (1, 2))
    if not numbers or bed[[0, 3]].isna().any(axis=None):
        raise UserError(path, "is not BED with a fold", "give chrom, start, end, fold separated by tabs")
    spans = (bed[2] - bed[1]).to_numpy()
    if (spans != expected).any():
        row = int(np.argmax(spans != expected))
        other = "input" if settings.windows_are == "output" else "output"
        fits = (
            "set windows_are: " + other
            if (spans == (context if other == "input" else context - 2 * crop)).all()
            else ""
        )
        raise UserError(
            f"{path} row {row + 1}",
            f"spans {spans[row]:,} bp, the model's {settings.windows_are} {expected:,} bp",
            fits or "use windows that were made for this model",
        )
    contigs = map_contigs(dict.fromkeys(bed[0]), lengths).names
    chroms = [contigs.get(name, name) for name in bed[0]]
    starts = bed[1].to_numpy() - (crop if settings.windows_are == "output" else 0)
    windows = _frame(chroms, starts, context, crop, lengths)
    windows["fold"] = folds.published(bed[3], settings.test_folds, settings.valid_folds)
    for fold in folds.FOLDS:
        if not (windows["fold"] == fold).any():
            names = ", ".join(sorted(set(bed[3]))[:12])
            raise UserError(
                path, f"no window is {fold} (its folds are {names})", "set reference.test_folds, valid_folds"
            )
    return windows


def _frame(chroms: Any, starts: np.ndarray, context: int, crop: int, lengths: Mapping[str, int]) -> pd.DataFrame:
    """The windows table from the first input bases; ``fold`` empty."""
    starts = np.asarray(starts, dtype=np.int64)
    contig = np.array([lengths.get(name, 0) for name in chroms], dtype=np.int64)
    inside = np.clip(np.minimum(starts + context, contig) - np.maximum(starts, 0), 0, None)
    return pd.DataFrame(
        {
            "window": np.arange(len(starts), dtype=np.int32),
            "chrom": list(chroms),
            "start": starts,
            "end": starts + context,
            "out_start": starts + crop,
            "out_end": starts + context - crop,
            "fold": "",
            "padded": context - inside,
        }
    )


def on_genome(windows: pd.DataFrame, genome: Genome) -> pd.DataFrame:
    """The windows that the genome has bases for: published ones may lie on contigs that it lacks. Rows renumbered."""
    there = windows["chrom"].isin(genome.lengths.keys()) & (windows["padded"] < windows["end"] - windows["start"])
    return windows[there].reset_index(drop=True)


# ---- genes -----------------------------------------------------------------------------------------------------


def read_genes(path: str | Path, lengths: Mapping[str, int]) -> tuple[pd.DataFrame, dict[str, int]]:
    """Genes of a GTF as the genes table (``fold`` = outside), sorted by position, and what was left out by reason.

    A gene's exons are the union of its ``exon`` lines, its body their span, its TSS the outermost base in transcription
    direction. GTF's 1-based closed intervals become 0-based half-open. Versions of Ensembl identifiers are cut.

    Raises :class:`UserError` for an exon line without ``gene_id`` (a GFF3 file has none), without strand or with a bad
    interval, and when no contig matches the genome.
    """
    found: dict[tuple[str, str], tuple[str, str, list[tuple[int, int]]]] = {}
    for number, chrom, start, end, strand, attributes in _exon_lines(path):
        match = _GENE_ID.search(attributes)
        if not match:
            todo = "GFF3 must be converted to GTF" if "=" in attributes else "add it"
            raise UserError(f"{path} line {number}", "an exon has no gene_id", todo)
        if strand not in ("+", "-") or not 0 <= start < end:
            raise UserError(f"{path} line {number}", "an exon has no strand or a bad interval", "correct the line")
        gene = _VERSION.sub(r"\1", match[1])
        if (gene, chrom) not in found:
            symbol = _GENE_NAME.search(attributes)
            found[gene, chrom] = (symbol[1] if symbol else gene, strand, [])
        found[gene, chrom][2].append((start, end))
    if not found:
        raise UserError(path, "has no exon lines", "give a GTF with exons")
    contigs = map_contigs(dict.fromkeys(chrom for _, chrom in found), lengths)
    if not contigs.names:
        raise UserError(
            path, f"no contig matches the genome's ({next(iter(found))[1]} ...)", "give the genome's own GTF"
        )
    order = {name: i for i, name in enumerate(lengths)}
    rows, beyond = [], 0
    for (gene, chrom), (name, strand, exons) in found.items():
        if chrom not in contigs.names:
            continue
        starts, ends = merge(np.array(exons, dtype=np.int64))
        chrom = contigs.names[chrom]
        beyond += int(ends[-1] > lengths[chrom])
        if ends[-1] <= lengths[chrom]:
            tss = int(starts[0]) if strand == "+" else int(ends[-1]) - 1
            rows.append((gene, name, chrom, int(starts[0]), int(ends[-1]), strand, tss, starts, ends, folds.OUTSIDE))
    rows.sort(key=lambda row: (order[row[2]], row[3], row[4], row[0]))
    genes = pd.DataFrame(rows, columns=list(tables.SCHEMAS["genes"].names))
    missing = sum(chrom not in contigs.names for _, chrom in found)
    return genes, {"genes_not_in_genome": missing, "genes_beyond_contig": beyond}


def merge(intervals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Union of half-open intervals int64 [n, 2] as (starts, ends), sorted and disjoint; touching ones are joined."""
    starts, ends = np.sort(intervals[:, 0]), np.sort(intervals[:, 1])
    # Sorted apart, a union ends where as many intervals have ended as have begun.
    last = np.append(starts[1:] > ends[:-1], True)
    first = np.append(True, last[:-1])
    return starts[first], ends[last]


def _exon_lines(path: str | Path) -> Iterator[tuple[int, str, int, int, str, str]]:
    """(line number, chrom, start, end, strand, attributes) of each exon; 0-based half-open."""
    with _open_text(path) as lines:
        for number, line in enumerate(lines, start=1):
            if line.startswith("#") or not line.strip():
                continue
            fields = line.rstrip("\n").split("\t")
            if len(fields) < 9:
                raise UserError(f"{path} line {number}", f"has {len(fields)} columns of 9", "give a GTF file")
            if fields[2] == "exon":
                try:
                    start, end = int(fields[3]) - 1, int(fields[4])
                except ValueError:
                    raise UserError(
                        f"{path} line {number}", "start and end are no numbers", "give a GTF file"
                    ) from None
                yield number, fields[0], start, end, fields[6], fields[8]


@contextmanager
def _open_text(path: str | Path) -> Iterator[TextIO]:
    """A text file, plain or gzipped, with its problems told as :class:`UserError`."""
    try:
        with Path(path).open("rb") as raw:
            zipped = raw.peek(2)[:2] == b"\x1f\x8b"
            with gzip.open(raw) if zipped else raw as stream:
                yield io.TextIOWrapper(cast(BinaryIO, stream), encoding="utf-8")
    except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError) as error:
        raise UserError(path, f"is truncated or no text ({error})", "download it again") from None
    except OSError as error:
        raise UserError(path, f"cannot be read ({error.strerror or error})", "correct the path") from None
