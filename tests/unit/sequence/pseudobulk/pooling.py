"""What the tests of pooling share: one sample of made-up reads, and its counts by a slow reading."""

from collections import Counter

import pyBigWig
from hypothesis import HealthCheck, settings

from presage import tables
from presage.sheets import Sample
from tests.unit.sequence.small_reads import (
    write_bam,
    write_labels,
)

FEW = settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
LABELS = {"AAAC-1": "T cell", "CCCG-1": "B cell", "GGGT-1": "T cell"}
GTF = 'chr1\tx\texon\t11\t60\t.\t+\t.\tgene_id "g1";\nchr2\tx\texon\t1\t90\t.\t-\t.\tgene_id "g2";\n'
NO_GENES = tables.empty("genes")


def bam_sample(folder, reads, labels=None, name="s1", **more):
    path = write_bam(folder / f"{name}.bam", reads)
    given_labels = str(write_labels(folder / f"{name}.tsv", labels)) if labels else ""
    return Sample(name, "bam", str(path), given_labels, donor=f"donor of {name}", **more)


def bigwig_depth(path):
    """position -> depth of every covered base, per contig."""
    with pyBigWig.open(str(path)) as file:
        if not file.header()["nBasesCovered"]:
            return {}
        runs = {chrom: file.intervals(chrom) or () for chrom in file.chroms()}
    found = {c: Counter({p: int(v) for s, e, v in rows for p in range(s, e)}) for c, rows in runs.items()}
    return {chrom: depth for chrom, depth in found.items() if depth}


def check_against(out, slow):
    """Every bigWig holds the depth that the plain loop found, and the other way round."""
    tracks = tables.read(out / "tracks.parquet", "tracks")
    found = {}
    for row in tracks[tracks["kept"]].itertuples():
        for chrom, depth in bigwig_depth(out / f"bw/{row.slug}.bw").items():
            found[row.cell_type, row.strand, chrom] = depth
    assert found == slow["depth"]
    assert tracks.groupby("cell_type")["umis"].sum().loc[lambda n: n > 0].to_dict() == slow["molecules"]


def umi(number):
    return "".join("ACGT"[number // 4**place % 4] for place in range(8))


def files_of(folder):
    return {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
