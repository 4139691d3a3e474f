"""Windows: which stretches of the genome a model is trained and judged on, cut fresh or published."""

import fnmatch
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from presage import tables, text_table
from presage.config.reference import Reference
from presage.errors import UserError
from presage.sequence.reference import folds
from presage.sequence.reference.contigs import map_contigs
from presage.sequence.reference.genome import Genome
from presage.sequence.reference.intervals import covered


def cut_windows(
    settings: Reference,
    genome: Genome,
    context: int,
    crop: int,
    contigs: Collection[str] | None = None,
    blacklist: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Windows whose outputs tile each contig from its first base, every ``settings.stride`` bp; ``fold`` is left empty.

    Only whole outputs inside the contig are used (inputs may reach past its ends and are padded with N), and with
    ``settings.tails`` the one at its end too. Left out are those where more than ``max_n`` of the output is N or past
    the contig's end, or more than ``max_blacklist`` of it in the blacklist. Where every contig is shorter than an
    output, each gets one window that is centred on it, and only N within the contig count against ``max_n``.

    Parameters
    ----------
    context, crop : bp of the model's input, and bp at each side of it that are not predicted
    contigs : those that get windows; None: all
    blacklist : merged intervals, columns ``chrom start end``; None: none

    Returns
    -------
    Rows of the windows table, and counts: windows left out by reason, bp at contigs' ends where no whole output fits,
    and the windows that lie on short contigs.
    """
    out_length = context - 2 * crop
    lengths = {name: bp for name, bp in genome.lengths.items() if bp and (contigs is None or name in contigs)}
    short = all(bp < out_length for bp in lengths.values())
    count = {"windows_with_n": 0, "windows_blacklisted": 0, "bp_at_contig_ends": 0}
    rows: list[tuple[str, int]] = []
    for chrom, length in lengths.items():
        if short:
            starts = np.array([(length - out_length) // 2])
            outside = np.zeros(1, np.int64)
        else:
            stop = length if settings.tails else max(0, length - out_length + 1)
            starts = np.arange(0, stop, settings.stride or out_length, dtype=np.int64)
            outside = np.clip(starts + out_length - length, 0, None)
            count["bp_at_contig_ends"] += length - min(length, int(starts[-1]) + out_length if len(starts) else 0)
        unknown = covered(*genome.unknown(chrom), starts, starts + out_length) + outside
        known = unknown <= settings.max_n * (length if short else out_length)
        listed = _listed(blacklist, chrom, starts, out_length) > settings.max_blacklist * out_length
        count["windows_with_n"] += int((~known).sum())
        count["windows_blacklisted"] += int((known & listed).sum())
        rows += [(chrom, int(start)) for start in starts[known & ~listed]]
    if not rows:
        longest = max(lengths.values(), default=0)
        raise UserError(
            genome.path,
            f"holds no window of {out_length:,} bp (longest contig {longest:,} bp, {count['windows_with_n']} windows "
            f"with many N, {count['windows_blacklisted']} in the blacklist)",
            "use a model with a shorter context, a larger genome, or other reference.contigs",
        )
    windows = _frame([c for c, _ in rows], np.array([s for _, s in rows]) - crop, context, crop, genome.lengths)
    return windows, {**count, "windows_on_short_contigs": len(rows) if short else 0}


def chosen_contigs(patterns: Collection[str], lengths: Mapping[str, int]) -> list[str]:
    """Contigs that fit one of the shell-style ``patterns``, in genome order.

    Raises :class:`UserError` for a pattern that fits none.
    """
    for pattern in patterns:
        if not fnmatch.filter(lengths, pattern):
            names = ", ".join(list(lengths)[:8])
            raise UserError("reference.contigs", f"no contig is named {pattern}", f"the genome has {names} ...")
    return [name for name in lengths if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]


def read_folds(path: str | Path) -> pd.DataFrame:
    """A BED file with a fold: columns 0 to 3, chrom str, start and end int64, fold str. Raises :class:`UserError`."""
    try:
        bed = text_table.read_csv(path, sep="\t", header=None, comment="#", dtype={0: str, 3: str})
    except (OSError, ValueError, EOFError) as error:
        raise UserError(
            path, f"cannot be read as BED ({error})", "give chrom, start, end, fold separated by tabs"
        ) from None
    numbers = bed.shape[1] >= 4 and all(pd.api.types.is_integer_dtype(bed[i]) for i in (1, 2))
    if not numbers or bed[[0, 3]].isna().any(axis=None):
        raise UserError(path, "is not BED with a fold", "give chrom, start, end, fold separated by tabs")
    return bed


def trunk_windows(
    path: str | Path, reference: Collection[str], margin: int, test_folds: Sequence[str], valid_folds: Sequence[str]
) -> pd.DataFrame:
    """What a trunk from elsewhere was trained with: rows of the windows table, of any length, with folds.

    Intervals are outputs; an input reaches ``margin`` bp further at both sides. Contigs are spelled as ``reference``
    does where it has them. An empty file says that the trunk saw nothing of this genome. Raises :class:`UserError` for
    a file without folds, or where nothing trains.
    """
    if Path(path).is_file() and not Path(path).stat().st_size:
        return tables.empty("windows")
    bed = read_folds(path)
    contigs = map_contigs(dict.fromkeys(bed[0]), reference).names
    fold = folds.published(bed[3], test_folds, valid_folds)
    if not (fold == "train").any():
        raise UserError(path, "no window is train", "set reference.test_folds, valid_folds")
    start, end = bed[1].to_numpy(np.int64), bed[2].to_numpy(np.int64)
    return pd.DataFrame(
        {
            "window": np.arange(len(bed), dtype=np.int32),
            "chrom": [contigs.get(name, name) for name in bed[0]],
            "start": start - margin,
            "end": end + margin,
            "out_start": start,
            "out_end": end,
            "fold": fold,
            "padded": 0,
        }
    )


def published_windows(settings: Reference, lengths: Mapping[str, int], context: int, crop: int) -> pd.DataFrame:
    """The windows of a BED file with folds, in file order.

    Intervals are the model's outputs (baskerville and Borzoi write those) or its inputs, as ``windows_are`` says.
    Windows on contigs that the FASTA lacks stay, for the fold audit, with ``padded`` = context: nothing is known there.
    """
    path, expected = settings.windows, context - 2 * crop if settings.windows_are == "output" else context
    assert path is not None
    bed = read_folds(path)
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


def _listed(blacklist: pd.DataFrame | None, chrom: str, starts: np.ndarray, out_length: int) -> np.ndarray:
    """Bases of each output that lie in the blacklist: int64 [windows]."""
    if blacklist is None:
        return np.zeros(len(starts), np.int64)
    here = blacklist[blacklist["chrom"] == chrom]
    left, right = here["start"].to_numpy(np.int64), here["end"].to_numpy(np.int64)
    return covered(left, right, starts, starts + out_length)


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
