"""variants.html of one set: what was scored, a table to search, how sure effects are, and what the models see there."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from presage import tables
from presage.report.cages.timeline import simulated_sentence
from presage.report.drawing import draw
from presage.report.render import render
from presage.report.variants import figures
from presage.report.variants.data import Listed, listed, pack
from presage.report.variants.head import ScoredSet, cards, facts, many, null_sizes, reasons, warnings, words
from presage.report.variants.logos import glyphs, logos
from presage.report.variants.rows import ALPHA, LIMIT, SURE, Overview, overview
from presage.report.variants.tracks import shown_tracks, tracks_data
from presage.sequence.variants.alleles import REASONS, Variant
from presage.sequence.variants.predicted import Predicted
from presage.sequence.variants.vcf import strongest

Predict = Callable[[Variant, Sequence[str]], Predicted]

VIEWS = 1_000_000  # characters of packed tracks and logos, at most
FILES = {
    "scores.vcf.gz": "each variant with its strongest track, for genome browsers and bcftools",
    "scores.vcf.gz.tbi": "its index",
    "scores.parquet": "every variant in every track, all columns",
    "gene_scores.parquet": "effects on the genes in reach",
    "cell_scores.parquet": "effects in single cells",
    "dropped.parquet": "what was not scored, and why",
}


def variants_page(given: ScoredSet, predict: Predict, title: str = "", drawn: int = 8) -> str:
    """The page as text. ``predict`` gives both alleles' coverage of some slugs; it is asked for the ``drawn`` strongest
    variants."""
    seen, meta = overview(given.scores), tables.read_meta(given.scores)
    simulated = meta.get("simulated")
    genes = symbols(given.genes)
    labels = track_labels(given.tracks)
    dropped = reasons(given.dropped)
    null = null_sizes(given.null)
    rows = listed(seen, given.tracks[["slug", "cell_type", "assay", "strand"]], genes, simulated)
    views = close_ups(given, seen, rows.variants, predict, drawn)
    return render(
        "variants.html",
        name=given.name,
        title=title,
        simulated=simulated_sentence(simulated),
        facts=facts(given, seen, null, meta),
        cards=cards(given, seen, dropped, null),
        warnings=warnings(given, seen, null, dropped, simulated),
        dropped=[(reason, count, REASONS.get(reason, reason)) for reason, count in dropped.most_common()],
        words=words(given, seen, meta),
        variants=rows.variants,
        listed=listed_words(seen, rows),
        seen=seen_words(len(views["tracks"]), len(views["logos"]), rows.variants),
        types=list(dict.fromkeys(seen.tracks["cell_type"])),
        assays=list(dict.fromkeys(seen.tracks["assay"])),
        p=seen.height == "p_null",
        interval="calibration" in meta,
        data=rows.text,
        views=pack(views),
        volcano=draw("Effect against surety", lambda: figures.volcano(seen, simulated)),
        volcano_caption=volcano_caption(seen),
        heat=draw("Effects by cell type", lambda: figures.heat_map(seen, simulated, genes)),
        heat_caption=heat_caption(seen),
        specific=draw("Specificity", lambda: figures.specificity(seen, simulated, labels)),
        folds={fold: (figures.FOLDS[fold], count) for fold, count in seen.folds.items()},
        files=[(name, what) for name, what in FILES.items() if (given.scores.parent / name).is_file()],
    )


def close_ups(given: ScoredSet, seen: Overview, variants: int, predict: Predict, drawn: int) -> dict[str, Any]:
    """What a row of the table shows when it is opened, by rank: ``logos``, and ``tracks`` of the first ``drawn``
    variants and of as many with a logo."""
    if not seen.variants:
        return {"tracks": {}, "logos": {}, "glyphs": {}}
    each = len(seen.tracks)
    best = strongest(seen.top, each).head(variants)

    def shown(rank: int) -> list[str]:
        return shown_tracks(seen.top.iloc[(rank - 1) * each : rank * each])

    found = logos(best, given.regions, shown)
    tracks, room = {}, VIEWS - len(pack(found))
    wanted: list[Any] = list(best[best["rank"].isin([*range(1, drawn + 1), *list(found)[:drawn]])].itertuples())
    for row in wanted:
        site = Variant(row.variant, row.chrom, row.pos, row.ref, row.alt, 0)
        data = tracks_data(predict(site, shown(int(row.rank))), site, given.genes)
        room -= len(pack(data))
        if room < 0:
            break
        tracks[int(row.rank)] = data
    return {"tracks": tracks, "logos": found, "glyphs": glyphs() if found else {}}


def track_labels(tracks: pd.DataFrame) -> dict[str, str]:
    """Slug -> cell type, assay and strand in words."""
    signs = {"+": " (+)", "-": " (−)"}
    rows = zip(tracks["slug"], tracks["cell_type"], tracks["assay"], tracks["strand"])
    return {slug: f"{name} {assay.upper()}{signs.get(strand, '')}".lstrip() for slug, name, assay, strand in rows}


def symbols(genes: pd.DataFrame) -> dict[str, str]:
    """Identifier -> symbol."""
    return dict(zip(genes["gene_id"], genes["name"]))


# ---- sentences --------------------------------------------------------------------------------------------------


def listed_words(seen: Overview, rows: Listed) -> str:
    """Which of the set's variants the table holds."""
    if rows.variants == seen.variants:
        return f"All {many(seen.variants, 'variant')} of the set, the largest effect first."
    return (
        f"The {many(rows.variants, 'variant')} with the largest effects, of {seen.variants:,}: as many as a page has "
        "room for. All are in scores.parquet."
    )


def seen_words(tracks: int, logos: int, variants: int) -> str:
    """For which variants tracks and logos are shown."""
    if not variants:
        return ""
    text = "Every row opens to the effects in all tracks."
    if tracks:
        text += f" Predicted coverage of both alleles: {many(tracks, 'variant')}, the strongest and those with a logo."
    return text + (f" Logo of a mutated region: {many(logos, 'variant')}." if logos else "")


def volcano_caption(seen: Overview) -> str:
    """What the axes say, and what is not in the figure."""
    if seen.height == "p_null":
        text = "Each variant at the effect in its strongest track (on the strand on which coverage changes more), and "
        text += "the share of null variants as strong as that. "
        text += "In the highest row of a class (substitutions, indels) no null variant is as strong. "
    else:
        text = f"Without p-values the height is the effect in units of its SD, {LIMIT:g} at most. "
    text += f"The {figures.NAMED} strongest are named where there is room; the number is the rank in the table."
    if seen.without:
        text += f" Not drawn, because nothing gives a height: {many(seen.without, 'variant')}."
    return text


def heat_caption(seen: Overview) -> str:
    """What a cell and a cross mean, and what there was no room for."""
    text = (
        "Red: the alternative allele raises the signal; blue: it lowers it; white: no effect. A cell is the "
        "effect in that cell type, on the strand on which the variant changes the assay's coverage more (the same for "
        "all types), and each assay has its own scale. A cross is doubt: fewer than "
        f"{100 * SURE:.0f} % of the predictions agree on the sign, their SD is larger than the effect, or p is above "
        f"{ALPHA:g}."
    )
    most = max((len(set(part["cell_type"])) for _, part in seen.tracks.groupby("assay")), default=0)
    if most > figures.TYPES:
        text += f" Of {most} cell types the {figures.TYPES} with the largest effects are shown."
    return text
