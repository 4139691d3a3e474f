"""A made-up pseudobulk step: qc.json and the tables beside it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from presage import tables
from tests.unit.report.made_up_run.facts import filled


def pseudobulk_qc() -> dict:
    """``qc.json`` with every key that the pseudobulk page knows."""
    reads = {"used": 5_000, "umi_duplicate": 2_000, "low_mapq": 400, "an_<odd>_fate": 10}
    knee = {"unit": "molecules", "rank": [1, 10, 100, 1000], "count": [900, 500, 20, 2], "labelled": [1, 0.9, 0.4, 0]}
    strand = {"sense": 900, "antisense": 100, "sense_fraction": 0.9, "detected": "three_prime"}
    barcodes = {"labelled": 60, "not_labelled": 900, "with_reads": 60}
    half = {"train": 0.8, "valid": 0.6, "test": 0.5}
    tracks = {}
    for i, slug in enumerate(("astro_plus", "astro_minus", "micro_plus", "micro_minus", "astro_atac", "micro_atac")):
        ceiling = {fold: round((2 * r / (1 + r)) ** 0.5 - 0.02 * i, 3) for fold, r in half.items()}
        steps = [{"share": s, "half_r": {f: r * s**0.3 for f, r in half.items()}} for s in (0.1, 0.5)]
        tracks[slug] = {"half_r": half, "noise_ceiling": ceiling, "halved_by": "donor", "downsample": steps}
    rna = {"unit": "reads", "total": sum(reads.values()), "reads": reads, "barcodes": barcodes, "genome": "reference"}
    return {
        "simulated": True,
        "samples": {
            "d1 bam": {**rna, "knee": knee, "strand": {**strand, "said": "three_prime"}},
            "d2 bam": {**rna, "knee": knee, "strand": {**strand, "said": "five_prime"}},
            "d1 fragments": {
                "unit": "fragments",
                "total": 900,
                "reads": {"used": 800, "not_labelled": 100},
                "barcodes": barcodes,
                "knee": {**knee, "unit": "fragments"},
            },
            "h h5ad": {"unit": "cells", "total": 40, "cells": {"used": 40}},
        },
        "tracks": tracks,
        "warnings": ["no track rare rna (+): fewer than 5 cells with reads", "d2: strands <odd>"],
    }


def pseudobulk_run(folder: Path) -> None:
    """What the pseudobulk page reads: tables, counts, bigWigs, and what other steps may leave."""
    import anndata
    import pyBigWig

    there = folder / "sequence/pseudobulk"
    for path in (there / "bw", folder / "sequence/reference", folder / "sequence/labels"):
        path.mkdir(parents=True)
    qc = pseudobulk_qc()
    (there / "qc.json").write_text(json.dumps(qc))
    tracks = []
    for slug in [*qc["tracks"], "rare_plus"]:
        name, kind = slug.split("_")
        strand = {"plus": "+", "minus": "-", "atac": "."}[kind]
        assay, kept = "atac" if kind == "atac" else "rna", name != "rare"
        sign = "" if strand == "." else f" ({strand})"
        tracks.append(
            {
                "slug": slug,
                "name": f"{name} {assay}{sign}",
                "assay": assay,
                "cell_type": name,
                "strand": strand,
                "genome": "reference",
                "reads": 100 * (len(tracks) + 1),
                "kept": kept,
                "reason": None if kept else "fewer than 5 cells with reads",
            }
        )
        if kept:
            with pyBigWig.open(str(there / f"bw/{slug}.bw"), "w") as file:
                file.addHeader([("chr1", 5000)])
                file.addEntries(["chr1"], [1100], ends=[1400], values=[float(len(tracks))])
    tables.write(there / "tracks.parquet", "tracks", filled("tracks", tracks))
    cells = [
        {
            "cell": f"c{i}",
            "barcode": f"b{i}",
            "sample": f"d{1 + i % 2}",
            "donor": f"d{1 + i % 2}",
            "cell_type": ("astro", "micro", "rare", None)[i % 4],
            "used": i % 4 < 2,
            "reason": (None, None, "fewer than 5 cells with reads", "not labelled")[i % 4],
            "umis": 50 + i,
            "fragments": 20 + i,
        }
        for i in range(40)
    ]
    tables.write(there / "cells.parquet", "cells", filled("cells", cells))
    genes = [
        {
            "gene_id": f"g{i}",
            "name": f"GENE{i}",
            "chrom": "chr1",
            "start": 1000 * i,
            "end": 1000 * i + 600,
            "strand": "+-"[i % 2],
            "exon_starts": [1000 * i, 1000 * i + 400],
            "exon_ends": [1000 * i + 150, 1000 * i + 600],
        }
        for i in (1, 2, 3)
    ]
    tables.write(folder / "sequence/reference/genes.parquet", "genes", filled("genes", genes))
    obs = pd.DataFrame(
        {
            "source": ["reads", "reads", "reads", "h5ad"],
            "genome": ["reference", "reference", "reference", ""],
            "cell_type": ["astro", "astro", "micro", "astro"],
        },
        index=[f"group{i}" for i in range(4)],
    )
    counts = np.array([[150, 50, 50], [150, 50, 50], [20, 180, 90], [999, 999, 999]])
    var = pd.DataFrame(index=["g1", "g2", "g3"])
    anndata.AnnData(counts.astype(np.float32), obs=obs, var=var).write_h5ad(there / "counts.h5ad")
    numbers = {"windows": {"by_fold": {"train": 1200, "test": 90}, "left_out": {"gap": 3}}}
    (folder / "sequence/reference/qc.json").write_text(json.dumps(numbers))
    (folder / "sequence/labels/umap.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    markers = pd.DataFrame({"cluster": "0", "gene": [f"G{i}" for i in range(8)]})
    pq.write_table(pa.Table.from_pandas(markers), folder / "sequence/labels/markers.parquet")
