"""Settings of variant scoring and evaluation."""

from typing import Annotated

from pydantic import Field

from presage.config.base import Section


class VariantSet(Section):
    """One VCF to score, and the null set that its p-values are read against."""

    vcf: str = Field("", description="VCF, plain or bgzip (genotypes are never read); empty: the built-in world's")
    null: str | None = Field(
        "", description="VCF of variants without effect, for p-values; empty: the built-in world's; null: no p-values"
    )


class Variants(Section):
    """Effects of variants: log2 ratio, ALT over REF, of the summed prediction in every track."""

    sets: dict[str, VariantSet] = Field(
        {"planted": VariantSet(vcf="", null="")},
        description="name of the set (a folder) -> its vcf and null; {}: nothing is scored",
    )
    adapter: str | None = Field(None, description="name of the adapt run that scores; null: the first of adapt.runs")
    rc: bool = Field(True, description="average the prediction over both strands of the DNA")
    pseudocount: float = Field(1.0, gt=0, description="added to both sums before the log2 ratio, in coverage units")
    span: dict[str, Annotated[int, Field(ge=1)]] = Field(
        {"atac": 512}, description="assay -> bp around the variant that are summed; others: all output bins"
    )
    batch_size: int = Field(32, ge=1, description="variants in one forward pass; a full-size Borzoi fits 1 to 4")
    max_length: int = Field(1000, ge=1, description="longer REF or ALT alleles are dropped and counted, bp")
    max_mismatch: float = Field(
        0.5, ge=0, le=1, description="stop when REF differs from the genome in more than this share: wrong build"
    )


class Evaluate(Section):
    """Metrics against held-out coverage and, where it is known, planted truth."""

    bootstrap: int = Field(1000, ge=100, description="resamples (of windows, genes, variants) behind a 95 % interval")
    reference: str = Field("probe", description="adapter run that the others are compared with, paired over windows")
    batch_size: int = Field(8, ge=1, description="windows in one forward pass")
    seed: int = Field(1, ge=0, description="seed of the resampling")
    min_types: int = Field(3, ge=2, description="genes seen in fewer cell types do not enter across-cell-type r")
