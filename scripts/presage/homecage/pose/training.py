"""Train a small DeepLabCut network on a labelled project, evaluate it on held-out frames and calibrate its likelihoods.

DeepLabCut's training always asks for downloaded weights unless it is handed a snapshot, so it is handed one: randomly
initialised, or with the weights of an earlier model.
"""

import hashlib
import json
import logging
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from presage.config.pose import Pose
from presage.errors import UserError
from presage.homecage.pose import body_parts, evaluate, quality
from presage.homecage.pose.engines import dlc, package
from presage.homecage.pose.held_out import frame_name, write_held_out
from presage.homecage.pose.labelled import Labelled, read_image, read_labelled, split
from presage.homecage.pose_files.pose_file import PoseFile
from presage.homecage.recordings import video

log = logging.getLogger("presage")

CHANNELS = {"test_resnet": 96, "resnet10t": 512, "resnet18": 512, "resnet50": 2048}


def train(project: str | Path, out_dir: str | Path, settings: Pose, seed: int) -> dict[str, Any]:
    """Train on a labelled DeepLabCut project.

    ``snapshot.pt pytorch_config.yaml card.json held_out.parquet`` go to ``out_dir``.
    The network starts from random weights, or from those of ``settings.start``, and sees the training frames only; the
    last epoch is kept (none is chosen on test). The card holds the test metrics in px of the labelled frames
    (:func:`presage.homecage.pose.evaluate.summary`), the likelihood cut of each body part, the split and the model's
    hash. Same seed and threads, same bytes on CPU.

    Returns the card. Raises :class:`UserError` when the project cannot be read or split.
    """
    data = read_labelled(project)
    train_rows, test_rows, split_name = split(data, settings.split, settings.test_share)
    out_dir = Path(out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    device = package.device(settings.device)
    native, size = _sizes(data, settings.input_width)
    with tempfile.TemporaryDirectory(dir=out_dir, prefix=".training-") as private:
        weights, config = _fit(Path(private), data, (train_rows, test_rows), native, size, settings, seed, device)
    _save_weights(weights, config, out_dir)
    predicted = _predict_images(out_dir, data, test_rows, native, size[0], settings)
    errors = evaluate.point_errors(predicted.xy[:, 0], data.xy[test_rows])
    right_px = settings.right_within * native[0]
    span = quality.typical_span(data.xy[train_rows], np.isfinite(data.xy[train_rows]).all(axis=-1))
    card = {
        "engine": package.name(),
        "backbone": settings.backbone,
        "bodyparts": list(data.bodyparts),
        "frame_size": list(native),
        "input_size": list(size),
        "start": settings.start,
        "epochs": settings.epochs,
        "batch_size": settings.batch_size,
        "seed": seed,
        "split": split_name,
        "train_frames": [frame_name(data, i) for i in train_rows],
        "test_frames": [frame_name(data, i) for i in test_rows],
        "metrics": evaluate.summary(errors, data.bodyparts, native[0], right_px, seed),
        "likelihood_cut": evaluate.likelihood_cuts(
            predicted.likelihood[:, 0], errors, right_px, settings.calibration_share
        ),
        "right_px": right_px,
        "span_px": None if np.isnan(span) else round(span, 3),
        "hash": _hash(weights, data.bodyparts, size),
    }
    write_held_out(out_dir / "held_out.parquet", data, test_rows, predicted, native)
    (out_dir / "card.json").write_text(json.dumps(card, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return card


# ---- training ------------------------------------------------------------------------------------------------------


def _fit(
    private: Path,
    data: Labelled,
    rows: tuple[np.ndarray, np.ndarray],
    native: tuple[int, int],
    size: tuple[int, int],
    settings: Pose,
    seed: int,
    device: str,
) -> tuple[dict[str, Any], Any]:
    """Train in the private folder; (weights of the last epoch on CPU, DeepLabCut's configuration)."""
    with package.quiet():
        import torch
        from deeplabcut.pose_estimation_pytorch import COCOLoader
        from deeplabcut.pose_estimation_pytorch import train as dlc_train
        from deeplabcut.pose_estimation_pytorch.config import PoseConfig
        from deeplabcut.pose_estimation_pytorch.models import PoseModel
        from deeplabcut.pose_estimation_pytorch.task import Task

        for mode, indices in zip(("train", "test"), rows):
            _write_coco(private, mode, data, indices, native, size)
        config_path = private / "train" / "pytorch_config.yaml"
        config_path.parent.mkdir()
        project = {"bodyparts": list(data.bodyparts), "multianimalproject": False, "project_path": str(private)}
        config = PoseConfig.build(project, config_path, top_down=False, multi_animal=False, net_type="resnet_50")
        for key, value in _overrides(settings, size, len(rows[0]), len(data.bodyparts), seed).items():
            config.set_nested(key, value)
        config.to_yaml(config_path, overwrite=True)
        package.seed_everything(seed)
        start = private / "random.pt"
        network = PoseModel.build(config["model"], pretrained_backbone=False)
        if settings.start is not None:
            _start_from(network, Path(settings.start), settings.backbone)
        torch.save({"model": network.state_dict(), "metadata": {"epoch": 0}}, start)
        loader = COCOLoader(private, config_path)
        dlc_train(loader, config, Task.BOTTOM_UP, device=device, snapshot_path=start)
        [snapshot] = sorted(config_path.parent.glob("snapshot-*.pt"))
        return torch.load(snapshot, map_location="cpu", weights_only=True)["model"], config


def _start_from(network: Any, folder: Path, backbone: str) -> None:
    """Weights of an earlier model wherever the shapes are the same: other body parts are only another last layer."""
    import torch

    theirs = body_parts.model_card(folder)["backbone"]
    if theirs != backbone:
        raise UserError("pose.start", f"is a {theirs}, but pose.backbone {backbone}", "make them one")
    given = torch.load(folder / "snapshot.pt", map_location="cpu", weights_only=True)["model"]
    own = network.state_dict()
    fitting = {name: value for name, value in given.items() if name in own and own[name].shape == value.shape}
    network.load_state_dict(fitting, strict=False)
    log.info("start from %s: %d of %d tensors", folder, len(fitting), len(own))


def _overrides(settings: Pose, size: tuple[int, int], n_train: int, n_parts: int, seed: int) -> dict[str, Any]:
    """What differs from DeepLabCut's defaults for a ResNet, by dotted key."""
    channels = CHANNELS[settings.backbone]
    # Radius in px of the target around a label. DeepLabCut's own (3 % of the width) learns slowly from random weights;
    # 5 % gives, in less time, peaks that nest and water spout of the built-in world no longer outshine.
    reach = max(4, round(0.05 * size[0]))
    return {
        "model.backbone.model_name": settings.backbone,
        "model.backbone.output_stride": settings.output_stride,
        "model.backbone_output_channels": channels,
        "model.heads.bodypart.heatmap_config.channels": [channels, n_parts],
        "model.heads.bodypart.locref_config.channels": [channels, 2 * n_parts],
        "model.heads.bodypart.target_generator.pos_dist_thresh": reach,
        "data.train.affine.rotation": settings.rotation,
        "data.train.affine.scaling": [0.8, 1.2],
        "data.train.affine.p": 0.9,
        "data.train.crop_sampling.width": size[0],
        "data.train.crop_sampling.height": size[1],
        "runner.optimizer.type": "AdamW",
        "runner.optimizer.params": {"lr": settings.learning_rate},
        "runner.scheduler.type": "OneCycleLR",
        "runner.scheduler.params": {
            "max_lr": settings.learning_rate,
            "total_steps": settings.epochs + 1,
            "pct_start": 0.2,
        },
        "runner.eval_interval": settings.epochs + 1,  # never: test frames are looked at once, at the end
        "runner.snapshots.max_snapshots": 1,
        "runner.snapshots.save_epochs": settings.epochs + 1,
        "runner.load_weights_only": True,
        "train_settings.epochs": settings.epochs,
        "train_settings.batch_size": min(settings.batch_size, n_train),
        "train_settings.seed": seed,
    }


def _write_coco(
    private: Path, mode: str, data: Labelled, rows: np.ndarray, native: tuple[int, int], size: tuple[int, int]
) -> None:
    """Scaled images and COCO annotations of one side of the split."""
    (private / "images").mkdir(exist_ok=True)
    (private / "annotations").mkdir(exist_ok=True)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, row in enumerate(rows, start=1):
        name = f"{mode}{number:06d}.png"
        cv2.imwrite(str(private / "images" / name), video.scaled(read_image(data.images[row], native), size[0]))
        images.append({"id": number, "file_name": name, "width": size[0], "height": size[1]})
        xy = video.rescale_points(data.xy[row], native, size)
        seen = np.isfinite(xy).all(axis=-1)
        if not seen.any():
            continue
        low, high = xy[seen].min(axis=0), xy[seen].max(axis=0)
        keypoints = np.column_stack([np.where(seen[:, None], xy, 0), np.where(seen, 2, 0)])
        annotations.append(
            {
                "id": len(annotations) + 1,
                "image_id": number,
                "category_id": 1,
                "keypoints": keypoints.ravel().tolist(),
                "num_keypoints": int(seen.sum()),
                "bbox": [*low.tolist(), *(high - low).tolist()],
                "area": float(max(1.0, np.prod(high - low))),
                "iscrowd": 0,
            }
        )
    categories = [{"id": 1, "name": "animal", "supercategory": "animal", "keypoints": list(data.bodyparts)}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (private / "annotations" / f"{mode}.json").write_text(json.dumps(content), encoding="utf-8")


def _sizes(data: Labelled, width: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """(width, height) of the labelled frames, and of the network's input."""
    first = cv2.imread(str(data.images[0]), cv2.IMREAD_COLOR)
    if first is None:
        raise UserError(data.images[0], "cannot be read as an image", "restore it")
    height, native_width = first.shape[:2]
    return (native_width, height), video.scaled(first, width).shape[1::-1]


def _save_weights(weights: dict[str, Any], config: Any, out_dir: Path) -> None:
    """The model's two files, without paths of the private folder."""
    import torch

    torch.save(
        {"model": weights, "metadata": {"epoch": int(config["train_settings"]["epochs"])}}, out_dir / "snapshot.pt"
    )
    config.set_nested("metadata.project_path", "")
    config.set_nested("metadata.pose_config_path", "")
    config.to_yaml(out_dir / "pytorch_config.yaml", overwrite=True)


def _hash(weights: dict[str, Any], bodyparts: tuple[str, ...], size: tuple[int, int]) -> str:
    digest = hashlib.sha256(json.dumps([bodyparts, size]).encode())
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(weights[name].contiguous().numpy().tobytes())
    return digest.hexdigest()


def _predict_images(
    folder: Path, data: Labelled, rows: np.ndarray, native: tuple[int, int], width: int, settings: Pose
) -> PoseFile:
    """Pose of labelled frames, through the same route as video."""
    images = (
        cv2.cvtColor(video.scaled(read_image(data.images[row], native), width), cv2.COLOR_BGR2RGB) for row in rows
    )
    return dlc.pose_of(dlc.runner(folder, settings), images, native, data.bodyparts)
