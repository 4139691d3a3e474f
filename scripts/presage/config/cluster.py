"""Settings of the clustering that labels cells which come without labels."""

from pydantic import Field

from presage.config.base import Section


class Cluster(Section):
    """From counts of unlabelled RNA samples to clusters of cells. Starting values as in the scanpy tutorials."""

    min_umis: int = Field(500, ge=1, description="cells with fewer molecules in genes are left out")
    min_genes: int = Field(200, ge=1, description="cells with fewer genes are left out")
    max_mito: float = Field(
        0.2,
        ge=0,
        le=1,
        description="cells with more of their molecules in genes named MT-... or mt-... are left out",
    )
    max_doublet_score: float = Field(
        0.25,
        ge=0,
        le=1,
        description="cells with a higher Scrublet score are left out; 1 = none, and no score is made",
    )
    genes: int = Field(2000, ge=2, description="most variable genes that cells are compared by")
    components: int = Field(50, ge=2, description="principal components of these genes")
    neighbours: int = Field(15, ge=2, description="nearest cells that each cell is joined to (exact search)")
    resolution: float = Field(1.0, gt=0, description="Leiden: higher gives more and smaller clusters")
    trials: int = Field(5, ge=1, description="Leiden: independent starts of which the best is kept")
    min_cells: int = Field(50, ge=10, description="fewer cells than this after quality control are not clustered")
    markers: int = Field(50, ge=1, description="genes listed for each cluster")
