"""Train and run DeepLabCut for real, on a toy: a grey disk with a bright end. Importing it alone takes 15 s."""

import json

import cv2
import numpy as np
import pandas as pd
import pytest

from presage import tables
from presage.config.pose import Filters, Pose, Recording
from presage.errors import UserError
from presage.homecage.pose import quality
from presage.homecage.pose.cage_day import pose_cage_day
from presage.homecage.pose.engines import open_engine
from presage.homecage.pose.stream import infer
from presage.homecage.pose.training import train
from presage.homecage.recordings.segments import probe_cage_day
from presage.sheets import Segment

SETTINGS = Pose(input_width=64, epochs=25, learning_rate=5e-3, device="cpu")
SHORT = Pose(input_width=64, epochs=1, device="cpu")


def draw(rng, scale=1):
    """Image of 64 x 48 px times ``scale``, and the two points [2, 2] in its px."""
    angle, centre = rng.uniform(0, 2 * np.pi), rng.uniform([18, 16], [46, 32])
    head = centre + 9 * np.array([np.cos(angle), np.sin(angle)])
    image = np.full((48 * scale, 64 * scale, 3), 40, np.uint8)
    for point, radius, grey in ((centre, 7, 120), (head, 4, 250)):
        xy = tuple(int(v) for v in np.round((point + 0.5) * scale - 0.5))
        cv2.circle(image, xy, radius * scale, (grey,) * 3, -1)
    return image, (np.array([head, centre]) + 0.5) * scale - 0.5


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("project"), np.random.default_rng(0)
    (folder / "config.yaml").write_text("bodyparts:\n- head\n- body\nscorer: me\n")
    columns = pd.MultiIndex.from_product(
        [["me"], ["head", "body"], ["x", "y"]], names=["scorer", "bodyparts", "coords"]
    )
    for video in ("v1", "v2", "v3", "v4"):
        where = folder / "labeled-data" / video
        where.mkdir(parents=True)
        points = {}
        for i in range(16):
            image, xy = draw(rng)
            if i == 3:  # an empty cage: nothing to label
                image[:], xy = 40, np.full((2, 2), np.nan)
                image += rng.integers(0, 20, image.shape, np.uint8)
            cv2.imwrite(str(where / f"img{i:03d}.png"), image)
            points["labeled-data", video, f"img{i:03d}.png"] = xy.ravel()
        index = pd.MultiIndex.from_tuples(points)
        pd.DataFrame(np.array(list(points.values())), index=index, columns=columns).to_csv(
            where / "CollectedData_me.csv"
        )
    return folder


@pytest.fixture(scope="module")
def model(project, tmp_path_factory):
    out = tmp_path_factory.mktemp("model")
    train(project, out, SETTINGS, seed=1)
    return out


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A video at twice the size of the labelled frames: 12 frames, the fourth dark; and its true points."""
    path, rng, truth = tmp_path_factory.mktemp("clip") / "a.avi", np.random.default_rng(5), []
    out = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 4.0, (128, 96))
    for i in range(12):
        image, xy = draw(rng, scale=2)
        out.write(np.zeros_like(image) if i == 3 else image)
        truth.append(xy)
    out.release()
    return path, np.array(truth)


def test_it_learns_and_its_card_says_what_was_done(model):
    card = json.loads((model / "card.json").read_text())
    assert card["split"] == "by_video"
    assert {name.split("/")[0] for name in card["test_frames"]} == {"v4"}
    assert len(card["train_frames"]) == 48
    assert card["metrics"]["median_px"] < 4  # chance is about 20
    assert all(0 < cut < 1 for cut in card["likelihood_cut"])
    assert 3 < card["span_px"] < 6
    assert sorted(p.name for p in model.iterdir()) == [
        "card.json",
        "held_out.parquet",
        "pytorch_config.yaml",
        "snapshot.pt",
    ]
    assert str(model.parent) not in (model / "pytorch_config.yaml").read_text()


def test_the_held_out_frames_are_kept_with_label_and_point(project, model):
    card = json.loads((model / "card.json").read_text())
    table = tables.read(model / "held_out.parquet", "held_out_frames")
    assert table["frame"].tolist() == card["test_frames"] and (table["frame"].str.startswith("v4/")).all()
    label, point = (np.stack([np.stack(table[f"{axis}{of}"]) for axis in "xy"], axis=-1) for of in ("_label", ""))
    errors = np.linalg.norm(point - label, axis=-1)
    assert np.sqrt(np.nanmean(errors**2)) == pytest.approx(card["metrics"]["rmse_px"], abs=1e-3)
    assert np.isnan(label[3]).all()  # the empty cage
    image = cv2.imdecode(np.frombuffer(table["image"][0], np.uint8), cv2.IMREAD_COLOR)
    original = cv2.imread(str(project / "labeled-data" / table["frame"][0]))
    assert image.shape == original.shape and np.abs(image.astype(int) - original).mean() < 3


def test_video_of_another_size_is_posed_in_its_own_px(model, clip):
    path, truth = clip
    [(frame, seconds, pose)] = infer(open_engine(model, SETTINGS), path, 12)
    assert frame.tolist() == list(range(12)) and np.allclose(seconds, frame / 4)
    assert pose.bodyparts == ("head", "body")
    assert np.isnan(pose.likelihood[3]).all()
    light = np.arange(12) != 3
    assert np.median(np.linalg.norm(pose.xy[light, 0] - truth[light], axis=-1)) < 8


def test_chunks_stride_and_frame_count(model, clip):
    """Whatever is handed over at a time, and whichever frames are wanted, a frame's pose is the same."""
    path, _ = clip
    engine = open_engine(model, SETTINGS)
    [every] = infer(engine, path, 12)
    [third] = infer(engine, path, 12, lambda frame, _: frame % 3 == 0)
    assert third.frame.tolist() == [0, 3, 6, 9]
    assert np.allclose(third.pose.xy, every.pose.xy[::3], atol=1e-3, equal_nan=True)
    engine.chunk = 5
    parts = list(infer(engine, path, 12))
    assert [part.pose.n_frames for part in parts] == [5, 5, 2]
    assert np.allclose(np.concatenate([p.pose.xy for p in parts]), every.pose.xy, atol=1e-3, equal_nan=True)
    with pytest.raises(UserError, match="gave 12 frames, not 13"):
        list(infer(engine, path, 13))


def test_bfloat16_is_close(model, clip):
    path, _ = clip
    [exact] = infer(open_engine(model, SETTINGS), path, 12)
    [rounded] = infer(open_engine(model, SETTINGS.model_copy(update={"precision": "bf16"})), path, 12)
    difference = np.abs(rounded.pose.xy - exact.pose.xy)
    assert np.nanmax(difference) > 0 and np.nanmedian(difference) < 1.0


def test_training_starts_from_an_earlier_model(project, model, tmp_path):
    """One epoch from a trained model is much better than one from nothing."""
    card = train(project, tmp_path / "warm", SHORT.model_copy(update={"start": str(model)}), 1)
    cold = train(project, tmp_path / "cold", SHORT, 1)
    assert card["start"] == str(model) and card["metrics"]["mean_px"] < 0.7 * cold["metrics"]["mean_px"]
    other = SHORT.model_copy(update={"start": str(model), "backbone": "resnet10t"})
    with pytest.raises(UserError, match=r"is a test_resnet, but pose\.backbone resnet10t"):
        train(project, tmp_path / "other", other, 1)


def test_same_seed_same_bytes(project, tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        train(project, tmp_path / name, SHORT, seed)
    files = {p.name: p.read_bytes() for p in (tmp_path / "a").iterdir()}
    assert len(files) == 4
    assert files == {p.name: p.read_bytes() for p in (tmp_path / "b").iterdir()}
    assert files["snapshot.pt"] != (tmp_path / "c/snapshot.pt").read_bytes()


def test_a_cage_day_of_video_and_finished_pose(model, clip, tmp_path):
    path, _ = clip
    levels = [["s"], ["body", "head"], ["x", "y", "likelihood"]]  # in another order than the model's
    columns = pd.MultiIndex.from_product(levels, names=["scorer", "bodyparts", "coords"])
    values = np.tile([10, 20, 0.9, 30, 40, 0.2], (5, 1))
    pd.DataFrame(values, columns=columns).to_csv(tmp_path / "p.csv")
    rows = [
        Segment("C", "2026-01-10T08:00:00", str(tmp_path / "p.csv"), "2"),
        Segment("C", "2026-01-10T09:00:00", str(path)),
    ]
    segments = probe_cage_day(rows, Recording())
    meta = pose_cage_day(segments, model, SETTINGS, tmp_path / "out.parquet", {"simulated": True})
    assert meta["counts"]["frames_posed"] == 17
    table = tables.read(tmp_path / "out.parquet", "pose")
    assert tables.read_meta(tmp_path / "out.parquet") == json.loads(json.dumps(meta))
    assert table["time_utc"].dt.strftime("%H:%M:%S.%f").tolist()[3:7] == [
        "08:00:01.500000",
        "08:00:02.000000",
        "09:00:00.000000",
        "09:00:00.250000",
    ]
    assert table["x"][0].tolist() == [30, 10]
    day = quality.load(tmp_path / "out.parquet", Filters(min_parts=1))
    assert day.good[0].tolist() == [False, True]
    assert day.state[5 + 3] == "unusable"
    assert (day.state == "seen").sum() >= 14
    with pytest.raises(UserError, match="no pose model"):
        pose_cage_day(segments, None, SETTINGS, tmp_path / "none.parquet")


def test_a_folder_that_is_no_model(tmp_path):
    with pytest.raises(UserError, match=r"card\.json"):
        open_engine(tmp_path, SETTINGS)
