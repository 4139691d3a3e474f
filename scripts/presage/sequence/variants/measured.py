"""A calibration set: measured effects of variants on tracks, by which predictions become intervals."""

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from presage.errors import UserError
from presage.sequence.contigs import map_contigs
from presage.sequence.genome import Genome
from presage.sequence.variants.alleles import Variant, resolve
from presage.sequence.variants.readers.table import read_rows
from presage.tables import SCHEMAS


class Measured(NamedTuple):
    """``effects``: rows of the `calibration_effects` table; ``left_out``: measurements by reason."""

    effects: pd.DataFrame
    left_out: dict[str, int]


def read_measured(
    path: str | Path, sites: pd.DataFrame, tracks: pd.DataFrame, genome: Genome, max_length: int
) -> Measured:
    """Measured effects of the alleles of a `sites` table that was made from the same file.

    The file is a table with a header: chrom, pos (1-based), ref, alt, effect (log2, ALT over REF) and either track (a
    slug) or cell_type and assay, which stand for every track of that type and assay.

    Raises :class:`UserError` naming the line whose track is not one of ``tracks`` (columns ``slug cell_type assay``)
    or whose effect is no number.
    """
    numbers = dict(zip(zip(*(sites[name] for name in ("chrom", "pos", "ref", "alt"))), sites["site"]))
    by_type: dict[tuple[str, str], list[str]] = {}
    for slug, cell_type, assay in zip(tracks["slug"], tracks["cell_type"], tracks["assay"]):
        by_type.setdefault((cell_type, assay), []).append(slug)
    known = {slug: [slug] for slug in tracks["slug"]}
    rows: list[tuple[int, str, float]] = []
    left_out: Counter[str] = Counter()
    contigs: dict[str, str | None] = {}
    for site, row in read_rows(path):
        line = f"{path} line {site.record + 1}"
        if site.chrom not in contigs:
            contigs[site.chrom] = map_contigs([site.chrom], genome.lengths).names.get(site.chrom)
        slugs = _slugs(row, known, by_type, line)
        try:
            effect = float(row["effect"])
        except (KeyError, ValueError):
            given = row.get("effect", "no column effect")
            raise UserError(line, f"effect is no number ({given})", "give log2 of ALT over REF") from None
        item = resolve(site, contigs[site.chrom], genome, max_length)
        if isinstance(item, Variant):
            number = numbers[item.chrom, item.pos, item.ref, item.alt]
            rows += [(int(number), slug, effect) for slug in slugs]
        else:
            left_out[item.reason] += 1
    frame = pd.DataFrame(rows, columns=SCHEMAS["calibration_effects"].names)
    repeats = frame.duplicated(["site", "track"]).sum()
    if repeats:
        left_out["measured_again"] = int(repeats)
        frame = frame.groupby(["site", "track"])["effect"].mean().reset_index()
    return Measured(frame.sort_values(["site", "track"], ignore_index=True), dict(left_out))


def _slugs(
    row: dict[str, Any], known: dict[str, list[str]], by_type: dict[tuple[str, str], list[str]], line: str
) -> list[str]:
    if row.get("track"):
        found, what = known.get(row["track"]), f"track {row['track']}"
    else:
        key = str(row.get("cell_type", "")), str(row.get("assay", ""))
        found, what = by_type.get(key), f"cell_type {key[0] or '(none)'} with assay {key[1] or '(none)'}"
    if not found:
        raise UserError(line, f"{what} is not fitted in this study", f"use one of {', '.join(list(known)[:3])} ...")
    return found
