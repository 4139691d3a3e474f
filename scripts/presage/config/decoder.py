"""Settings of the decoder for single cells, and of the head that is fitted to counts alone."""

from pydantic import Field

from presage.config.base import Section


class Cells(Section):
    """One decoder for every cell and cell type, beside the heads with a fixed track for each type."""

    adapter: str | None = Field(None, description="adapt run whose trunk carries the decoder; null: the bare trunk")
    embedding: str | None = Field(
        None,
        description="obsm key of the h5ad with the cells' embedding, e.g. X_scVI (it may have seen test genes: the "
        "card says so); null: principal components of genes outside valid and test windows",
    )
    components: int = Field(10, ge=1, description="principal components, where the embedding is computed")
    hidden: int = Field(64, ge=1, description="units between embedding and weights")
    min_umis: int = Field(20, ge=1, description="labelled cells with fewer molecules in genes are left out")
    held_out: float = Field(0.2, ge=0, lt=1, description="share of the cells (by a hash of the barcode) never fitted")
    epochs: int = Field(12, ge=1, description="passes over the training windows")
    lr: float = Field(2e-3, gt=0, description="highest learning rate of AdamW; a cosine leads to 0")
    weight_decay: float = Field(1.0, ge=0, description="decoupled weight decay of the map from embedding to weights")
    windows: int = Field(8, ge=1, description="windows a step, for the coverage of the types")
    cells: int = Field(64, ge=1, description="random cells a step, for the counts")
    genes: int = Field(48, ge=1, description="random genes a step, for the counts")
    gene_weight: float = Field(1.0, ge=0, description="weight of the cells' counts against the types' coverage")
    ema: float = Field(0.9, ge=0, lt=1, description="decay of the averaged weights that are kept; 0 = no averaging")
    rc: bool = Field(True, description="show half of the windows and genes as their reverse complement")
    cache_gb: float = Field(1.5, ge=0, description="memory for the embeddings of windows, GB")
    bootstrap: int = Field(1000, ge=100, description="resamples of genes behind a 95 % interval")


class GeneHead(Section):
    """The head of a study with counts and no coverage: one track for each cell type, fitted to molecules per gene."""

    epochs: int = Field(40, ge=1, description="most passes over the genes of training windows")
    lr: float = Field(5e-3, gt=0, description="highest learning rate of AdamW; a cosine leads to 0")
    weight_decay: float = Field(0.01, ge=0, description="decoupled weight decay of the weights")
    ema: float = Field(0.9, ge=0, lt=1, description="decay of the averaged weights that are kept; 0 = no averaging")
    batch_genes: int = Field(64, ge=1, description="genes a step")
    rc: bool = Field(True, description="show half of the batches as their reverse complement")
    cache_gb: float = Field(1.5, ge=0, description="memory for the embeddings of windows, GB")
