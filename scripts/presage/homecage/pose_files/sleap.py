"""SLEAP's files: the labels it saves (.slp) and the analysis it exports (.h5). Both are HDF5."""

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from presage.errors import UserError
from presage.homecage.pose_files.pose_file import ONLY_ANIMAL, PoseFile

_CENTRE_SHIFT = 1.1  # files of an older format count a pixel's centre as 0.5


def is_analysis(file: h5py.File) -> bool:
    """Whether an open HDF5 file is a SLEAP analysis."""
    return {"tracks", "node_names", "track_occupancy"} <= set(file)


def read_analysis(path: Path) -> PoseFile:
    """An analysis.h5: ``tracks`` [track, 2, node, frame], ``point_scores`` [track, node, frame]."""
    with h5py.File(path) as file:
        points = np.moveaxis(file["tracks"][:], (0, 1, 2, 3), (1, 3, 2, 0))
        scores = np.moveaxis(file["point_scores"][:], (0, 1, 2), (1, 2, 0))
        names = tuple(_text(name) for name in file["node_names"][:])
        animals = tuple(_text(name) for name in file["track_names"][:])
    animals = animals if len(animals) == points.shape[1] else tuple(f"track_{i}" for i in range(points.shape[1]))
    return PoseFile.of(points, scores, _distinct(animals), names)


def read_labels(path: Path) -> PoseFile:
    """A .slp file: the predicted instances of its only video, one animal per track.

    Where a frame was corrected by hand, the person's points stand, with likelihood 1. Raises :class:`UserError` for
    several videos or skeletons, and for several animals in a frame that no track tells apart.
    """
    with h5py.File(path) as file:
        if not {"frames", "instances", "pred_points", "points", "metadata"} <= set(file):
            raise UserError(path, "is no SLEAP file", "export it again")
        meta: dict[str, Any] = json.loads(_text(file["metadata"].attrs["json"]))
        shift = 0.5 if float(file["metadata"].attrs.get("format_id", 1.0)) < _CENTRE_SHIFT else 0.0
        frames, instances = file["frames"][:], file["instances"][:]
        points, predicted = file["points"][:], file["pred_points"][:]
        tracks = [json.loads(_text(one))[1] for one in file["tracks_json"][:]] if "tracks_json" in file else []
    if len(set(frames["video"].tolist())) > 1 or len(meta["skeletons"]) != 1:
        raise UserError(path, "holds several videos or skeletons", "save one video with one skeleton to a file")
    nodes = [meta["nodes"][node["id"]]["name"] for node in meta["skeletons"][0]["nodes"]]
    at = dict(zip(frames["frame_id"].tolist(), frames["frame_idx"].tolist()))
    most = max(np.unique(instances["frame_id"], return_counts=True)[1], default=0)
    if most > 1 and (instances["track"] < 0).any():
        raise UserError(path, f"has up to {most} animals in a frame and no tracks", "track the animals first")
    animals = _distinct(tuple(tracks)) if tracks else (ONLY_ANIMAL,)
    xy = np.full((max(at.values(), default=-1) + 1, len(animals), len(nodes), 2), np.nan)
    likelihood = np.full(xy.shape[:3], np.nan)
    for one in sorted(
        instances, key=lambda row: int(row["instance_type"]), reverse=True
    ):  # predicted first, a person's over them
        by_hand = one["instance_type"] == 0
        rows = (points if by_hand else predicted)[one["point_id_start"] : one["point_id_end"]]
        place = at[int(one["frame_id"])], max(int(one["track"]), 0)
        shown = np.where(rows["visible"], 1.0, np.nan)
        xy[place] = np.stack([rows["x"], rows["y"]], axis=-1) * shown[:, None] - shift
        likelihood[place] = shown if by_hand else rows["score"] * shown
    return PoseFile.of(xy, likelihood, animals, tuple(nodes))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names that repeat get a number."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return tuple(out)
