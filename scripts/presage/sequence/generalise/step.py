"""The generalisation step of one hold-out: all that predicts it, judged on test windows."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from presage import tables
from presage.config.evaluate import Evaluate
from presage.sequence.decoder.files import load_cells
from presage.sequence.decoder.network import cell_tracks
from presage.sequence.evaluation.baselines import choosing
from presage.sequence.evaluation.genes import locate
from presage.sequence.evaluation.measured import painter
from presage.sequence.generalise.judge import Held, judge
from presage.sequence.generalise.predictors import (
    DECODER,
    IN_SAMPLE,
    NEAREST,
    NEAREST_MEASURED,
    SAME,
    SAME_MEASURED,
    Predictor,
    of_mean,
    of_nearest,
    of_same_type,
)
from presage.sequence.generalise.split import Side
from presage.sequence.generalise.told import Told
from presage.sequence.loading import load_model
from presage.sequence.targets.track_names import track_info
from presage.study.hold_outs import HoldOut

EMBEDDINGS = "held.parquet"  # beside a decoder: the held-out cells' mean embeddings


def measured_by(side: Side, rows: np.ndarray) -> Told:
    """A side as it was measured; ``rows``: windows on which levels are taken."""
    return Told.of(side.targets.values, track_info(side.targets.tracks, side.tracks), side.targets.scale, rows)


def generalise(
    out: HoldOut,
    study: Side,
    kept: Side,
    held: Side,
    genes: pd.DataFrame | None,
    trunk: str | Path,
    fits: Mapping[int, Path],
    whole: Mapping[int, Path],
    settings: Evaluate,
    model: str,
    *,
    decoder: tuple[Path, Path | None] | None = None,
    ceilings: Mapping[str, float] | None = None,
    note: str | None = None,
    split: str = "test",
    device: str = "cpu",
) -> pd.DataFrame:
    """Rows of the `generalise` table of one hold-out.

    Parameters
    ----------
    study, kept, held : all of the study, and the two sides of the hold-out, on the same windows
    fits, whole : seed -> folder of the adapter that was fitted to ``kept`` and to ``study``
    model : name of the adapter run
    decoder : folder of the decoder for cells, fitted without what is held out, with :data:`EMBEDDINGS` beside it, and
        the adapter that it sits on (None: the bare trunk)
    ceilings : slug of a held-out track -> its noise ceiling on ``split``
    note : what to keep in mind with every number of this hold-out
    """
    rows, chosen = kept.targets.fold(split), choosing(kept.targets)
    measured, reference = measured_by(held, chosen), measured_by(kept, chosen)
    types = list(dict.fromkeys(reference.info["cell_type"]))
    found: list[Predictor | None] = []
    for seed, folder in fits.items():
        told = _model(trunk, folder, kept, chosen, device)
        found += [
            of_same_type(SAME, seed, told, measured.info, True) if out.pools_again else None,
            of_nearest(NEAREST, seed, told, measured, types, chosen, True),
        ]
    for seed, folder in whole.items():
        told = _model(trunk, folder, study, chosen, device)
        found.append(of_same_type(IN_SAMPLE, seed, told, measured.info, True))
    if decoder is not None:
        found.append(_decoder(*decoder, trunk, kept, measured, chosen, device))
    found += [
        of_same_type(SAME_MEASURED, None, reference, measured.info, False) if out.pools_again else None,
        of_nearest(NEAREST_MEASURED, None, reference, measured, types, chosen, False),
        of_mean(reference, measured.info, types),
    ]
    located = None
    if genes is not None:
        located = locate(genes, kept.targets.windows.iloc[rows], measured.info, kept.targets.bin_size, split)
    limit = np.array([(ceilings or {}).get(slug, np.nan) for slug in held.targets.tracks], np.float64)
    simulated = kept.targets.simulated
    return judge(
        Held(out, measured, reference, types, rows, split, located, limit, simulated, note),
        [predictor for predictor in found if predictor is not None],
        model,
        resamples=settings.bootstrap,
        seed=settings.seed,
        batch_size=settings.batch_size,
    )


def _model(trunk: str | Path, folder: Path, side: Side, rows: np.ndarray, device: str) -> Told:
    """An adapter that was fitted to one side."""
    model = load_model(trunk, folder, device)
    info = track_info(model.tracks, side.tracks)
    return Told.of(painter(model, side.targets), info, side.targets.scale_of(model.tracks), rows)


def _decoder(
    folder: Path, adapter: Path | None, trunk: str | Path, kept: Side, measured: Told, rows: np.ndarray, device: str
) -> Predictor | None:
    """The decoder at the mean embeddings of kept and held-out cell types; None where a held-out type has no cell."""
    cells = load_cells(folder, trunk, adapter)
    held = tables.read(folder / EMBEDDINGS, "held_embeddings")
    names = [*cells.card["types"], *(f"held {name}" for name in held["cell_type"])]
    z = [*cells.card["type_embeddings"], *held["embedding"]]
    model = cells.model(np.array([list(row) for row in z], np.float32), names).to(device)
    info = track_info(model.tracks, cell_tracks(names, cells.decoder.assays))
    told = Told.of(painter(model, kept.targets), info, None, rows)
    asked = measured.info.assign(cell_type="held " + measured.info["cell_type"])
    found = of_same_type(DECODER, None, told, asked, True)
    return None if found is None else found._replace(sources=["mean of the held-out cells"] * len(asked))
