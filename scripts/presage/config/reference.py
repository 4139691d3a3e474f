"""Settings of the reference: genome, genes, and the windows that a model sees."""

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
