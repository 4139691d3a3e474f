"""Settings of the cost estimate."""

from pydantic import Field

from presage.config.base import Section


class Cost(Section):
    """What `snakemake cost` assumes before anything is run (docs/cost.md)."""

    gpus: tuple[str, ...] = Field(
        ("CPU", "T4", "RTX 4090", "A100 40GB", "H100"),
        min_length=1,
        description="cards to give hours for: names of resources/gpus.tsv; CPU: as many cores as torch_threads says",
    )
    share: float = Field(
        0.35,
        gt=0,
        le=1,
        description="share of a card's peak that a job reaches; 0.35 is usual for bf16 training (a CPU: docs/cost.md)",
    )
    reserve_gb: float = Field(
        1.5, ge=0, description="memory of a card that the driver, libraries and fragmentation take, GB"
    )
    tracks: int = Field(40, ge=1, description="tracks to assume while the cell types are unknown")
