"""Settings of the reference and of the pseudobulk step."""

from typing import Literal

from pydantic import Field

from presage.config.base import Section


class Reference(Section):
    """The genome, its genes, and the windows that a model sees."""

    fasta: str = Field("", description="genome FASTA, plain or gzipped; empty: the built-in world's")
    gtf: str | None = Field(None, description="gene annotation (GTF) on the same genome; null: the run has no genes")
    windows: str | None = Field(
        None, description="BED of published windows (chrom start end fold), e.g. Borzoi's; null: windows are cut fresh"
    )
    windows_are: Literal["output", "input"] = Field(
        "output", description="what the BED's intervals span: the predicted part (Borzoi's files) or the model's input"
    )
    test_folds: list[str] = Field(
        ["test", "fold3"], description="names in the BED's fourth column that are test; Borzoi's replicates use fold3"
    )
    valid_folds: list[str] = Field(
        ["valid", "fold4"], description="names in the BED's fourth column that are validation; Borzoi's use fold4"
    )
    split: Literal["chromosome", "block"] = Field(
        "chromosome", description="fresh windows: fold by whole chromosome, or by blocks of neighbouring windows"
    )
    test_chroms: list[str] = Field([], description="chromosomes held out for test; empty: the last one with a window")
    valid_chroms: list[str] = Field(
        [], description="chromosomes for validation; empty: the last one with a window that is not test"
    )
    block_windows: int = Field(
        8, ge=1, description="windows per block (split: block); of ten blocks one is validation and one is test"
    )
    stride: int | None = Field(
        None, ge=1, description="bp between the starts of fresh windows; null: the output's length (no gap, no overlap)"
    )
    max_n: float = Field(
        0.5, ge=0, le=1, description="fresh windows with a larger share of unknown bases (N) in the output are left out"
    )


class Pseudobulk(Section):
    """From reads of single cells to one track per cell type, assay and strand."""

    cell_types: list[str] = Field([], description="cell types that the labels may name; empty: whatever they name")
    label_column: str = Field(
        "cell_type", description="column of the labels (TSV column or h5ad obs) with the cell type"
    )
    min_cells: int = Field(5, ge=1, description="cell types with fewer cells with reads get no track")
    min_mapq: int = Field(30, ge=0, le=255, description="lowest mapping quality of a read (STAR marks unique ones 255)")
    barcode_tag: str = Field(
        "CB", pattern=r"^[A-Za-z][A-Za-z0-9]$", description="BAM tag of the corrected cell barcode"
    )
    umi_tag: str = Field("UB", pattern=r"^[A-Za-z][A-Za-z0-9]$", description="BAM tag of the corrected UMI")
    umi: Literal["exact", "none"] = Field(
        "exact",
        description="exact: one read per molecule (same cell, UMI and gene, or strand of a contig); none: all reads",
    )
    require_xf: bool = Field(
        True, description="where reads carry Cell Ranger's xf tag use only xf 25, the counted read of a molecule"
    )
    chemistry: Literal["three_prime", "five_prime"] = Field(
        "three_prime", description="10x RNA kit: cDNA reads are sense to the transcript (3') or antisense (5')"
    )
    stranded: bool = Field(True, description="RNA tracks per strand; false: both strands pooled")
    rna_mode: Literal["full", "end"] = Field(
        "full",
        description="RNA coverage: every aligned base of a read, or only its base nearest the transcript's 3' end",
    )
    atac_width: int = Field(
        1,
        ge=1,
        description="bp that one transposase cut covers, centred on it: 1 is exact, more smooths thin data (odd)",
    )
    count_introns: bool = Field(
        True, description="reads in introns count for their gene, as Cell Ranger 7 and later do"
    )
    scale: Literal["mean_one", "none"] = Field(
        "mean_one", description="targets: each track divided by its mean over training bins, or raw coverage sums"
    )
