"""Neurodata Without Borders files with the ndx-pose extension: read, and written for others to read.

Written with pynwb and ndx-pose themselves, so that any reader of that standard finds what it expects. Sampling of a
cage-day is uneven (files, gaps, duty cycles), so time stamps are written, never a rate.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from presage.errors import UserError
from presage.homecage.pose_files.pose_file import PoseFile

FRAME = "(0,0) is the middle of the top left pixel of the image; y points down"


def read_nwb(path: Path) -> PoseFile:
    """Every ``PoseEstimation`` of the file, one an animal, with the frame rate where time stamps are even.

    Raises :class:`UserError` when there is none, or when animals differ in body parts or number of frames.
    """
    import ndx_pose
    from pynwb import NWBHDF5IO

    with NWBHDF5IO(str(path), "r", load_namespaces=True) as io:
        file = io.read()
        found = [one for one in file.objects.values() if isinstance(one, ndx_pose.PoseEstimation)]
        if not found:
            raise UserError(path, "holds no pose (PoseEstimation)", "export it with ndx-pose")
        found.sort(key=lambda one: str(one.name))
        series = [dict(one.pose_estimation_series.items()) for one in found]
        nodes = [str(node) for node in found[0].skeleton.nodes[:]] if found[0].skeleton is not None else []
        parts = tuple(nodes if set(nodes) == set(series[0]) else series[0])  # series come in order of their names
        if any(set(one) != set(parts) for one in series):
            raise UserError(path, "has animals with different body parts", "write them to files of their own")
        lengths = {len(one[part].data) for one in series for part in parts}
        if len(lengths) != 1:
            raise UserError(path, f"has series of {min(lengths)} and of {max(lengths)} frames", "export it again")
        points = np.stack([np.stack([one[part].data[:, :2] for part in parts], axis=1) for one in series], axis=1)
        sure = np.stack([np.stack([one[part].confidence[:] for part in parts], axis=1) for one in series], axis=1)
        rate = _rate(series[0][parts[0]])
        animals = tuple(str(one.name) for one in found)
    return replace(PoseFile.of(points, sure, animals, parts), fps=rate)


def _rate(series: Any) -> float | None:
    """Frames per second; None where they come unevenly or are too few to tell."""
    if series.rate is not None:
        return float(series.rate)
    steps = np.diff(series.timestamps[:])
    if not len(steps) or np.ptp(steps) > 0.01 * np.median(steps):
        return None
    return float(1 / np.median(steps))


def write_nwb(
    path: str | Path,
    *,
    time_utc: np.ndarray,
    xy: np.ndarray,
    likelihood: np.ndarray,
    animals: tuple[str, ...],
    bodyparts: tuple[str, ...],
    about: Mapping[str, str],
) -> None:
    """Write pose to ``path``: ``time_utc`` datetime64[us] [frame], ``xy`` [frame, animal, body part, 2] px,
    ``likelihood`` [frame, animal, body part].

    ``about``: ``identifier`` of the recording, its ``description``, ``scorer`` (which model), ``software`` and ``lab``
    notes, as text.
    """
    import ndx_pose
    from pynwb import NWBHDF5IO, NWBFile

    start = time_utc[0] if len(time_utc) else np.datetime64(0, "us")
    seconds = (time_utc - start) / np.timedelta64(1, "s")
    file = NWBFile(
        session_description=about["description"],
        identifier=about["identifier"],
        session_start_time=datetime.fromtimestamp(start.astype(np.int64) / 1e6, UTC),
    )
    skeleton = ndx_pose.Skeleton(name="animal", nodes=list(bodyparts))
    module = file.create_processing_module("behavior", "pose of every frame that was analysed")
    module.add(ndx_pose.Skeletons(skeletons=[skeleton]))
    for a, animal in enumerate(animals):
        series: list[Any] = []
        for p, part in enumerate(bodyparts):
            series.append(
                ndx_pose.PoseEstimationSeries(
                    name=part,
                    description=f"{part} of {animal}",
                    data=np.ascontiguousarray(xy[:, a, p], dtype=np.float32),
                    unit="pixels",
                    reference_frame=FRAME,
                    timestamps=series[0] if series else seconds,  # one copy, to which the others are linked
                    confidence=np.ascontiguousarray(likelihood[:, a, p], dtype=np.float32),
                    confidence_definition="likelihood, 0 to 1; NaN where the image showed nothing",
                )
            )
        module.add(
            ndx_pose.PoseEstimation(
                name=animal,
                pose_estimation_series=series,
                description=about["description"],
                scorer=about["scorer"],
                source_software=about["software"],
                skeleton=skeleton,
            )
        )
    with NWBHDF5IO(str(path), "w") as io:
        io.write(file)
