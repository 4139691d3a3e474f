"""The two sides of a hold-out: tracks that may be fitted, and tracks that are asked for.

A cell type or a group of tracks is left out by leaving out tracks. A donor, tissue or condition is in every track, so
tracks are pooled again: once without its cells, once of its cells alone, from the parts that were read already.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from presage import tables
from presage.config.pseudobulk import Pseudobulk
from presage.errors import UserError
from presage.sequence.pseudobulk import cells
from presage.sequence.pseudobulk.aggregate import STUDY, finished_tracks, opened_samples, tracks_of
from presage.sequence.pseudobulk.parts import Part
from presage.sequence.reference.genome import Genome
from presage.sequence.reference.windows import on_genome
from presage.sequence.samples.sources import GROUP
from presage.sequence.targets.target_set import TargetSet
from presage.sheets import Sample
from presage.study.hold_outs import HoldOut

KEPT, HELD = "kept", "held"
SHARED = (
    "donors_on_both_sides"  # key of qc.json: a tissue or condition of a donor who is also fitted to is no new donor
)


class Side(NamedTuple):
    """Tracks of one side of a hold-out: coverage, and columns ``slug cell_type assay strand`` of its tracks."""

    targets: TargetSet
    tracks: pd.DataFrame


def sides(targets: TargetSet, tracks: pd.DataFrame, out: HoldOut) -> tuple[list[str], list[str]]:
    """Slugs that are kept and slugs that are held out, for a hold-out of whole tracks.

    ``tracks``: columns ``slug cell_type`` of the set's tracks (:func:`presage.sequence.targets.track_names.describe`).
    Raises :class:`UserError` where nothing fits, or nothing is left.
    """
    if out.axis == "cell_type":
        of_type = set(tracks["slug"][tracks["cell_type"] == out.value])
        held = [slug for slug in targets.tracks if slug in of_type]
        there = sorted(tracks["cell_type"][tracks["slug"].isin(targets.tracks)].unique())
    else:
        pairs = list(zip(targets.tracks, targets.names))
        held = [pair[0] for pair in pairs if any(fnmatchcase(text, p) for text in pair for p in out.patterns)]
        there = list(targets.names)
    kept = [slug for slug in targets.tracks if slug not in held]
    where = f"config key sequence.generalise, {out.axis} {out.value!r}"
    if not held:
        raise UserError(where, "fits no track", f"choose from {', '.join(there[:20])}")
    if not kept:
        raise UserError(where, "leaves no track to fit", "hold out less at a time")
    for side in (kept, held):
        targets.select(side)  # one strand without the other is refused
    return kept, held


def kept_side(targets: TargetSet, tracks: pd.DataFrame, out: HoldOut) -> Side:
    """The tracks that may be fitted, of a set that holds the others too, unless they were pooled apart."""
    if out.pools_again:
        return Side(targets, tracks)
    return Side(targets.select(sides(targets, tracks, out)[0]), tracks)


def both_sides(
    targets: Mapping[str, TargetSet], tracks: Mapping[str, pd.DataFrame], out: HoldOut, patterns: Sequence[str]
) -> tuple[Side, Side, Side]:
    """All of the study, what is kept of it, and what is held out; ``patterns``: tracks that adapters are fitted to.

    ``targets``, ``tracks``: by study, kept and held; the same for all three where tracks are chosen from one set.
    """
    study = Side(targets["study"].select(patterns), tracks["study"])
    if out.pools_again:
        return study, Side(targets[KEPT], tracks[KEPT]), Side(targets[HELD], tracks[HELD])
    chosen = [study.targets.select(side) for side in sides(study.targets, study.tracks, out)]
    return study, Side(chosen[0], study.tracks), Side(chosen[1], study.tracks)


def pool_sides(
    samples: Sequence[Sample],
    parts: Sequence[str | Path],
    settings: Pseudobulk,
    genome: Genome,
    windows: pd.DataFrame,
    bin_size: int,
    out: HoldOut,
    folder: str | Path,
    *,
    blacklist: pd.DataFrame | None = None,
    simulated: bool = False,
    meta: Mapping[str, Any] | None = None,
) -> None:
    """Pool again without the held-out cells, and of them alone: ``<folder>/{kept,held}/`` with ``targets.zarr``,
    ``tracks.parquet`` and ``qc.json`` each. Arguments as of :func:`presage.sequence.pseudobulk.aggregate.gather`.

    Raises :class:`UserError` where the value does not occur, or a side has no track.
    """
    windows = on_genome(windows, genome)
    opened = [one for one in opened_samples(samples, [Part.open(p) for p in parts], genome) if one.genome == STUDY]
    finished = finished_tracks(samples, genome)
    rows = [cells.of_sample(one).assign(genome=one.genome, assay=one.assay) for one in opened]
    known = pd.concat([row[GROUP] for row in rows] + [pd.DataFrame([s.group for s in finished], columns=GROUP)])
    cells.check_held_out(known, {out.axis: [out.value]})
    where = f"config key sequence.generalise, {out.axis} {out.value!r}"
    inside = known[out.axis] == out.value
    if inside.all():
        raise UserError(where, "has every cell: nothing is left to fit", "hold out something else")
    shared = sorted(set(known["donor"][inside]) & set(known["donor"][~inside]))
    for side in (KEPT, HELD):
        place = Path(folder) / side
        place.mkdir(parents=True, exist_ok=True)

        def taken(groups: pd.DataFrame, held: bool = side == HELD) -> pd.Series:
            return (groups[out.axis] == out.value) == held

        some = [one.only(taken) for one in opened]
        table, facts = tracks_of(
            STUDY,
            some,
            [source for source in finished if (source.group[GROUP.index(out.axis)] == out.value) == (side == HELD)],
            _numbers([row[taken(row)] for row in rows]),
            settings,
            windows,
            bin_size,
            genome.lengths,
            place,
            blacklist,
            simulated,
        )
        shutil.rmtree(place / "bw", ignore_errors=True)  # coverage per base is the whole study's
        if not facts:
            few = f"(pseudobulk.min_cells: {settings.min_cells})"
            raise UserError(where, f"the {side} cells make no track {few}", "hold out something else")
        tables.write(place / "tracks.parquet", "tracks", table, meta)
        text = json.dumps({**(meta or {}), "tracks": facts, SHARED: shared}, indent=1, sort_keys=True)
        (place / "qc.json").write_text(text + "\n", encoding="utf-8")


def _numbers(rows: Sequence[pd.DataFrame]) -> dict[tuple[str, str, str], int]:
    """Cells with reads by (genome, assay, cell type)."""
    if not rows:
        return {}
    every = pd.concat(rows)
    some = every[every[["reads", "fragments"]].sum(axis=1) > 0]
    counted = some.groupby(["genome", "assay", "cell_type"]).size().reset_index(name="n")
    return {(g, a, kind): int(n) for g, a, kind, n in counted.itertuples(index=False, name=None)}
