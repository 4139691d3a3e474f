"""What became of reads, in words: one plain sentence for every fate that qc.json counts."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

MEANING = {
    "used": "Counted, and part of its cell type's track.",
    "umi_duplicate": "A further copy of a molecule that is already counted: same cell, gene and UMI.",
    "low_mapq": "Placed with too little confidence (mapping quality below min_mapq), mostly in repeats.",
    "no_cb": "Carries no corrected cell barcode, so its cell is not known.",
    "not_labelled": "Its barcode has no label: an empty droplet, or a cell that the labels leave out.",
    "not_xf": "The aligner did not count it: a repeated copy, or not confidently in one gene (xf is not 25).",
    "no_umi": "Carries no valid UMI, so copies of its molecule cannot be told apart.",
    "mate": "Read 1 of a pair; only read 2, the cDNA, is used.",
    "duplicate": "Marked as a PCR duplicate by the aligner.",
    "secondary": "A further placement of a read whose best one is counted elsewhere.",
    "supplementary": "A part of a split alignment, not the read itself.",
    "qc_fail": "Failed the sequencer's own quality check.",
    "unmapped": "Could not be placed on the genome.",
    "contig_not_in_genome": "Placed on a contig that the study's genome does not have.",
    "not_proper_pair": "Its mates are too far apart or face the wrong way, so they enclose no fragment.",
    "mate_not_used": "Its mate was left out, so the fragment's other end is not known.",
    "fragment_duplicate": "Same ends in the same cell as a fragment that is already counted.",
}


def by_fate(fates: pd.DataFrame, unit: Mapping[str, str]) -> list[dict[str, Any]]:
    """One row per unit and fate over all samples: count, share, and the lowest and highest share of a sample.

    ``fates`` has rows of sample, fate, reads; ``unit`` says what each sample counts (reads or fragments: the two never
    add up). ``used`` comes first, then the others by size.
    """
    if fates.empty:
        return []
    counts = fates.pivot(index="sample", columns="fate", values="reads").fillna(0).astype(int)
    rows = []
    for name, part in counts.groupby(counts.index.map(unit), sort=False):
        share = part.div(part.sum(axis=1), axis=0)
        total = part.sum().sort_values(ascending=False, kind="stable")
        for fate in sorted(total.index[total > 0], key=lambda f: f != "used"):  # stable: the rest stays by size
            rows.append(
                {
                    "unit": str(name),
                    "fate": str(fate),
                    "count": int(total[fate]),
                    "share": float(total[fate] / total.sum()),
                    "lowest": float(share[fate].min()),
                    "highest": float(share[fate].max()),
                    "meaning": MEANING.get(str(fate), str(fate)),
                }
            )
    return rows
