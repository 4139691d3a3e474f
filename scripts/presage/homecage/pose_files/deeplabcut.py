"""DeepLabCut's files, and those of Lightning Pose, which have the same columns."""

import csv
import itertools
from pathlib import Path

import numpy as np
import pandas as pd

from presage import text_table
from presage.errors import UserError, damaged
from presage.homecage.pose_files.hdf_tables import read_table
from presage.homecage.pose_files.pose_file import ONLY_ANIMAL, PoseFile


def read_dlc_h5(path: Path) -> PoseFile:
    """DeepLabCut's HDF5 (one pandas table; its key differs between writers: df_with_missing, data, df, tracks)."""
    with damaged(path, "export it again", "is no DeepLabCut HDF5"):
        table = read_table(path)
    return from_dlc_table(table, path)


def read_dlc_csv(path: Path) -> PoseFile:
    """DeepLabCut's CSV: header rows scorer, (individuals,) bodyparts, coords; first column the frame number."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = list(itertools.islice(csv.reader(file), 5))
        n_header = [row[0] for row in header].index("coords") + 1
        if len(header) == n_header:
            body = np.empty((0, len(header[0])))
        else:  # without pandas' own header: a day has 48 small files, and a MultiIndex costs more than the numbers
            table = text_table.read_csv(path, skiprows=n_header, header=None, dtype=np.float64, engine="pyarrow")
            body = table.to_numpy()
    except (ValueError, IndexError, UnicodeDecodeError, pd.errors.ParserError):
        raise UserError(path, "is no DeepLabCut CSV (three header rows, then numbers)", "export it again") from None
    names, columns = [row[0] for row in header[:n_header]], list(zip(*(row[1:] for row in header[:n_header])))
    if body.shape[1] != len(columns) + 1:
        raise UserError(path, f"has {body.shape[1]} columns under {len(columns) + 1} headers", "export it again")
    return _from_columns(body[:, 1:], names, columns, body[:, 0], path)


def from_dlc_table(table: pd.DataFrame, path: str | Path) -> PoseFile:
    """Pose from DeepLabCut's own pandas table; ``path`` is what errors name. See :func:`read_dlc_h5`."""
    try:
        values = table.to_numpy(dtype=np.float64)
    except (TypeError, ValueError):
        raise UserError(path, "has cells that are no numbers", "export it again") from None
    names, columns = [str(name) for name in table.columns.names], [tuple(column) for column in table.columns]
    return _from_columns(values, names, columns, table.index.to_numpy(), path)


def _from_columns(
    values: np.ndarray, names: list[str], columns: list[tuple[str, ...]], frame: np.ndarray, path: str | Path
) -> PoseFile:
    """Pose from columns [frame, column] that are named (scorer, [individuals,] bodyparts, coords).

    Points with a missing coordinate get likelihood 0. Raises :class:`UserError` when the levels or coordinates are not
    DeepLabCut's, or row i is not frame i (a gap would move every later frame in time).
    """
    if names not in (["scorer", "bodyparts", "coords"], ["scorer", "individuals", "bodyparts", "coords"]):
        raise UserError(path, f"has the column levels {names}, which are not DeepLabCut's", "export it again")
    if not np.array_equal(frame, np.arange(len(frame))):
        raise UserError(path, "does not number its frames 0, 1, 2, ...", "export all frames of the video")
    keys = [(ONLY_ANIMAL, *column[1:]) if len(names) == 3 else tuple(column[1:]) for column in columns]
    # DeepLabCut keeps points that belong to no animal (corners of the cage) under the individual "single".
    kept = [i for i, (animal, _, _) in enumerate(keys) if len(names) == 3 or animal != "single"]
    animals, bodyparts, coords = (tuple(dict.fromkeys(keys[i][level] for i in kept)) for level in range(3))
    if sorted(coords) != ["likelihood", "x", "y"]:
        raise UserError(path, f"has the coordinates {coords}, not x, y, likelihood", "export the predictions")
    place = np.array(
        [
            (animals.index(a), bodyparts.index(b), ("x", "y", "likelihood").index(c))
            for a, b, c in (keys[i] for i in kept)
        ]
    )
    points = np.full((len(values), len(animals), len(bodyparts), 3), np.nan, dtype=np.float32)
    points[:, place[:, 0], place[:, 1], place[:, 2]] = values[:, kept]
    return PoseFile.of(points[..., :2], points[..., 2], animals, bodyparts)
