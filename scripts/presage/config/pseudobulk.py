"""Settings of the pseudobulk step."""

from typing import Literal

from pydantic import Field, field_validator

from presage.barcode_rule import PLAIN, problem
from presage.config.base import Section


class Pseudobulk(Section):
    """From reads of single cells to one track per cell type, assay and strand."""

    cell_types: list[str] = Field([], description="cell types that the labels may name; empty: whatever they name")
    label_column: str = Field(
        "cell_type", description="column of the labels (TSV column or h5ad obs) with the cell type"
    )
    barcodes: str = Field(
        PLAIN,
        description="how labels spell barcodes: text with {barcode}, {sample}, {donor}, e.g. {sample}_{barcode}, "
        "{sample}#{barcode} (ArchR), {barcode}-{sample}; the sheet's column barcodes says otherwise for a sample",
    )
    min_matched: float = Field(
        0.1, ge=0, le=1, description="share of a sample's labelled barcodes that must occur in its reads"
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

    @field_validator("barcodes")
    @classmethod
    def _is_a_rule(cls, rule: str) -> str:
        if wrong := problem(rule):
            raise ValueError(f"{rule!r} {wrong}")
        return rule
