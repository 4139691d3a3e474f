"""Settings of the pseudobulk step."""

from typing import Annotated, Literal

from pydantic import Field

from presage.config.base import Section

Assay = Literal["rna", "atac"]


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
    squash: dict[Assay, Literal["none", "sqrt", "power_3_4"]] = Field(
        {},
        description="targets, by assay (rna, atac): bin sums x squashed to -1 + (1 + x)^p, sqrt: p = 1/2, power_3_4:"
        " p = 3/4; what is not named stays a sum (Borzoi: rna power_3_4; docs/targets.md)",
    )
    clip_soft: dict[Assay, Annotated[float, Field(gt=0)]] = Field(
        {},
        description="targets, by assay: squashed x above c becomes c - 1 + sqrt(x - c + 1)"
        " (Borzoi: rna 384, atac 96); what is not named is not clipped",
    )
    clip: dict[Assay, Annotated[float, Field(gt=0)]] = Field(
        {},
        description="targets, by assay: what is larger after that is cut off (Borzoi: rna 768, atac 384)",
    )
    scale: Literal["mean_one", "none"] = Field(
        "mean_one", description="targets, last: each track divided by its mean over training bins, or left as it is"
    )
