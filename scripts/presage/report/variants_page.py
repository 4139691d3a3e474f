"""variants.html of one set: what was scored, what stands out, how sure that is, and what the models see there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from presage import tables
from presage.report import variants_figures as figures
from presage.report.drawing import Drawn, draw
from presage.report.heat import GAIN, LOSS
from presage.report.render import number, render
from presage.report.style import Drawing
from presage.report.timeline import simulated_sentence
from presage.report.variant_rows import ALPHA, SURE, Overview, overview
from presage.report.variants_head import ScoredSet, cards, facts, many, null_sizes, reasons, warnings, words
from presage.report.variants_table import plus_minus, signed, top_rows
from presage.report.variants_tracks import TRACKS, tracks_figure
from presage.sequence.variants.alleles import REASONS, Variant
from presage.sequence.variants.predicted import Predicted
from presage.sequence.variants.vcf import strongest

DRAWN = 4  # variants whose tracks are predicted and shown
Predict = Callable[[Variant, Sequence[str]], Predicted]

FILES = {
    "scores.vcf.gz": "each variant with its strongest track, for genome browsers and bcftools",
    "scores.vcf.gz.tbi": "its index",
    "scores.parquet": "every variant in every track, all columns",
    "gene_scores.parquet": "effects on the genes in reach",
    "cell_scores.parquet": "effects in single cells",
    "dropped.parquet": "what was not scored, and why",
}


def variants_page(given: ScoredSet, predict: Predict, title: str = "") -> str:
    """The page as text. ``predict`` gives both alleles' coverage of some slugs; it is asked for the strongest few."""
    seen, meta = overview(given.scores), tables.read_meta(given.scores)
    simulated = meta.get("simulated")
    labels, genes = track_labels(given.tracks), symbols(given.genes)
    strands = dict(zip(given.tracks["slug"], given.tracks["strand"]))
    dropped = reasons(given.dropped)
    null = null_sizes(given.null)
    rows = top_rows(seen.top, len(seen.tracks), labels, genes)
    return render(
        "variants.html",
        name=given.name,
        title=title,
        simulated=simulated_sentence(simulated),
        facts=facts(given, seen, null, meta),
        cards=cards(given, seen, dropped, null),
        warnings=warnings(given, seen, null),
        dropped=[(reason, count, REASONS.get(reason, reason)) for reason, count in dropped.most_common()],
        words=words(given, seen, meta),
        volcano=draw("Effect against surety", lambda: figures.volcano(seen, simulated)),
        volcano_caption=volcano_caption(seen),
        heat=draw("Effects by cell type", lambda: figures.heat_map(seen, simulated, genes)),
        heat_caption=heat_caption(seen),
        specific=draw("Specificity", lambda: figures.specificity(seen, simulated, labels, strands)),
        close_ups=[
            close_up(given, best, seen.top[seen.top["rank"] == best.rank], predict, simulated)
            for best in strongest(seen.top, len(seen.tracks)).head(DRAWN).itertuples()
        ]
        if seen.variants
        else [],
        rows=rows,
        columns=list(rows[0].cells) if rows else [],
        folds=figures.FOLDS,
        gain=GAIN,
        loss=LOSS,
        files=[(name, what) for name, what in FILES.items() if (given.scores.parent / name).is_file()],
    )


def track_labels(tracks: pd.DataFrame) -> dict[str, str]:
    """Slug -> cell type, assay and strand in words."""
    signs = {"+": " (+)", "-": " (−)"}
    rows = zip(tracks["slug"], tracks["cell_type"], tracks["assay"], tracks["strand"])
    return {slug: f"{name} {assay.upper()}{signs.get(strand, '')}".lstrip() for slug, name, assay, strand in rows}


def symbols(genes: pd.DataFrame) -> dict[str, str]:
    """Identifier -> symbol."""
    return dict(zip(genes["gene_id"], genes["name"]))


# ---- captions ---------------------------------------------------------------------------------------------------


def volcano_caption(seen: Overview) -> str:
    """What the axes say, and what is not in the figure."""
    if seen.height == "p_null":
        text = "Each variant at the effect in its strongest track, and the share of null variants as strong as that. "
        text += "In the highest row of a class (substitutions, indels) no null variant is as strong. "
    else:
        text = f"Without p-values the height is the effect in units of its SD, {figures.LIMIT:g} at most. "
    text += f"The {figures.NAMED} strongest are named where there is room; the number is the row of the table."
    if seen.without:
        text += f" Not drawn, because nothing gives a height: {many(seen.without, 'variant')}."
    return text


def heat_caption(seen: Overview) -> str:
    """What a cell and a cross mean, and what there was no room for."""
    text = (
        "Red: the alternative allele raises the signal; blue: it lowers it; white: no effect. A cell is the largest "
        "effect of that cell type in the assay, and each assay has its own scale. A cross is doubt: fewer than "
        f"{100 * SURE:.0f} % of the predictions agree on the sign, or p is above {ALPHA:g}."
    )
    most = max((len(set(part["cell_type"])) for _, part in seen.tracks.groupby("assay")), default=0)
    if most > figures.TYPES:
        text += f" Of {most} cell types the {figures.TYPES} with the largest effects are shown."
    return text


# ---- tracks ----------------------------------------------------------------------------------------------------


@dataclass
class CloseUp:
    """The tracks of both alleles around one variant."""

    rank: int
    variant: str
    where: str
    caption: str
    figure: Drawn


def close_up(given: ScoredSet, best: Any, rows: pd.DataFrame, predict: Predict, simulated: bool | None) -> CloseUp:
    """One variant in the tracks of the cell type where it is strongest.

    ``best``: the row of the `scores` table of its strongest track; ``rows``: all of its rows.
    """
    same = rows[rows["cell_type"] == best.cell_type]
    first = same["track"] == best.track
    same = pd.concat([same[first], same[~first]]).head(TRACKS)
    effects = dict(zip(same["track"], same["log_fc"].astype(float)))
    site = Variant(best.variant, best.chrom, best.pos, best.ref, best.alt, 0)
    labels, genes = track_labels(given.tracks), symbols(given.genes)
    kinds = track_labels(given.tracks.assign(cell_type=""))

    def figure() -> Drawing:
        title = f"{best.rank}  {figures.named(best.variant)} in {best.cell_type}"
        found = predict(site, list(effects))
        return tracks_figure(found, site, kinds, effects, given.genes, title, simulated)

    where = ""
    if pd.notna(best.gene):
        where = f"{signed(best.tss_distance)} bp from the start of {genes.get(best.gene, best.gene)}"
    return CloseUp(best.rank, best.variant, where, close_up_caption(best, labels), draw(best.variant, figure))


def close_up_caption(best: Any, labels: dict[str, str]) -> str:
    """How strong and how sure, where the variant is strongest."""
    text = f"In {labels[best.track]}: {plus_minus(best.log_fc, best.log_fc_sd)} log2 fold change"
    text += f", {100 * best.sign_agreement:.0f} % of the predictions agree on its sign"
    return text + (f", p {number(best.p_null, 2)}." if pd.notna(best.p_null) else ".")
