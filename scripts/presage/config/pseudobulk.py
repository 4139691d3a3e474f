"""Settings of the pseudobulk step: how reads are read, and what becomes of them together."""

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from presage.barcode_rule import PLAIN, problem
from presage.config.base import Section

Assay = Literal["rna", "atac"]


class Reading(Section):
    """Which reads of a sample are used, and how. A change here reads the samples again."""

    cell_types: list[str] = Field([], description="cell types that the labels may name; empty: whatever they name")
    label_column: str = Field(
        "cell_type", description="column of the labels (TSV column or h5ad obs) with the cell type"
    )
    barcodes: str = Field(
        PLAIN,
        description="how labels spell barcodes: text with {barcode}, {sample}, {donor}, e.g. {sample}_{barcode}, "
        "{sample}#{barcode} (ArchR), {barcode}-{sample}; the sheet's column barcodes says otherwise for a sample",
    )
    barcode_tag: str = Field(
        "CB", pattern=r"^[A-Za-z][A-Za-z0-9]$", description="BAM tag of the corrected cell barcode"
    )
    umi_tag: str = Field("UB", pattern=r"^[A-Za-z][A-Za-z0-9]$", description="BAM tag of the corrected UMI")
    read_name: str | None = Field(
        None,
        description="where barcode and UMI are in the read names: a regular expression with groups (?P<barcode>...) "
        "and perhaps (?P<umi>...), used instead of the tags",
    )
    max_no_barcode: float = Field(
        0.5, ge=0, le=1, description="a BAM in which a larger share of the mapped reads has no cell barcode is refused"
    )
    min_mapq: int = Field(30, ge=0, le=255, description="lowest mapping quality of a read (STAR marks unique ones 255)")
    require_xf: bool = Field(
        True, description="where reads carry Cell Ranger's xf tag use only xf 25, the counted read of a molecule"
    )
    umi: Literal["exact", "directional", "none"] = Field(
        "exact",
        description="exact: one read per molecule (same cell, UMI and gene, or strand where there is no gene); "
        "directional: UMIs that differ in one base are joined too, where the rarer can be an error (for raw UMIs: set "
        "umi_tag UR and require_xf false); none: all reads but the aligner's duplicates",
    )
    chemistry: Literal["auto", "three_prime", "five_prime"] = Field(
        "auto",
        description="10x RNA kit: cDNA reads are sense to the transcript (3') or antisense (5'); auto: by the share of "
        "sense reads in exons. The sheet's column chemistry goes before this; what either says is checked",
    )
    stranded: bool = Field(True, description="RNA tracks per strand; false: both strands pooled")
    rna_mode: Literal["full", "three_prime_end", "five_prime_end"] = Field(
        "full",
        description="RNA coverage: every aligned base of a read, or only its base nearest the transcript's 3' or 5'"
        " end",
    )
    atac_width: int = Field(
        1,
        ge=1,
        description="bp that one transposase cut covers, centred on it: 1 is exact, more smooths thin data (odd)",
    )
    count_introns: bool = Field(
        True, description="reads in introns count for their gene, as Cell Ranger 7 and later do"
    )
    downsample: tuple[float, ...] = Field(
        (), description="shares of the reads, e.g. [0.1, 0.25, 0.5], at which each track's halves are correlated again"
    )

    parts: int = Field(
        1, ge=1, le=1000, description="jobs that share each BAM, for a cluster; the result does not depend on it"
    )

    @field_validator("barcodes")
    @classmethod
    def _is_a_rule(cls, rule: str) -> str:
        if wrong := problem(rule):
            raise ValueError(f"{rule!r} {wrong}")
        return rule

    @model_validator(mode="after")
    def _sane(self) -> "Reading":
        if self.read_name is not None:
            try:
                groups = re.compile(self.read_name).groupindex
            except re.error as error:
                raise ValueError(f"read_name is no regular expression ({error})") from None
            if "barcode" not in groups:
                raise ValueError("read_name has no group (?P<barcode>...)")
        if list(self.downsample) != sorted(set(self.downsample)) or not all(0 < s < 1 for s in self.downsample):
            raise ValueError(f"downsample must be shares between 0 and 1 in rising order, not {list(self.downsample)}")
        return self


class Pseudobulk(Reading):
    """From reads of single cells to one track per cell type, assay and strand."""

    min_cells: int = Field(5, ge=1, description="cell types with fewer cells with reads get no track")
    min_matched: float = Field(
        0.1, ge=0, le=1, description="a sample is refused where a smaller share of its labelled barcodes has reads"
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
