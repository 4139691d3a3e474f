"""SuperAnimal from checkpoints on the disk: random weights, through DeepLabCut's own video command and through ours."""

import logging

import cv2
import numpy as np
import pandas as pd
import pytest

from presage.config.pose import Pose
from presage.errors import UserError
from presage.homecage.pose.engines import open_engine, superanimal
from presage.homecage.pose.stream import infer

SETTINGS = Pose(engine="superanimal", model="somewhere", batch_size=2, device="cpu")


def write_checkpoints(folder, certainty):
    """Networks of the published shapes with random weights; ``certainty``: bias of the detector towards an animal."""
    import torch
    from deeplabcut.pose_estimation_pytorch.config import PoseConfig
    from deeplabcut.pose_estimation_pytorch.models import DETECTORS, PoseModel

    dataset, network, detector = "superanimal_topviewmouse", "hrnet_w32", "fasterrcnn_mobilenet_v3_large_fpn"
    config = PoseConfig.build_for_superanimal_inference(
        dataset, model_name=network, detector_name=detector, max_individuals=2, device="cpu"
    )
    torch.manual_seed(0)
    pose = PoseModel.build(config["model"], pretrained_backbone=False)
    with superanimal.no_backbone_download():
        found = DETECTORS.build(config["detector"]["model"])
    found.model.roi_heads.box_predictor.cls_score.bias.data[1] = certainty
    for name, part in ((network, pose), (detector, found)):
        torch.save({"model": part.state_dict(), "metadata": {"epoch": 0}}, folder / f"{dataset}_{name}.pt")


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("superanimal")
    write_checkpoints(folder, certainty=3.0)
    return folder


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path, rng = tmp_path_factory.mktemp("clip") / "a.avi", np.random.default_rng(1)
    out = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 4.0, (160, 120))
    for i in range(5):
        image = rng.integers(0, 255, (120, 160, 3), np.uint8)
        out.write(np.zeros_like(image) if i == 3 else image)
    out.release()
    return path


@pytest.mark.parametrize("animals", [2])
def test_it_equals_deeplabcuts_own_command(checkpoints, clip, tmp_path, animals):
    from deeplabcut.modelzoo.video_inference import video_inference_superanimal

    logging.getLogger("matplotlib").setLevel(logging.WARNING)
    engine = open_engine(checkpoints, SETTINGS.model_copy(update={"animals": animals}))
    engine.chunk = 2
    chunks = list(infer(engine, clip, 5))
    xy = np.concatenate([chunk.pose.xy for chunk in chunks])
    likelihood = np.concatenate([chunk.pose.likelihood for chunk in chunks])
    assert xy.shape == (5, animals, 27, 2) and len(engine.card["likelihood_cut"]) == 27
    assert "nose" in engine.card["bodyparts"] and "tail_base" in engine.card["bodyparts"]
    assert np.isnan(likelihood[3]).all()
    dataset, network, detector, pose_file, detector_file = superanimal.find(checkpoints)
    with superanimal.no_backbone_download():
        [table] = video_inference_superanimal(
            [str(clip)], dataset, model_name=network, detector_name=detector, dest_folder=str(tmp_path),
            max_individuals=animals, customized_pose_checkpoint=str(pose_file), device="cpu",
            customized_detector_checkpoint=str(detector_file), create_labeled_video=False, batch_size=2,
        ).values()  # fmt: skip
    theirs = pd.DataFrame(table).to_numpy().reshape(5, animals, 27, 3)
    for frame in (0, 1, 2, 4):
        place = np.argsort(np.median(theirs[frame, ..., 0], axis=1))
        points, sure = theirs[frame, place, :, :2], theirs[frame, place, :, 2]
        found = sure > 0
        assert found.mean() > 0.3
        np.testing.assert_allclose(xy[frame], np.where(found[..., None], points, np.nan), atol=0.1)
        np.testing.assert_allclose(likelihood[frame], np.clip(sure, 0, 1), atol=1e-3)


def test_a_frame_without_an_animal_is_a_row_like_any_other(clip, tmp_path):
    write_checkpoints(tmp_path, certainty=-30.0)
    [chunk] = infer(open_engine(tmp_path, SETTINGS), clip, 5)
    assert chunk.pose.n_frames == 5 and np.isnan(chunk.pose.xy).all()
    assert np.isnan(chunk.pose.likelihood[3]).all() and (chunk.pose.likelihood[[0, 1, 2, 4]] == 0).all()


def test_checkpoints_are_told_by_their_names(tmp_path):
    with pytest.raises(UserError, match=r"no such folder.*put superanimal_topviewmouse_hrnet_w32\.pt"):
        open_engine(tmp_path / "none", SETTINGS)
    (tmp_path / "superanimal_topviewmouse_hrnet_w32.pt").touch()
    with pytest.raises(UserError, match=r"checkpoints: superanimal_topviewmouse_hrnet_w32\.pt"):
        open_engine(tmp_path, SETTINGS)


def test_no_hub_is_one_line(tmp_path, monkeypatch):
    from deeplabcut.pose_estimation_pytorch.modelzoo import utils

    def unreachable(*_):
        raise ConnectionError("no route")

    monkeypatch.setattr(utils, "download_super_animal_snapshot", unreachable)
    with pytest.raises(UserError, match=r"cannot be downloaded \(ConnectionError\)"):
        superanimal.fetch(tmp_path)
