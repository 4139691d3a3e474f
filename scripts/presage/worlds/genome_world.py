"""The built-in genome world: simulated single-cell and bulk sequence data with known truth.

Random sequence carries a planted grammar (``genome/grammar.py``): 8 factors with motifs of 9 or 10 bp, 3 decoy motifs
that nothing reads, 6 cell types that use the factors differently (one rare, with a factor that bulk hardly shows),
promoters and enhancers of clustered sites, genes whose expression follows the elements around their TSS. Data are then
drawn from it: bulk coverage of tissues that mix the types, single-cell RNA reads and ATAC fragments of labelled cells,
and variants whose true effect is the rule on ALT against the rule on REF.

Folds are meant by chromosome: the last one is test, the one before it valid. Variants lie on all chromosomes, 55 % on
test and 25 % on valid, so they can be scored where no model was trained.

Measured on real BAMs with pysam, all records (cr12 = ``bamtofastq_cr12-v1.bam``, Cell Ranger 1.2, 5,738 records;
mgatk = ``mgatk_test2_umi.bam``, deep mitochondrial 10x reads, 48,130 records), and what became of it here:

* primary reads with MAPQ below 255: 8.7 % in cr12, 0.3 % in mgatk (second reads) -> 8.7 %
* primary reads without CB: 3.6 % in cr12 (mgatk keeps only reads with one) -> 3.6 %
* primary reads with N in the CIGAR: 29 % in cr12 -> 28 %, by the lengths of exons
* reads that carry the duplicate flag: 50 % in mgatk (second reads) -> 50 % repeat a molecule (CB + UB)
* of reads that repeat a CB + UB, those that start at the same base: 48 % in mgatk -> 48 %
* mapped records that are secondary: 13 % in cr12, 0.6 % in mgatk -> 1 %

How much cell types and tissues differ is set towards real bulk tracks, and stays below them. Standard deviation over
tracks of log(coverage / mean + 0.1), in the 7 % of bins with most coverage, of the 74 tracks of mini-Borzoi's windows:
DNase 1.0 and RNA 2.1; here 0.94 over types and 0.62 over tissues (ATAC), 0.82 and 0.53 (genes).

cr12 is a subsample (2.4 reads per gene, no CB + UB + gene twice), so duplicates are mgatk's. No real BAM here has
labels: the share of unlabelled barcodes (6 %) and of uniform noise reads (3 %) are choices.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pysam

from presage import tables
from presage.config.genome_world import ISM_BP, ISM_REGION, GenomeWorld
from presage.sequence.mutagenesis.meme import Motif, meme_lines
from presage.worlds.genome.bulk import write_bulk
from presage.worlds.genome.cells import draw_counts, make_cells
from presage.worlds.genome.effects import Effects
from presage.worlds.genome.fragments import make_fragments, write_fragments
from presage.worlds.genome.layout import BACKGROUND, fasta_lines, gtf_lines
from presage.worlds.genome.reads import make_reads, write_bam
from presage.worlds.genome.showcase import strongest_site
from presage.worlds.genome.truth import DIFFICULTIES, Truth, make_truth, stream
from presage.worlds.genome.variants import plant_variants, vcf_lines


def build(settings: GenomeWorld, seed: int, out: Path) -> None:
    """Write the world into ``out``: the data, and beside them the truth (see ``truth/README.md``).

    Same settings and seed, same bytes. Each part has its own random stream, so more cells do not change the genome.
    Raises :class:`UserError` where the genome is too small for the variants asked for.
    """
    out = Path(out)
    for folder in ("reads", "fragments", "bulk", "truth"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    truth = make_truth(settings, seed)
    layout, level = truth.layout, DIFFICULTIES[settings.difficulty]
    _write_lines(out / "genome.fa", fasta_lines(layout.sequence))
    pysam.faidx(str(out / "genome.fa"))
    _write_lines(out / "genes.gtf", gtf_lines(layout.genes))
    _write_lines(out / "samples.tsv", _tsv(settings.sample_rows))
    bulk_depth = settings.bulk_depth * level.bulk
    states = truth.rule.states
    rng = stream(seed, "bulk")
    bulk = write_bulk(
        layout, truth.expectation, states, bulk_depth, rng, out / "bulk", rare_tissues=settings.rare_tissues
    )
    bulk.to_csv(out / "bulk" / "tracks.tsv", sep="\t", index=False)

    variants, effects = plant_variants(settings, truth, stream(seed, "variants"))
    for name, chosen in (("variants", variants["kind"] != "null"), ("null", variants["kind"] == "null")):
        _write_lines(out / f"{name}.vcf", vcf_lines(variants[chosen], layout))
        pysam.tabix_index(str(out / f"{name}.vcf"), preset="vcf", force=True)
    region = strongest_site(truth, settings.folds["test"], ISM_BP)
    _write_lines(out / "ism.bed", ["\t".join(map(str, (*region, ISM_REGION)))])
    motifs = [Motif(m.name, m.probabilities) for m in truth.layout.motifs]
    _write_lines(out / "motifs.meme", meme_lines(motifs, BACKGROUND))
    cells = _write_cells(settings, truth, level.dispersion, seed, out)
    _write_truth(settings, truth, cells, variants, effects, out / "truth")


def _write_cells(settings: GenomeWorld, truth: Truth, dispersion: float, seed: int, out: Path) -> pd.DataFrame:
    """Draw cells, their reads and fragments, and the labelled count table; returns the cells."""
    cells = make_cells(settings, truth.rule.states, stream(seed, "cells"))
    counts = draw_counts(cells, truth.expectation.expression, dispersion, stream(seed, "counts"))
    for sample, own in cells.groupby("sample", sort=False):
        rows, barcodes = own.index.to_numpy(), own["barcode"].tolist()
        reads, empty = make_reads(settings, truth.layout, counts[rows], stream(seed, f"reads {sample}"))
        write_bam(reads, barcodes + empty, truth.layout, str(sample), out / "reads" / f"{sample}.bam")
        activity = truth.expectation.activity
        fragments = make_fragments(settings, own.reset_index(), activity, stream(seed, f"fragments {sample}"))
        path = out / "fragments" / f"{sample}.tsv.gz"
        write_fragments(fragments, barcodes + empty, list(truth.layout.sequence), path)
    _write_h5ad(settings, cells, counts, truth.layout.genes, out / "cells.h5ad")
    return cells


def _write_h5ad(
    settings: GenomeWorld, cells: pd.DataFrame, counts: np.ndarray, genes: pd.DataFrame, path: Path
) -> None:
    import anndata  # here, as it is slow to import and the oracle does not need it
    from scipy.sparse import csr_matrix

    rows = {row["sample"]: row for row in settings.sample_rows}
    obs = cells[["sample", "barcode", "cell_type"]].assign(
        **{key: [rows[sample][key] for sample in cells["sample"]] for key in ("donor", "condition", "tissue")}
    )
    obs.index = cells["cell"]
    var = genes[["name", "chrom", "strand"]].set_axis(genes["gene_id"])
    anndata.AnnData(csr_matrix(counts.astype(np.int32)), obs=obs, var=var, uns={"simulated": True}).write_h5ad(path)


def _write_truth(
    settings: GenomeWorld, truth: Truth, cells: pd.DataFrame, variants: pd.DataFrame, effects: Effects, out: Path
) -> None:
    genes, rule = truth.layout.genes, truth.rule
    tables.write(out / "variants.parquet", "truth_variants", _variant_rows(variants, effects, genes, rule.states.types))
    tables.write(out / "cells.parquet", "truth_cells", cells.drop(columns="state"))
    means, types = rule.states.type_means(), rule.states.types
    share = truth.expectation.expression / truth.expectation.expression.sum(axis=1, keepdims=True)
    columns = {
        "gene_id": np.tile(genes["gene_id"], len(types)),
        "cell_type": np.repeat(types, len(genes)),
        "cpm": (1e6 * means @ share).ravel(),
        "drive": (means @ truth.expectation.drive).ravel(),
        "strength": np.tile(truth.expectation.strength, len(types)),
    }
    tables.write(out / "genes.parquet", "truth_genes", pd.DataFrame(columns))
    active = [m.name for m in rule.motifs if not m.decoy]
    meta = {
        "simulated": True,
        "pwms": {m.name: m.probabilities.round(6).tolist() for m in rule.motifs},
        "activity": {t: dict(zip(active, row)) for t, row in zip(types, (means @ rule.states.activity).tolist())},
    }
    sites = truth.layout.sites.merge(truth.layout.elements, left_on="element", right_index=True, suffixes=("", "_of"))
    sites = sites.rename(columns={"centre": "element_centre", "kind": "element_kind"}).drop(columns="chrom_of")
    tables.write(out / "motifs.parquet", "truth_motifs", sites, meta)
    (out / "README.md").write_text(_README.format(folds=settings.folds, difficulty=settings.difficulty))


def _variant_rows(
    variants: pd.DataFrame, effects: Effects, genes: pd.DataFrame, types: tuple[str, ...]
) -> pd.DataFrame:
    """One row per variant, assay and cell type."""
    n = len(types)
    parts = []
    for assay, values in (("atac", effects.atac), ("rna", effects.rna)):
        part = variants.loc[variants.index.repeat(n), ["variant", "kind", "decoy", "motif", "fold"]]
        gene = np.repeat(genes["gene_id"].to_numpy()[effects.gene], n) if assay == "rna" else None
        parts.append(
            part.assign(assay=assay, cell_type=np.tile(types, len(variants)), gene=gene, effect_log2=values.ravel())
        )
    return pd.concat(parts, ignore_index=True)


def _tsv(rows: list[dict[str, str]]) -> list[str]:
    return ["\t".join(rows[0]), *("\t".join(row.values()) for row in rows)]


def _write_lines(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n")


_README = """\
# The truth of this simulated world (difficulty: {difficulty})

Nothing here may enter training. Folds by chromosome: {folds}.

* `variants.parquet`: one row per variant, assay and cell type. `kind` is causal or control (both in `variants.vcf.gz`)
  or null (`null.vcf.gz`); `decoy` ones hit a motif that nothing reads. `effect_log2` is the oracle's: its rule on ALT
  against its rule on REF; `atac` over 512 bp around the variant, `rna` for the `gene` that changes most. The oracle's
  AUROC takes the largest |effect_log2| of a variant as its score.
* `genes.parquet`: expected CPM of each gene in each cell type, and the drive of its promoter and enhancers behind it.
* `cells.parquet`: the cells with their place (`gradient`) along the gradient that scales one factor in alpha and gamma.
* `motifs.parquet`: every planted site; the file's metadata hold the PWMs and the factors' activity in each cell type.
"""
