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
from presage.sequence.cells import Opened, barcodes, knee
from presage.sequence.folds import FOLDS

_NEVER_HERE = ("unmapped", "secondary", "supplementary", "qc_fail", "contig_not_in_genome", "low_mapq", "mate")


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
    looked_at = sum(n for name, n in fate.items() if name not in _NEVER_HERE)
    bare = fate.get("no_cb", 0)
    if looked_at >= 100 and bare > settings.max_no_barcode * looked_at:
        raise UserError(
            sample.path,
            f"{100 * bare / looked_at:.0f} % of reads carry no cell barcode",
            "give the BAM of a single-cell pipeline, or raise pseudobulk.max_no_barcode",
        )
    labels = opened.parts[0].labels()
    if len(labels):
        tally = barcodes(opened)
        named = labels[labels["cell_type"].notna()]
        spelled = tally["counted"].reindex(named["read_barcode"]).fillna(0) > 0
        share = float(spelled.mean()) if len(named) else 0.0
        if share < settings.min_matched:
            met = tally.index[(tally["counted"] > 0) & ~tally["labelled"]].tolist()
            other = f", the reads spell e.g. {met[0]}" if met else ""
            raise UserError(
                sample.labels or sample.path,
                f"{int(spelled.sum())} of {len(named)} labelled barcodes of {sample.sample} occur in its reads "
                f"(e.g. {named['barcode'].iloc[0]}{other})",
                "give this sample's own labels, or say in the sheet's column barcodes how they spell it, "
                "e.g. {sample}_{barcode}",
            )
    if not fate["used"]:
        raise UserError(
            sample.labels or sample.path,
            f"no read of {sample.sample} can be used ({fate})",
            "check that labels and reads belong together",
        )


def of_sample(opened: Opened) -> dict[str, Any]:
    """What qc.json says of a sample with reads."""
    facts = opened.parts[0].facts
    contigs = facts["contigs"]
    tally = barcodes(opened)
    labels = opened.parts[0].labels()
    absent = None
    if len(labels):
        named = labels.loc[labels["cell_type"].notna(), "read_barcode"]
        absent = int((tally["counted"].reindex(named).fillna(0) == 0).sum())
    met = tally["counted"] > 0
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
            "labelled": int(labels["cell_type"].notna().sum()) if len(labels) else None,
            "labels_absent": absent,
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
        labelled = of_sample(one)["barcodes"]
        if labelled["labels_absent"]:
            out.append(f"{name}: {labelled['labels_absent']} of {labelled['labelled']} labelled barcodes have no read")
    few = tracks[~tracks["kept"]]
    return out + [f"no track {row.name}: {row.reason}" for row in few.itertuples(index=False)]
