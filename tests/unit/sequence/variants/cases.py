"""Small genomes, VCFs and models for the tests of variant scoring. Sequences are strings here, never codes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import torch

from presage.config.trunk import TrunkShape
from presage.sequence.model.heads import Head
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.reference.genome import Genome
from presage.sequence.trunk.borzoi import new_trunk

SHAPE = TrunkShape(
    context=256,
    crop=4,
    stem_width=8,
    stem_kernel=7,
    tower_widths=(8, 12, 12),
    depth=1,
    heads=2,
    key_size=4,
    value_size=4,
    position_features=4,
    ups=1,
)  # 8 bp bins, 24 of them
SLUGS = ["a_rna+", "a_rna-", "b_rna+", "b_rna-", "a_atac", "b_atac"]
TRACKS = pd.DataFrame(
    {
        "slug": SLUGS,
        "cell_type": ["a", "a", "b", "b", "a", "b"],
        "assay": ["rna"] * 4 + ["atac"] * 2,
        "strand": ["+", "-", "+", "-", ".", "."],
    }
)
WINDOWS = pd.DataFrame(
    {
        "window": [0, 1, 2],
        "chrom": ["chr1", "chr1", "chr2"],
        "start": [-32, 160, 0],
        "end": [224, 416, 256],
        "out_start": [0, 192, 32],
        "out_end": [192, 384, 224],
        "fold": ["train", "test", "valid"],
        "padded": [32, 0, 0],
    }
)
GENES = pd.DataFrame(
    {
        "gene_id": ["g1", "g2"],
        "chrom": ["chr1", "chr1"],
        "start": [100, 300],
        "end": [200, 401],
        "strand": ["+", "-"],
        "tss": [100, 400],
    }
)


def small_model(seed: int) -> SequenceModel:
    """A random trunk with open attention and norms that do something, and six tracks, two pairs of them stranded."""
    torch.manual_seed(seed)
    trunk = new_trunk(SHAPE)
    trunk.stem.weight.data *= 3  # one base must move the output by far more than rounding
    for block in trunk.transformer:
        torch.nn.init.normal_(block.attention.out.weight, std=0.2)
    for norm in (m for m in trunk.modules() if isinstance(m, torch.nn.BatchNorm1d)):
        torch.nn.init.uniform_(norm.running_var, 0.5, 2)
        torch.nn.init.normal_(norm.running_mean, std=0.5)
    head = Head(trunk.width, 6)
    torch.nn.init.normal_(head.linear.weight, std=0.5)
    pairs = np.array([1, 0, 3, 2, 4, 5])
    return SequenceModel(trunk, head, SLUGS, pairs, trunk_hash="t", adapter_hash=f"a{seed}")


def random_genome(folder: Path, seed: int = 0) -> tuple[Genome, dict[str, str]]:
    """A FASTA of two contigs (soft-masked parts, a run of N, repeats to slide along) and its text in capitals."""
    rng = np.random.default_rng(seed)
    chr1 = "".join(rng.choice(list("ACGT"), 600))
    chr1 = chr1[:200] + "CACACACACAAAAAA" + chr1[215:300].lower() + "NNNN" + chr1[304:]
    chr2 = "".join(rng.choice(list("ACGT"), 300))
    path = folder / "genome.fa"
    path.write_text(f">chr1\n{chr1}\n>chr2\n{chr2}\n")
    pysam.faidx(str(path))
    return Genome(path), {"chr1": chr1.upper(), "chr2": chr2.upper()}


def write_vcf(path: Path, rows: list[tuple], samples: str = "") -> Path:
    """A VCF of (chrom, pos 1-based, ref, alt) rows, bgzipped if named .gz; ``samples`` is appended to every line."""
    lines = [
        "##fileformat=VCFv4.2",
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO" + ("\tFORMAT\tS1" if samples else ""),
    ]
    lines += [f"{c}\t{p}\t.\t{r}\t{a}\t.\t.\t.{samples}" for c, p, r, a in rows]
    text = "\n".join(lines) + "\n"
    if path.suffix == ".gz":
        with pysam.BGZFile(str(path), "wb") as out:
            out.write(text.encode())
    else:
        path.write_text(text)
    return path
