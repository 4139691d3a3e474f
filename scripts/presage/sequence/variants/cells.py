"""What a variant does in each cell: the models of single cells (the cell-conditioned decoder) under the same scores."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from presage.config.variants import Variants
from presage.progress import bar
from presage.sequence.decoder.files import CellPredictor
from presage.sequence.decoder.network import cell_tracks
from presage.sequence.reference.genome import Genome
from presage.sequence.variants.agreement import signs, spread
from presage.sequence.variants.effects import effects
from presage.sequence.variants.part import read_variants
from presage.sequence.variants.scorer import Scorer
from presage.tables import SCHEMAS, ChunkedTable


def choose_cells(cells: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """Up to ``most`` rows of the `cell_embeddings` table, drawn evenly over cell types, in the table's order.

    A type with fewer cells than its share gives all that it has, and the others fill up.
    """
    rng = np.random.default_rng(seed)
    shuffled = cells.iloc[rng.permutation(len(cells))]
    turn = shuffled.groupby("cell_type").cumcount()  # everyone's first, then everyone's second ...
    order = np.lexsort((shuffled["cell_type"].to_numpy(str), turn.to_numpy()))
    return shuffled.iloc[order[:most]].sort_index()


def score_cells(
    sites: str | Path,
    predictor: CellPredictor,
    cells: pd.DataFrame,
    genome: Genome,
    settings: Variants,
    out: str | Path,
    *,
    batch_size: int = 32,
    seed: int = 0,
    code_hash: str = "",
    meta: Mapping[str, Any] | None = None,
) -> int:
    """Score every site of a `sites` table in every cell; write the `cell_scores` table, return how many sites.

    ``cells`` : rows of the `cell_embeddings` table. Coverage is in units of the cell's library (see
    :class:`~presage.sequence.decoder.network.CellDecoder`), and so is the pseudocount.
    """
    model = predictor.model(np.stack(cells["embedding"].to_list()).astype(np.float32), cells["cell"].tolist())
    info = cell_tracks(cells["cell"].tolist(), predictor.decoder.assays)
    kind = dict(zip(cells["cell"], cells["cell_type"]))
    scorer = Scorer(
        [model],
        genome,
        rc=settings.rc,
        pseudocount=settings.pseudocount,
        spans=[settings.span.get(assay) for assay in info["assay"]],
        shifts=settings.shifts,
        step=settings.window_step,
        sparse=settings.sparse,
    )
    fixed: dict[str, Any] = {
        "model_hash": model.trunk_hash,
        "adapter_hash": model.adapter_hash,
        "seed": seed,
        "code_hash": code_hash,
    }
    total = pq.read_metadata(sites).num_rows
    most = max(batch_size, min(256, 2**20 // len(info)))
    with (
        ChunkedTable(out, "cell_scores", meta or {}) as table,
        bar(total, "variants in cells", "allele") as shown,
    ):
        for start, group in scorer.grouped(read_variants(sites), most):
            found = effects(scorer, start, group, None, batch_size)
            rows = pd.DataFrame(
                {
                    "variant": np.repeat([site.name for site in group], len(info)),
                    "cell": np.tile(info["cell_type"].to_numpy(object), len(group)),
                    "assay": np.tile(info["assay"].to_numpy(object), len(group)),
                    "strand": np.tile(info["strand"].to_numpy(object), len(group)),
                    "log_fc": found.scores["log_fc"].ravel(),
                    "log_fc_sd": spread(found.log_fc).ravel(),
                    "sign_agreement": signs(found.log_fc).ravel(),
                }
            )
            rows["cell_type"] = rows["cell"].map(kind)
            table.add(rows.assign(**fixed)[SCHEMAS["cell_scores"].names])
            shown.update(len(group))
    return total
