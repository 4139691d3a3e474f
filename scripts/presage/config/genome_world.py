"""Settings of the built-in genome world: simulated single-cell sequence data whose truth is known."""

from typing import Literal, Self

from pydantic import Field, model_validator

from presage.config.base import Section

ISM_REGION = "planted"  # name of the region that the world gives to in-silico mutagenesis
ISM_BP = 120  # its length


class GenomeWorld(Section):
    """How large, how deep and how hard the simulated genome world is."""

    chromosome_kb: tuple[int, ...] = Field(
        (1500, 1000, 500, 700),
        min_length=3,
        description="chromosome lengths [kb]; the last one is meant for test, the one before it for valid",
    )
    gene_spacing_bp: int = Field(3400, ge=3200, description="mean distance between genes [bp]")
    difficulty: Literal["standard", "hard"] = Field(
        "standard", description="hard: weaker planted effects, fuzzier motifs, noisier cells, shallower bulk"
    )
    samples: tuple[str, ...] = Field(
        ("donor1", "donor2"), min_length=1, description="sample names; each is a donor with a BAM and a fragments file"
    )
    cells: int = Field(600, ge=12, description="labelled cells, over all samples")
    gradient: float = Field(
        0.7,
        ge=0,
        lt=1,
        description="how much cells of a type differ: one factor of alpha, and one of gamma, has 1 - this to 1 + this "
        "of its activity; 0 = cells of a type are alike",
    )
    rare_share: float = Field(
        0.05, gt=0, lt=0.5, description="share of the cells that are of type rare, whose factor no other type uses"
    )
    rare_tissues: int = Field(
        0, ge=0, description="bulk tissues that are mostly of type rare, so that the trunk knows its factor, too"
    )
    blend: bool = Field(
        False, description="add a cell type, blend, that is between alpha and beta and has no factor of its own"
    )
    diseased: tuple[str, ...] = Field(
        (), description="samples in which every type also uses a factor that healthy cells of epsilon use"
    )
    molecules_per_cell: int = Field(300, ge=5, description="mean RNA molecules (UMIs) per cell")
    fragments_per_cell: int = Field(600, ge=5, description="mean ATAC fragments per cell")
    low_depth_share: float = Field(0.03, ge=0, le=0.5, description="share of labelled cells with a tenth of the depth")
    shared_barcodes: int = Field(6, ge=0, description="barcodes that occur in more than one sample, as in real studies")
    duplicate_share: float = Field(0.50, ge=0, lt=1, description="share of RNA reads that repeat a molecule (CB + UB)")
    same_position_share: float = Field(
        0.48, ge=0, le=1, description="share of those duplicates that start at the same base (flag 0x400)"
    )
    low_mapq_share: float = Field(0.087, ge=0, lt=0.5, description="share of primary RNA reads with MAPQ below 255")
    no_barcode_share: float = Field(0.036, ge=0, lt=0.5, description="share of RNA reads without CB")
    unlabelled_share: float = Field(
        0.06, ge=0, lt=0.5, description="share of reads and fragments in unlabelled barcodes"
    )
    noise_share: float = Field(0.03, ge=0, lt=0.5, description="share of RNA reads that lie anywhere on either strand")
    secondary_share: float = Field(0.01, ge=0, lt=0.5, description="secondary alignments per primary RNA read")
    bulk_depth: float = Field(40.0, gt=0, description="mean coverage of bulk tracks over elements and exons [reads/bp]")
    causal_variants: int = Field(360, ge=4, description="planted variants that change an active motif")
    control_variants: int = Field(
        1080, ge=4, description="matched variants without effect, half of them in decoy motifs"
    )
    null_variants: int = Field(1200, ge=4, description="as the controls, disjoint from them, to calibrate p-values")
    indel_share: float = Field(0.1, ge=0, le=1, description="share of indels in each variant set")
    min_effect_log2: float = Field(
        0.15, gt=0, description="smallest effect of a causal variant in its strongest cell type and assay [log2]"
    )
    max_control_effect_log2: float = Field(
        0.03, gt=0, description="largest effect of a control in any cell type and assay [log2]"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.max_control_effect_log2 >= self.min_effect_log2:
            raise ValueError("max_control_effect_log2 must be below min_effect_log2")
        if len(set(self.samples)) != len(self.samples):
            raise ValueError("samples must be unique")
        if set(self.diseased) - set(self.samples):
            raise ValueError(
                f"diseased names {sorted(set(self.diseased) - set(self.samples))[0]!r}, which is no sample"
            )
        if min(self.chromosome_kb) < 20:
            raise ValueError("chromosome_kb must be at least 20 each")
        return self

    @property
    def chromosomes(self) -> dict[str, int]:
        """Contig name -> length [bp], cut to a multiple of 32."""
        return {f"chr{i}": 1000 * kb // 32 * 32 for i, kb in enumerate(self.chromosome_kb, start=1)}

    @property
    def folds(self) -> dict[str, list[str]]:
        """Fold -> contigs: the last is test, the one before it valid, all others train."""
        names = list(self.chromosomes)
        return {"train": names[:-2], "valid": names[-2:-1], "test": names[-1:]}

    @property
    def sample_rows(self) -> list[dict[str, str]]:
        """Rows of the sample sheet; paths are relative to the world directory."""
        kinds = {"bam": "reads/{}.bam", "fragments": "fragments/{}.tsv.gz"}
        return [
            {
                "sample": sample,
                "kind": kind,
                "path": path.format(sample),
                "labels": "cells.h5ad",
                "donor": sample,
                "condition": "diseased" if sample in self.diseased else "baseline",
                "tissue": "simulated",
                "genome": "",
            }
            for sample in self.samples
            for kind, path in kinds.items()
        ]

    @classmethod
    def micro(cls) -> Self:
        """A world that is built in about a second, for tests."""
        return cls.model_validate(
            {
                "chromosome_kb": (60, 40, 40),
                "cells": 60,
                "molecules_per_cell": 60,
                "fragments_per_cell": 60,
                "shared_barcodes": 2,
                "causal_variants": 20,
                "control_variants": 40,
                "null_variants": 40,
            }
        )
