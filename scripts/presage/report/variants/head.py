"""What was scored, in words: the head of a set's page."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from presage.report.page import Card
from presage.report.render import number
from presage.report.variants.rows import ALPHA, SURE, Overview, row_groups
from presage.report.warn import about_fits
from presage.sequence.variants.gather import classes
from presage.sequence.variants.vcf import strongest

MISMATCHED = 0.05  # share of alleles with another REF than the genome's, from which on the build is doubted
THIN_NULL = 200  # null variants; with fewer, p cannot be small


@dataclass(frozen=True)
class ScoredSet:
    """What the page is about.

    Attributes
    ----------
    name : of the set
    scores, dropped : paths of these tables
    null : path of the null set's sites, where it has one
    genes : the `genes` table
    tracks : columns ``slug cell_type assay strand``, of the scored tracks or more
    models : names of the models that were averaged
    strands, shifts : how many of each model's predictions were averaged
    regions : name -> path of the `ism` table of a region whose every base was changed
    cards : of the models, with ``name`` and ``seed``
    folds_known : whether the folds of the study's windows are those that the models were fitted by
    """

    name: str
    scores: Path
    dropped: Path
    null: Path | None
    genes: pd.DataFrame
    tracks: pd.DataFrame
    models: list[str]
    strands: int
    shifts: int
    regions: dict[str, Path] = field(default_factory=dict)
    cards: list[dict[str, Any]] = field(default_factory=list)
    folds_known: bool = True

    @property
    def replicates(self) -> int:
        return len(self.models) * self.strands * self.shifts


def reasons(dropped: Path) -> Counter[str]:
    """Alleles that were not scored, by reason."""
    counts: Counter[str] = Counter()
    for group in row_groups(pq.ParquetFile(dropped), ["reason"]):
        counts.update(group["reason"].to_pylist())
    return counts


def null_sizes(sites: Path | None) -> dict[str, int]:
    """Null variants of each class that a variant is read against its own of; empty without a null set."""
    counts: Counter[str] = Counter()
    if sites is not None:
        for group in row_groups(pq.ParquetFile(sites), ["kind"]):
            counts.update(map(str, classes(group["kind"].to_pandas())))
    return dict(sorted(counts.items(), reverse=True))


def facts(given: ScoredSet, seen: Overview, null: dict[str, int], meta: dict[str, Any]) -> dict[str, str]:
    """What the numbers were made from, in words."""
    assays = ", ".join(name.upper() for name in dict.fromkeys(seen.tracks["assay"]))
    types = seen.tracks["cell_type"].nunique()
    parts = (many(len(given.models), "model"), many(given.strands, "strand"), many(given.shifts, "shift"))
    found = {
        "Models": ", ".join(given.models),
        "Averaged": f"{' × '.join(parts)} = {many(given.replicates, 'prediction')} per allele",
        "Tracks": f"{number(len(seen.tracks))}: {many(types, 'cell type')}, {assays}" if len(seen.tracks) else "none",
        "Null set": "none, so there are no p-values",
    }
    if given.null is not None:
        sizes = " and ".join(many(count, name) for name, count in null.items()) or "empty"
        found["Null set"] = f"{meta.get('null_name') or 'given'} ({sizes})"
    if calibration := meta.get("calibration"):
        measured = many(sum(calibration["measurements"].values()), "measured effect")
        found["Intervals"] = f"{100 * calibration['level']:g} %, from {measured}"
    return found


def many(count: int, word: str) -> str:
    """A count with its word: 1 strand, 2 strands."""
    return f"{number(count)} {word}{'' if count == 1 else 's'}"


def signed(effect: float) -> str:
    """An effect with its sign.

    >>> signed(1.234), signed(-0.0342), signed(0.0)
    ('+1.23', '−0.034', '+0.00')
    """
    text = f"{effect:+.2f}" if abs(effect) >= 0.1 or not effect else f"{effect:+.2g}"
    return text.replace("-", "\N{MINUS SIGN}")


def cards(given: ScoredSet, seen: Overview, dropped: Counter[str], null: dict[str, int]) -> list[Card]:
    """The handful of numbers that tell whether to read on."""
    lost = dropped.total()
    found = [
        Card("Variants scored", number(seen.variants), f"of {number(seen.variants + lost)} given", ""),
        Card("Not scored", number(lost), many(len(dropped), "reason") if lost else "every allele was scored", ""),
    ]
    if seen.variants and given.folds_known:
        kept, chosen = seen.variants - seen.folds.get("train", 0), seen.folds.get("valid", 0)
        words = "outside the windows that the models were fitted on"
        words += f"; {number(chosen)} of them in windows that the fits were chosen by" if chosen else ""
        found.append(Card("Unseen in training", number(kept), words, ""))
    if seen.height == "p_null":
        words = (
            f"p ≤ {ALPHA:g} in the strongest track, {100 * SURE:.0f} % or more of "
            f"{many(given.replicates, 'prediction')} agree on the sign, SD no larger than the effect"
        )
        found.append(Card("Stand out", number(seen.passed), words, ""))
        found.append(Card("Null variants", number(sum(null.values())), "what p is read against", ""))
    if len(seen.top):
        best = strongest(seen.top, len(seen.tracks)).iloc[0]
        words = f"log2 fold change of {best['variant']} in {best['cell_type']}"
        if not abs(best["specificity"]) > best["specificity_sd"]:
            words += "; not shown to be larger there than in other types"
        found.append(Card("Largest effect", signed(float(best["log_fc"])), words, ""))
    return found


def warnings(
    given: ScoredSet, seen: Overview, null: dict[str, int], dropped: Counter[str], simulated: bool | None
) -> list[str]:
    """What to know before believing a number of this page."""
    found = about_fits(given.cards)
    if not simulated and any(card.get("simulated") for card in given.cards):
        found.append("The models were fitted to simulated data: what they predict says nothing of a real genome")
    alleles, wrong = seen.variants + dropped.total(), dropped.get("ref_mismatch", 0)
    if wrong > MISMATCHED * alleles:
        found.append(
            f"REF is not what the genome has in {many(wrong, 'allele')} of {number(alleles)}: are variants and "
            "genome of one assembly?"
        )
    if not seen.variants:
        return found
    if not given.folds_known:
        found.append(
            "It is not known which of these variants the models have seen: an adapter was fitted elsewhere, and its "
            "windows are not given (reference.windows). The folds shown are of windows that were cut fresh here"
        )
    elif train := seen.folds.get("train", 0):
        found.append(
            f"In windows that the models were fitted on: {many(train, 'variant')} "
            f"({100 * train / seen.variants:.0f} %). The models know the reference sequence there with its coverage, "
            "so errors look smaller than they are. What the trunk had seen before: the page of the evaluation"
        )
    if seen.height == "p_null":
        tracks = len(seen.tracks)
        found.append(
            f"p speaks of one track. The strongest of {number(tracks)} tracks passes {ALPHA:g} by chance more often "
            "than one in twenty times, and nothing here is corrected for the number of variants"
        )
        for name, count in null.items():
            if count < THIN_NULL:
                found.append(
                    f"The null set has {many(count, name)}: for {name}s no p below {1 / (count + 1):.2g} exists"
                )
        if seen.without:
            found.append(f"Without p: {many(seen.without, 'variant')}, because the null set holds none of their class")
    else:
        found.append("There is no null set: nothing says how large an effect is by chance alone")
    if given.replicates == 1:
        found.append("One prediction per allele: there is no SD, and agreement means nothing")
    if given.replicates == 2:
        found.append("Two predictions per allele: they agree on the sign by chance in one of two variants")
    return found


def words(given: ScoredSet, seen: Overview, meta: dict[str, Any]) -> dict[str, str]:
    """The columns of this page and of the files, in plain words."""
    found = {
        "track": "one predicted signal: a cell type, an assay, and for stranded RNA a strand",
        "log2 fold change": "log2 of the summed predicted signal of the alternative over that of the reference allele: "
        f"+1 doubles it, −1 halves it; summed over {summed(seen, meta)}",
        "± SD": f"standard deviation of that over the {many(given.replicates, 'prediction')} (models, strands, shifts)",
        "sign agreement": "share of the predictions with the sign of their mean",
        "specificity": "log2 fold change minus its mean over the cell types of the same assay and strand",
        "on top": "share of the predictions in which that track has the largest effect of its assay and strand",
        "fold": "of this study's windows there: train (fitted), valid (chosen by), test (kept from both), outside (in "
        "none). Where the windows are those that the trunk was published with, they say what the trunk had seen too",
        "from its start": "signed distance to the transcription start of the nearest gene; + is downstream",
        "importance": "of a base, in a logo: minus the mean log2 fold change of its three substitutions; what holds "
        "the signal up is above the line",
    }
    if seen.height == "p_null":
        found["p"] = "share of null variants whose effect in that track is as large or larger, whatever its sign"
        found["percentile"] = "share of null variants with a smaller (more negative) effect: 0 and 100 are extreme"
    if calibration := meta.get("calibration"):
        found["interval"] = f"where a measured effect lies with {100 * calibration['level']:g} % probability"
    return found


def summed(seen: Overview, meta: dict[str, Any]) -> str:
    """Over which bases an effect is read, by assay."""
    span = meta.get("settings", {}).get("span", {})
    near = [f"{number(span[name])} bp around the variant for {name.upper()}" for name in span]
    rest = [name.upper() for name in dict.fromkeys(seen.tracks["assay"]) if name not in span]
    whole = f"the whole predicted window for {' and '.join(rest)}" if near else "the whole predicted window"
    return " and ".join([*near, whole] if rest or not near else near)
