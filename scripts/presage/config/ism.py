"""Settings of in-silico mutagenesis and of its comparison with a massively parallel reporter assay."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from presage.config.base import Section

_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"  # no dot: a region's files are told apart by what follows the first one
_VARIANT = re.compile(r"([^:\s]+):(\d+):([ACGTacgt]+):([ACGTacgt]+)")

Bp = Annotated[int, Field(ge=1)]
Name = Annotated[str, Field(pattern=_NAME)]


class Interval(Section):
    """A region by its coordinates."""

    chrom: str = Field(description="contig")
    start: int = Field(ge=0, description="first base, 0-based")
    end: int = Field(ge=1, description="one past the last base")

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"end {self.end} is not after start {self.start}")
        return self

    @property
    def length(self) -> int:
        """bp"""
        return self.end - self.start


class AroundGene(Section):
    """A region around a gene's transcription start, by the gene's strand."""

    gene: str = Field(min_length=1, description="symbol or identifier")
    upstream: int = Field(500, ge=0, description="bp before the transcription start")
    downstream: int = Field(100, ge=1, description="bp from the transcription start on, itself included")

    @property
    def length(self) -> int:
        """bp"""
        return self.upstream + self.downstream


class AroundVariant(Section):
    """A region around a variant."""

    variant: str = Field(description="chrom:pos:ref:alt, pos 1-based as in a VCF")
    flank: int = Field(50, ge=0, description="bp on either side of REF")

    @field_validator("variant")
    @classmethod
    def _spelt(cls, text: str) -> str:
        if not _VARIANT.fullmatch(text):
            raise ValueError("must be chrom:pos:ref:alt with pos 1-based and alleles of A, C, G, T")
        return text

    @property
    def parts(self) -> tuple[str, int, str, str]:
        """contig, position (1-based), REF, ALT."""
        match = _VARIANT.fullmatch(self.variant)
        assert match  # checked when it was given
        return match[1], int(match[2]), match[3].upper(), match[4].upper()

    @property
    def length(self) -> int:
        """bp"""
        return 2 * self.flank + len(self.parts[2])


def _form(given: Any) -> str:
    """Which form a region has; what is none is told as an interval that lacks its keys."""
    keys = (
        set(given) if isinstance(given, dict) else set(type(given).model_fields) if isinstance(given, Section) else ()
    )
    return next((f"({key})" for key in ("gene", "variant") if key in keys), "(interval)")


# The tags in brackets are no keys: presage.config.load leaves them out of what it tells.
Region = Annotated[
    Annotated[Interval, Tag("(interval)")]
    | Annotated[AroundGene, Tag("(gene)")]
    | Annotated[AroundVariant, Tag("(variant)")],
    Discriminator(_form),
]


class Picture(Section):
    """What the picture of a region shows."""

    assay: str | None = Field(None, description="assay whose tracks are drawn; null: the one with the strongest effect")
    cell_types: int = Field(6, ge=1, description="cell types that are drawn, those with the strongest effect")
    coverage: bool = Field(
        False, description="draw predicted coverage too: the reference, and the variant's (or the strongest) change"
    )


class Seqlets(Section):
    """Spans of a region that hold prediction up (or down) more than its other bases do."""

    p: float = Field(0.01, gt=0, lt=1, description="a seqlet and every span inside it are below this p")
    shortest: int = Field(4, ge=2, description="bp")
    longest: int = Field(25, ge=4, description="bp")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.longest < self.shortest:
            raise ValueError(f"longest {self.longest} is below shortest {self.shortest}")
        return self


class Ism(Section):
    """In-silico saturation mutagenesis: every change of a single base of a region."""

    regions: dict[Name, Region] | None = Field(
        {},
        description="name of the region (a file) -> {chrom, start, end}, {gene, upstream, downstream} or "
        "{variant, flank}; {}: the built-in world's own, and none elsewhere; null: none",
    )
    adapter: str | None = Field(
        None, description="the adapter that scores; null: the first of adapt.runs, or of adapt.given"
    )
    tracks: tuple[str, ...] = Field(("*",), min_length=1, description="patterns on slugs: the tracks that are read")
    deletions: bool = Field(True, description="delete each base, too")
    rc: bool = Field(True, description="average the prediction over both strands of the DNA")
    pseudocount: float = Field(1.0, gt=0, description="added to both sums before the log2 ratio, in coverage units")
    span: dict[str, Bp] = Field(
        {}, description="assay -> bp around the change that are summed, e.g. {atac: 512}; others: all output bins"
    )
    sparse: bool = Field(
        True, description="recompute only what a substitution changes; checked against the whole model first"
    )
    batch_size: int = Field(16, ge=1, description="sequences in one forward pass")
    motifs: str | None = Field(
        "", description="motifs (MEME format) that seqlets are named by; empty: the built-in world's; null: no names"
    )
    seqlets: Seqlets = Field(default_factory=Seqlets, description="how seqlets are called")
    picture: Picture = Field(default_factory=Picture, description="what the picture shows")


class Mpra(Section):
    """Predicted against measured effects of single-base changes in a reporter assay."""

    table: str = Field(
        description="TSV with columns Chrom Pos Ref Alt Barcodes Coefficient Element (as Kircher et al. 2019)"
    )
    release: str = Field("GRCh38", description="rows of this genome build are read, where the table has a Release")
    elements: list[str] = Field([], description="elements to compare; []: all")
    adapter: str | None = Field(
        None, description="the adapter that scores; null: the first of adapt.runs, or of adapt.given"
    )
    tracks: tuple[str, ...] = Field(("*",), min_length=1, description="patterns on slugs: the tracks that are read")
    backgrounds: tuple[Literal["n", "random"], ...] = Field(
        ("n", "random"), min_length=1, description="what surrounds an element: unknown bases, or random ones"
    )
    rc: bool = Field(True, description="average the prediction over both strands of the DNA")
    pseudocount: float = Field(1.0, gt=0, description="added to both sums before the log2 ratio, in coverage units")
    min_barcodes: int = Field(10, ge=0, description="changes that were measured by fewer are scored but not correlated")
    most: int | None = Field(None, ge=3, description="changes of each element, drawn by the seed; null: all")
    block: int = Field(10, ge=1, description="bp that are resampled together for the intervals")
    bootstrap: int = Field(1000, ge=100, description="resamples behind a 95 % interval")
    seed: int = Field(1, ge=0, description="seed of random flanks, of the draw and of the resampling")
    batch_size: int = Field(16, ge=1, description="sequences in one forward pass")
