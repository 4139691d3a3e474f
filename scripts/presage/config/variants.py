"""Settings of variant scoring and evaluation."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from presage.config.base import Section

MATCHED = "matched"


class VariantSet(Section):
    """Variants to score, the null set that their p-values are read against, and measured effects, if there are any."""

    vcf: str = Field(
        "",
        description="VCF, BCF, table (.tsv, .csv: chrom pos ref alt) or regions (.bed: every SNV); only sites are "
        "read; empty: the built-in world's",
    )
    null_set: str | None = Field(
        "",
        description="such a file of variants without effect, for p-values; matched: drawn from the genome to be like "
        "the set (variants.matched_null); empty: the built-in world's, and matched elsewhere; null: no p-values",
    )
    calibration: str | None = Field(
        None, description="table of measured effects (chrom pos ref alt effect, and track or cell_type and assay)"
    )
    benchmark: str | None = Field(
        None,
        description="table of labelled variants of the set (chrom pos ref alt label, and effect, effect_allele, track "
        "or cell_type and assay), as fine-mapped eQTLs come: told apart by their effects (docs/evaluation.md)",
    )


class MatchedNull(Section):
    """A null set drawn from the genome to match the variants (null_set: matched)."""

    per_variant: int = Field(5, ge=1, description="null variants for each variant")
    max: int = Field(5000, ge=1, description="null variants in all; with more variants, for a random part of them")
    tss_bins: list[Annotated[int, Field(ge=1)]] = Field(
        [100, 316, 1000, 3162, 10_000, 31_623, 100_000],
        description="edges of the bins of distance to the nearest transcription start, bp; even on a log scale",
    )
    exclusion: int = Field(500, ge=0, description="bp around each variant in which no null variant lies")
    avoid_exons: bool = Field(False, description="no null variant in an exon")

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.tss_bins != sorted(set(self.tss_bins)):
            raise ValueError("tss_bins must rise")
        return self


class Variants(Section):
    """Effects of variants: log2 ratio, ALT over REF, of the summed prediction in every track."""

    sets: dict[str, VariantSet] = Field(
        {"planted": VariantSet(vcf="", null_set="")},
        description="name of the set (a folder) -> its vcf, null_set and calibration; {}: nothing is scored",
    )
    adapter: str | list[str] | None = Field(
        None,
        description="adapters that score, one or several, all seeds averaged; null: the first of adapt.runs, or of "
        "adapt.given",
    )
    rc: bool = Field(True, description="average the prediction over both strands of the DNA")
    shifts: list[int] = Field(
        [0], min_length=1, description="average over windows moved by so many bp, e.g. [-1, 0, 1]"
    )
    pseudocount: float = Field(1.0, gt=0, description="added to both sums before the log2 ratio, in coverage units")
    span: dict[str, Annotated[int, Field(ge=1)]] = Field(
        {"atac": 512}, description="assay -> bp around the variant that are summed; others: all output bins"
    )
    window_step: int = Field(
        1, ge=1, description="variants of a step share a window, bp: faster for dense sets; 1 = each in its own"
    )
    genes: bool = Field(True, description="score the expression of the genes that a variant's window predicts, too")
    gene_reach: int | None = Field(None, ge=1, description="leave out genes farther from the variant, bp; empty = none")
    cells: int = Field(
        0, ge=0, description="score in so many single cells, too, drawn evenly over types; needs sequence.cells"
    )
    sparse: bool = Field(
        True, description="recompute only what a substitution changes; checked against the whole model first"
    )
    level: float = Field(
        0.9, gt=0, lt=1, description="probability of the interval for a measured effect, where a set has a calibration"
    )
    matched_null: MatchedNull = Field(default_factory=MatchedNull, description="how a null set is drawn")
    jobs: int = Field(1, ge=1, description="jobs that share the scoring of a set, e.g. one per GPU")
    batch_size: int | None = Field(
        None, ge=1, description="sequences in one forward pass; empty = what fits into memory"
    )
    max_length: int = Field(1000, ge=1, description="longer REF or ALT alleles are dropped and counted, bp")
    max_mismatch: float = Field(
        0.5, ge=0, le=1, description="stop when REF differs from the genome in more than this share: wrong build"
    )
