"""One window to look at."""

import numpy as np
import pandas as pd

from presage.sequence.model.prediction import predict
from presage.sequence.model.sequence_model import SequenceModel
from presage.sequence.targets.target_set import TargetSet


def example(model: SequenceModel, targets: TargetSet, split: str = "test") -> pd.DataFrame:
    """Measured and predicted coverage of one window of ``split``: columns ``window track bin observed predicted``.

    The window is the one with the median total of measured coverage, so that it is neither the best nor an empty one.
    """
    rows = targets.fold(split)
    columns = [targets.tracks.index(slug) for slug in model.tracks]
    totals = np.array([targets.values([row])[..., columns].sum() for row in rows])
    row = rows[np.argsort(totals, kind="stable")[len(rows) // 2]]
    observed = targets.values([row])[0][:, columns]
    predicted = predict(model, targets.sequence([row]))[0].cpu().numpy()
    bins = len(observed)
    return pd.DataFrame(
        {
            "window": int(targets.windows["window"].iloc[row]),
            "track": np.repeat(np.array(model.tracks, object), bins),
            "bin": np.tile(np.arange(bins), len(columns)),
            "observed": observed.T.ravel(),
            "predicted": predicted.T.ravel(),
        }
    )
