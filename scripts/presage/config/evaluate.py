"""Settings of the evaluation."""

from typing import Annotated

from pydantic import Field

from presage.config.base import Section


class Evaluate(Section):
    """Metrics against held-out coverage and, where it is known, planted truth."""

    bootstrap: int = Field(1000, ge=100, description="resamples (of windows, genes, variants) behind a 95 % interval")
    reference: str = Field("probe", description="adapter run that the others are compared with, paired over windows")
    batch_size: int = Field(8, ge=1, description="windows in one forward pass")
    seed: int = Field(1, ge=0, description="seed of the resampling")
    min_types: int = Field(3, ge=2, description="genes seen in fewer cell types do not enter across-cell-type r")
    spearman: bool = Field(
        True, description="rank correlation over bins, too; needs a scratch file of 8 bytes a bin and track"
    )
    train_windows: int = Field(
        200, ge=0, description="windows of the training fold that are evaluated beside valid and test, evenly spaced"
    )
    tss_bins: list[Annotated[int, Field(ge=1)]] = Field(
        [1000, 10_000, 100_000], description="edges of the bins of TSS distance for variant benchmarks, bp, rising"
    )
