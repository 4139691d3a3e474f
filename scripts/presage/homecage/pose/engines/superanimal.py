"""DeepLabCut's SuperAnimal models: mice from above without any labels of one's own, from checkpoints on the disk.

A detector finds the animals, a second network their body parts (Ye et al. 2024, doi:10.1038/s41467-024-48792-2). The
checkpoints are named as on the hub, ``<dataset>_<network>.pt``: one for the body parts and one for the detector.
Animals are put in order from left to right in each frame: who is who is not told.
"""

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from presage.config.pose import Pose
from presage.errors import UserError
from presage.homecage.pose.engines import package
from presage.homecage.pose_files.pose_file import ONLY_ANIMAL, PoseFile
from presage.provenance import file_hash

DATASETS = ("superanimal_topviewmouse", "superanimal_quadruped")
NETWORKS = ("hrnet_w32",)
DETECTORS = ("fasterrcnn_resnet50_fpn_v2", "fasterrcnn_mobilenet_v3_large_fpn", "ssdlite")
FROM_HUB = ("superanimal_topviewmouse", "hrnet_w32", "fasterrcnn_resnet50_fpn_v2")


class Checkpoints(NamedTuple):
    """What a folder holds: ``dataset``, ``network`` and ``detector`` by their names, and the files of the two."""

    dataset: str
    network: str
    detector: str
    pose_file: Path
    detector_file: Path


class SuperAnimal:
    """An :class:`presage.homecage.pose.engines.Engine`; frames keep their size, for the detector scales them."""

    width: int | None = None
    chunk = 32  # whole frames are held, for they are looked at twice

    def __init__(self, folder: Path, settings: Pose) -> None:
        found = find(folder)
        where = package.device(settings.device)
        self._animals = settings.animals
        with package.quiet(), no_backbone_download():
            from deeplabcut.pose_estimation_pytorch.apis.utils import get_inference_runners
            from deeplabcut.pose_estimation_pytorch.config import PoseConfig

            config = PoseConfig.build_for_superanimal_inference(
                found.dataset,
                model_name=found.network,
                detector_name=found.detector,
                max_individuals=settings.animals,
                device=where,
            )
            self._pose, self._detector = get_inference_runners(
                model_config=config,
                snapshot_path=found.pose_file,
                max_individuals=settings.animals,
                batch_size=settings.batch_size,
                detector_batch_size=1,
                device=where,
                detector_path=found.detector_file,
                inference_cfg=package.options(settings),
            )
        package.hurry(self._pose.model, settings, where)
        bodyparts = list(config["metadata"]["bodyparts"])
        self.card: dict[str, Any] = {
            "engine": f"{package.name()} {found.dataset} {found.network} {found.detector}",
            "bodyparts": bodyparts,
            # Nobody labelled frames of this camera, so there is nothing to calibrate on.
            "likelihood_cut": [settings.imported_likelihood_cut] * len(bodyparts),
            "span_px": None,
            "frame_size": None,
            "hash": file_hash(found.pose_file)[:32] + file_hash(found.detector_file)[:32],
        }

    @property
    def animals(self) -> tuple[str, ...]:
        """Names of the places that a frame has for animals."""
        return (ONLY_ANIMAL,) if self._animals == 1 else tuple(f"place{i + 1}" for i in range(self._animals))

    def predict(self, frames: Iterable[np.ndarray], native: tuple[int, int]) -> PoseFile:
        """See :meth:`presage.homecage.pose.engines.Engine.predict`."""
        parts, images = tuple(self.card["bodyparts"]), list(frames)
        if not images:
            return PoseFile.empty(parts, self.animals)
        boxes = self._detector.inference(iter(images))
        # DeepLabCut's runner may drop images in which nothing was detected, so it never sees them.
        rows = [row for row, found in enumerate(boxes) if len(found["bboxes"])]
        results = self._pose.inference((images[row], boxes[row]) for row in rows)
        values = np.full((len(images), self._animals, len(parts), 3), np.nan)
        for row, result in zip(rows, results, strict=True):
            found = np.asarray(result["bodyparts"])[: self._animals, :, :3]
            found = found[(found[..., 2] > 0).any(axis=1)]
            values[row, : len(found)] = found[np.argsort(np.median(found[..., 0], axis=1), kind="stable")]
        pose = PoseFile.of(values[..., :2], values[..., 2], self.animals, parts)
        dark = np.array([image.std() < package.BLANK_STD for image in images])
        pose.xy[dark], pose.likelihood[dark] = np.nan, np.nan
        return pose


@contextlib.contextmanager
def no_backbone_download() -> Iterator[None]:
    """Torchvision's detectors download ImageNet weights for their trunk even when a checkpoint replaces them next.

    Without a network that fails, so in here such weights are random ones of the same network.
    """
    from torchvision.models import WeightsEnum, mobilenet_v3_large, resnet50

    builders = {"ResNet50_Weights": resnet50, "MobileNet_V3_Large_Weights": mobilenet_v3_large}
    download = WeightsEnum.get_state_dict

    def untrained(self: Any, *_: Any, **__: Any) -> Any:
        return builders[type(self).__name__](weights=None).state_dict()

    WeightsEnum.get_state_dict = untrained
    try:
        yield
    finally:
        WeightsEnum.get_state_dict = download


def find(folder: str | Path) -> Checkpoints:
    """The two checkpoints in a folder, told by their names. Raises :class:`UserError` unless there is one of each."""
    folder = Path(folder)
    files = sorted(folder.glob("*.pt"))
    for dataset in DATASETS:
        nets = [(name, f) for name in NETWORKS for f in files if f.stem == f"{dataset}_{name}"]
        detectors = [(name, f) for name in DETECTORS for f in files if f.stem == f"{dataset}_{name}"]
        if len(nets) == 1 and len(detectors) == 1:
            [(network, pose_file)], [(detector, detector_file)] = nets, detectors
            return Checkpoints(dataset, network, detector, pose_file, detector_file)
    has = ", ".join(file.name for file in files) or "none" if folder.is_dir() else "no such folder"
    raise UserError(
        folder,
        f"does not hold one network and one detector of a SuperAnimal dataset (checkpoints: {has})",
        f"put {FROM_HUB[0]}_{FROM_HUB[1]}.pt and {FROM_HUB[0]}_{FROM_HUB[2]}.pt there",
    )


def fetch(folder: str | Path) -> None:
    """Download the top-view mouse network and its detector from the hub into ``folder``.

    Raises :class:`UserError` when the hub cannot be reached.
    """
    dataset, *networks = FROM_HUB
    Path(folder).mkdir(parents=True, exist_ok=True)
    os.environ["HF_HUB_OFFLINE"] = "0"  # before the first import: here, and only here, a download is asked for
    with package.quiet():
        from deeplabcut.pose_estimation_pytorch.modelzoo import get_super_animal_snapshot_path

        for network in networks:
            try:
                source = get_super_animal_snapshot_path(dataset, network)
            except Exception as error:  # the hub's client raises many kinds
                raise UserError(
                    f"{dataset}_{network}",
                    f"cannot be downloaded ({type(error).__name__})",
                    "give pose.model a folder with the checkpoints",
                ) from error
            shutil.copyfile(source, Path(folder) / f"{dataset}_{network}.pt")
