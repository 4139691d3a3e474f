"""Quality control of the pseudobulk step: what became of every read, and the gates that stop a run early.

Fates are counts of reads (fragments, where the input is fragments) by what became of them; they add up to each sample's
total, or the run fails.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd

from presage.config.pseudobulk import Pseudobulk
from presage.errors import UserError
from presage.sequence.pseudobulk.cells import Opened, knee
from presage.sequence.reference.folds import FOLDS
from presage.sequence.samples.chemistry import Strands
from presage.sequence.samples.labels import check_matched, matching

# Fates of reads that were asked for their barcode; others ended before (see ``rna``).
THIN_READS = 1000  # of a track; under it noise ceilings, drawn from halves, are luck as well
_ASKED = ("used", "no_cb", "not_labelled", "no_umi", "umi_duplicate", "mate_not_used", "fragment_duplicate")


def fates(opened: Opened) -> dict[str, int]:
    """Reads by fate over all parts, ``used`` first. Raises ``RuntimeError`` where they do not add up to the total."""
    fate: Counter[str] = Counter()
    for part in opened.parts:
        fate.update(part.facts["fate"])
    total = sum(part.facts["total"] for part in opened.parts)
    if sum(fate.values()) != total:
        raise RuntimeError(f"{opened.sample.path}: {total} reads, but fates add up to {sum(fate.values())}: {fate}")
    return {"used": fate["used"]} | {name: n for name, n in sorted(fate.items()) if n and name != "used"}


def check(opened: Opened, settings: Pseudobulk) -> None:
    """The gates of one sample. Raises :class:`UserError` where its reads cannot be what the sheet says they are."""
    fate, sample = fates(opened), opened.sample
    looked_at = sum(fate.get(name, 0) for name in _ASKED)
    bare = fate.get("no_cb", 0)
    if looked_at >= 100 and bare > settings.max_no_barcode * looked_at:
        raise UserError(
            sample.path,
            f"{100 * bare / looked_at:.0f} % of reads carry no cell barcode",
            "give the BAM of a single-cell pipeline, or raise pseudobulk.max_no_barcode",
        )
    if len(opened.labels):
        check_matched(sample.labels or sample.path, _named(opened), _met(opened), settings.min_matched)
    if not fate["used"]:
        raise UserError(
            sample.labels or sample.path,
            f"no read of {sample.sample} can be used ({fate})",
            "check that labels and reads belong together",
        )


def _named(opened: Opened) -> list[str]:
    """Barcodes with a cell type, as the reads spell them; one that they cannot spell stands as the labels have it."""
    rows = opened.labels[opened.labels["cell_type"].notna()]
    return rows["read_barcode"].fillna(rows["barcode"]).tolist()


def _met(opened: Opened) -> list[str]:
    """Barcodes with reads."""
    return opened.barcodes.index[opened.barcodes["counted"] > 0].tolist()


def of_sample(opened: Opened) -> dict[str, Any]:
    """What qc.json says of a sample with reads."""
    facts = opened.parts[0].facts
    contigs = facts["contigs"]
    tally, found = opened.barcodes, matching(_named(opened), _met(opened))
    met, labelled = tally["counted"] > 0, len(opened.labels) > 0
    out: dict[str, Any] = {
        "genome": opened.genome,
        "path": opened.sample.path,
        "total": sum(part.facts["total"] for part in opened.parts),
        "unit": "fragments" if opened.sample.kind == "fragments" else "reads",
        "reads": fates(opened),
        "contigs": {
            "matched": len(contigs["names"]),
            "renamed": contigs["renamed"],
            "not_in_genome": len(contigs["missing"]),
            "not_in_genome_first": contigs["missing"][:20],
        },
        "barcodes": {
            "labelled": found["labels"] if labelled else None,
            "labels_absent": found["labels_absent"] if labelled else None,
            "with_reads": int((met & tally["labelled"]).sum()),
            "not_labelled": int((met & ~tally["labelled"]).sum()),
        },
        "knee": knee(tally),
    }
    if opened.assay == "rna":
        out["umi"] = facts["umi"]
        out["strand"] = _strand(opened)
    return out


def _strand(opened: Opened) -> dict[str, Any]:
    sense = Counter(sense=0, antisense=0)
    for part in opened.parts:
        sense.update(part.facts["sense"])
    told = sum(sense.values())
    facts = opened.parts[0].facts
    return {
        **sense,
        "sense_fraction": round(sense["sense"] / told, 4) if told else None,
        "chemistry": facts["chemistry"],
        "detected": Strands(**facts["looked"]).chemistry,
        "said": facts["stated"],
        "looked_at": facts["looked"],
    }


def of_windows(windows: pd.DataFrame) -> dict[str, Any]:
    """What qc.json says of the windows that targets are made for."""
    return {
        "by_fold": {fold: int((windows["fold"] == fold).sum()) for fold in FOLDS},
        "padded": int((windows["padded"] > 0).sum()),
        "padded_bp": int(windows["padded"].sum()),
    }


def warnings(opened: Sequence[Opened], tracks: pd.DataFrame) -> list[str]:
    """What a person should look at."""
    out = []
    for one in opened:
        name, facts = one.sample.sample, one.parts[0].facts
        out += facts["warnings"]
        if one.assay == "rna":
            strand = _strand(one)
            # The strand was flipped to the transcript's by the chemistry, so here sense is right for any kit.
            if strand["sense_fraction"] is not None and strand["sense_fraction"] < 0.5:
                share = 100 * strand["sense_fraction"]
                out.append(f"{name}: {share:.0f} % of exonic reads are sense; is its chemistry right?")
        renamed = facts["contigs"]["renamed"]
        if renamed:
            pairs = [f"{theirs} = {ours}" for theirs, ours in list(renamed.items())[:3]]
            out.append(f"{name}: contigs were matched by alias ({', '.join(pairs)} ...)")
        found = matching(_named(one), _met(one))
        if found["labels_absent"]:
            out.append(f"{name}: {found['labels_absent']} of {found['labels']} labelled barcodes have no read")
    thin = tracks[tracks["kept"] & tracks["reads"].between(1, THIN_READS - 1)]
    if len(thin):
        named = ", ".join(f"{row.name} ({row.reads:,})" for row in thin.head(5).itertuples(index=False))
        more = f" and {len(thin) - 5} more" if len(thin) > 5 else ""
        out.append(
            f"fewer than {THIN_READS:,} reads or fragments, too thin to learn from or to judge by: {named}{more}"
        )
    few = tracks[~tracks["kept"]]
    return out + [f"no track {row.name}: {row.reason}" for row in few.itertuples(index=False)]
