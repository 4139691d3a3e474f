"""In-silico saturation mutagenesis: the predicted effect of every change of a single base of a region."""

import fnmatch
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from presage.errors import UserError
from presage.progress import bar
from presage.sequence.mutagenesis.changes import Change, Stretch, Window
from presage.sequence.mutagenesis.reading import Reading
from presage.sequence.mutagenesis.regions import Place
from presage.sequence.sparse_tower import Edit, check_window, unsupported
from presage.sequence.targets.track_names import track_info
from presage.sequence.variants.scorer import Scorer
from presage.tables import SCHEMAS

_CHECKED = 4  # substitutions on which the sparse way is compared with the dense one
DELETED = 4  # in place of a base's code
LETTERS = np.array(list("ACGT-"), dtype=object)


class Saturation(NamedTuple):
    """Effects of every change of a region.

    Attributes
    ----------
    pos : int64 ``[n]``, 0-based position on the contig, ascending
    ref, alt : uint8 ``[n]``, codes of the genome's base and of what takes its place (4: nothing)
    log_fc : float64 ``[n, tracks]``, mean over models and strands
    log_fc_sd : float64 ``[n, tracks]``, their sample standard deviation; NaN where there is but one
    """

    pos: np.ndarray
    ref: np.ndarray
    alt: np.ndarray
    log_fc: np.ndarray
    log_fc_sd: np.ndarray


def chosen(tracks: Sequence[str], patterns: Sequence[str]) -> np.ndarray:
    """Columns (int64, ascending) of the slugs that fit one of the shell-style patterns.

    Raises :class:`UserError` for a pattern that fits none.
    """
    for pattern in patterns:
        if not fnmatch.filter(tracks, pattern):
            raise UserError(f"track pattern {pattern!r}", f"fits none of {len(tracks)} tracks", f"e.g. {tracks[0]}")
    return np.flatnonzero([any(fnmatch.fnmatchcase(slug, pattern) for pattern in patterns) for slug in tracks])


def spans(slugs: Sequence[str], tracks: pd.DataFrame, given: Mapping[str, int]) -> list[int | None]:
    """bp around a change that are summed, for each slug by the assay of its track; None: all output bins."""
    return [given.get(assay) for assay in track_info(slugs, tracks)["assay"]]


def saturate(
    scorer: Scorer, place: Place, columns: np.ndarray, deletions: bool = True, batch_size: int = 16
) -> Saturation:
    """Effects of all three substitutions and of the deletion of every base of a region.

    All sequences share one window, centred on the region, so that effects of neighbouring bases compare; near the ends
    of a region as long as the model's output, a base has context on one side only. Bases that are N in the genome are
    left out. Deleting any base of a run of equal ones gives the same sequence: it is predicted once, as the deletion of
    the run's first base (left-aligned, as in a VCF), and the bases of the run share the value.

    Parameters
    ----------
    columns : int64 ``[tracks]``, the tracks to read, as columns of the models' output
    deletions : delete bases, too; :class:`~.changes.Window` says which bins are compared
    batch_size : sequences in one forward pass

    Raises
    ------
    UserError
        when the region is longer than the model's output
    """
    start, stretch = window(scorer, place)
    codes, at = stretch.window, np.arange(place.start, place.end) - start
    changes, rows = _changes(codes, at[codes[at] < DELETED], deletions)
    reading, bins = _reading(scorer, columns, at)
    _check(scorer, codes, changes, bins)
    passes = []
    with bar(len(changes) * len(scorer.replicates), f"mutagenesis {place.chrom}:{place.start}", "sequence") as shown:
        for model, reverse, _ in scorer.replicates:
            opened = Window(model, stretch, columns, reverse, bins, scorer.sparse)
            before = scorer.coverage(opened.coverage, columns)
            parts = [np.empty((0, len(columns)))]
            for first in range(0, len(changes), batch_size):
                batch = changes[first : first + batch_size]
                after = scorer.coverage(opened.changed(batch), columns)
                parts.append(reading.log_fc(before, after, [c.at for c in batch]))
                shown.update(len(batch))
            passes.append(np.concatenate(parts))
    mean, sd = mean_and_sd(passes)
    offset, alt, source = np.array(rows, np.int64).reshape(-1, 3).T
    return Saturation(start + offset, codes[offset], alt.astype(np.uint8), mean[source], sd[source])


def window(scorer: Scorer, place: Place) -> tuple[int, Stretch]:
    """0-based start of the window that is centred on a region, and its sequence with what indels may move in.

    Raises :class:`UserError` when the region is longer than the model's output.
    """
    trunk, length = scorer.models[0].trunk, place.end - place.start
    if length > trunk.out_bins * trunk.bin_size:
        shown = f"region {place.chrom}:{place.start}-{place.end}"
        raise UserError(shown, f"is longer than the model's output ({trunk.out_bins * trunk.bin_size} bp)", "split it")
    start = (place.start + place.end) // 2 - scorer.context // 2
    margin = max(1, len(place.variant.ref) if place.variant else 0)
    return start, Stretch(scorer.genome.codes(place.chrom, start - margin, start + scorer.context + margin), margin)


def _changes(codes: np.ndarray, at: np.ndarray, deletions: bool) -> tuple[list[Change], list[tuple[int, int, int]]]:
    """Distinct changes of the offsets ``at``, and for each row of the result its offset, ALT, and change."""
    changes: list[Change] = []
    rows: list[tuple[int, int, int]] = []
    deleted: dict[int, int] = {}  # first base of a run -> the change that deletes it
    for offset in at.tolist():
        for base in (b for b in range(4) if b != codes[offset]):
            rows.append((offset, base, len(changes)))
            changes.append(Change(offset, 1, (base,)))
        if deletions:
            first = first_of_run(codes, offset)
            if first not in deleted:
                deleted[first] = len(changes)
                changes.append(Change(first, 1, ()))
            rows.append((offset, DELETED, deleted[first]))
    return changes, rows


def first_of_run(codes: np.ndarray, offset: int) -> int:
    """Offset of the first of the equal bases that the base at ``offset`` is one of."""
    while offset > 0 and codes[offset - 1] == codes[offset]:
        offset -= 1
    return offset


def mean_and_sd(passes: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and sample standard deviation over models and strands of arrays of one shape; NaN where there is but one."""
    stacked = np.stack(passes)
    sd = stacked.std(axis=0, ddof=1) if len(passes) > 1 else np.full(stacked.shape[1:], np.nan)
    return stacked.mean(axis=0), sd


def _reading(scorer: Scorer, columns: np.ndarray, at: np.ndarray) -> tuple[Reading, tuple[int, int] | None]:
    """How changes of the offsets ``at`` are read, and the only bins that are (None: all)."""
    given = scorer.spans if scorer.spans is not None else [None] * len(scorer.tracks)
    whole = Reading(scorer.first_base(0), scorer.bin_size, tuple(given[i] for i in columns), scorer.pseudocount)
    spans = [span for span in whole.spans if span is not None]
    if len(spans) < len(columns) or not len(at):
        return whole, None
    low, high = (whole.bins(int(place), max(spans), scorer.bins) for place in (at[0], at[-1]))
    if not low[1] or not high[1]:  # a span leaves the output
        return whole, None
    first = whole.first + low[0] * whole.bin_size
    return Reading(first, whole.bin_size, whole.spans, whole.pseudocount), (low[0], high[1])


def _check(scorer: Scorer, codes: np.ndarray, changes: Sequence[Change], bins: tuple[int, int] | None) -> None:
    """Compare sparse and dense on the first substitutions, for every model and strand."""
    edits = [Edit(change.at, np.array(change.codes, np.uint8)) for change in changes if not change.grows][:_CHECKED]
    for model, reverse, _ in scorer.replicates:
        if scorer.sparse and edits and unsupported(model) is None:
            check_window(model, codes, edits, reverse=reverse, bins=bins)


def rows(found: Saturation, chrom: str, slugs: Sequence[str], tracks: pd.DataFrame) -> pd.DataFrame:
    """Rows of the `ism` table by position, ALT (A C G T -) and track; ``tracks`` says what the ``slugs`` are."""
    info, n = track_info(slugs, tracks), len(found.pos)
    long = {
        "chrom": chrom,
        "pos": np.repeat(found.pos, len(info)),
        "ref": np.repeat(LETTERS[found.ref], len(info)),
        "alt": np.repeat(LETTERS[found.alt], len(info)),
        **{column: np.tile(info[column].to_numpy(object), n) for column in ("track", "cell_type", "assay")},
        "log_fc": found.log_fc.ravel(),
        "log_fc_sd": found.log_fc_sd.ravel(),
    }
    return pd.DataFrame(long)[SCHEMAS["ism"].names]
