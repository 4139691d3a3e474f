"""Settings of the reference: genome, genes, and the windows that a model sees."""

from typing import Literal, Self

from pydantic import Field, model_validator

from presage.config.base import Section


class Reference(Section):
    """The genome, its genes, and the windows that a model sees."""

    preset: Literal["hg38", "hg19", "mm10", "mm39"] | None = Field(
        None,
        description="checks that the FASTA is this build and fills contigs (autosomes and X) and blacklist; null: any",
    )
    fasta: str = Field("", description="genome FASTA, plain or gzipped; empty: the built-in world's")
    gtf: str | None = Field(None, description="gene annotation (GTF) on the same genome; null: the run has no genes")
    contigs: list[str] = Field(
        [], description="shell-style names of contigs that get fresh windows; empty: the preset's, or all without one"
    )
    blacklist: str | None = Field(
        None,
        description="BED of regions whose coverage is an artefact, plain or gzipped; null: the preset's; empty: none",
    )
    max_blacklist: float = Field(
        0.5, ge=0, le=1, description="fresh windows with a larger share of the output in the blacklist are left out"
    )
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
    tails: bool = Field(
        False, description="fresh windows: also one whose output passes a contig's end; bp past it count as unknown"
    )
    overlaps: Literal["keep", "drop_held_out", "drop_train"] = Field(
        "keep",
        description="where an input reads what another fold predicts: keep and count it, leave out held-out windows "
        "that read a training output, or training windows that read a held-out one (fresh windows only)",
    )
    max_homology: float | None = Field(
        0.2,
        ge=0,
        le=1,
        description="fresh training windows that share more of their sequence (or of the other's) with one held-out "
        "window are left out, published ones only counted; null: not looked at",
    )

    @model_validator(mode="after")
    def _audit_sees_all(self) -> Self:
        if self.windows and self.overlaps == "drop_train":
            raise ValueError(
                "overlaps: drop_train would hide published windows that the trunk has trained on from the leakage audit"
            )
        return self
