"""A labelled DeepLabCut project as arrays, and its split into training and test frames."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pandas as pd

from presage import text_table
from presage.errors import UserError
from presage.homecage.pose import body_parts
from presage.homecage.pose_files.hdf_tables import read_table

Split = Literal["auto", "by_video", "blocks"]


@dataclass(frozen=True)
class Labelled:
    """Frames with labels. ``xy`` float32 [frame, body part, 2], px, NaN where a part is not labelled (not visible)."""

    bodyparts: tuple[str, ...]
    images: tuple[Path, ...]
    videos: tuple[str, ...]
    xy: np.ndarray


def read_labelled(project: str | Path) -> Labelled:
    """Read ``config.yaml`` and every ``labeled-data/<video>/CollectedData_*`` of a single-animal DeepLabCut project.

    Frames are ordered by video and file name. Raises :class:`UserError` when the project is none, is multi-animal, has
    no labels, or lists a frame that does not exist.
    """
    project = Path(project)
    bodyparts = tuple(body_parts.project_config(project)["bodyparts"])
    files = sorted(project.glob("labeled-data/*/CollectedData_*.h5")) or sorted(
        project.glob("labeled-data/*/CollectedData_*.csv")
    )
    if not files:
        raise UserError(project, "has no labels (labeled-data/<video>/CollectedData_*)", "label some frames first")
    rows = []
    for file in files:
        table = _read_table(file)
        coords = [_coordinates(table, part, file) for part in bodyparts]
        for i, index in enumerate(table.index):
            name = Path(str(index[-1] if isinstance(index, tuple) else index)).name
            rows.append((file.parent.name, file.parent / name, [c[i] for c in coords]))
    rows.sort(key=lambda row: (row[0], row[1].name))
    missing = [image for _, image, _ in rows if not image.exists()]
    if missing:
        raise UserError(missing[0], f"is labelled but does not exist ({len(missing)} such frames)", "restore the image")
    xy = np.asarray([coords for _, _, coords in rows], dtype=np.float32).reshape(len(rows), len(bodyparts), 2)
    return Labelled(bodyparts, tuple(r[1] for r in rows), tuple(r[0] for r in rows), xy)


def read_image(path: Path, native: tuple[int, int]) -> np.ndarray:
    """A labelled frame, BGR uint8 [height, width, 3].

    Raises :class:`UserError` when it cannot be read, or is not of the ``native`` (width, height).
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise UserError(path, "cannot be read as an image", "restore it")
    if (image.shape[1], image.shape[0]) != native:
        raise UserError(
            path, f"is {image.shape[1]} x {image.shape[0]} px, others {native[0]} x {native[1]}", "use one size"
        )
    return image


def split(data: Labelled, how: Split, test_share: float) -> tuple[np.ndarray, np.ndarray, str]:
    """Indices of training and test frames, and the split's name.

    *by_video*: whole videos are held out, the last ones by name that hold at least ``test_share`` of the frames.
    *blocks*: the last ``test_share`` of each video's frames, in one block, so that neighbours in time are not on both
    sides except at one border; named ``within_video``, since it says nothing about other videos. *auto*: by video when
    there are three or more.

    Raises :class:`UserError` when one side would be empty.
    """
    videos = np.asarray(data.videos)
    names, sizes = np.unique(videos, return_counts=True)
    if how == "by_video" or (how == "auto" and len(names) >= 3):
        from_end = np.cumsum(sizes[::-1])
        n_test = int(np.searchsorted(from_end, test_share * len(videos)) + 1)
        test, name = np.isin(videos, names[len(names) - n_test :]), "by_video"
    else:
        test, name = np.zeros(len(videos), dtype=bool), "within_video"
        for video, size in zip(names, sizes):
            test[np.flatnonzero(videos == video)[size - round(test_share * size) :]] = True
    if test.all() or not test.any():
        raise UserError(
            "labelled frames", f"cannot be split {name}: {len(videos)} frames, {len(names)} videos", "label more"
        )
    return np.flatnonzero(~test), np.flatnonzero(test), name


def _read_table(file: Path) -> pd.DataFrame:
    try:
        if file.suffix == ".h5":
            return read_table(file)
        with file.open(encoding="utf-8") as text:
            coords = text.read(4096).splitlines()[2].split(",")
        n_index = coords.index("x")  # newer projects write the image's path in three columns
        return text_table.read_csv(file, header=[0, 1, 2], index_col=list(range(n_index)))
    except Exception as error:  # PyTables and the parser raise many kinds
        raise UserError(file, f"cannot be read as labels ({type(error).__name__})", "restore it") from error


def _coordinates(table: pd.DataFrame, part: str, file: Path) -> np.ndarray:
    try:
        scorer = table.columns[0][0]
        return table[scorer][part][["x", "y"]].to_numpy(dtype=np.float32)
    except (KeyError, ValueError, TypeError, IndexError):
        raise UserError(
            file,
            f"has no labels of body part {part}, or others than numbers",
            "label it, or remove it from config.yaml",
        ) from None
