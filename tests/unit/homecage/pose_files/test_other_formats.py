"""SLEAP, JABS, Lightning Pose: real files agree with each other; JABS files are written here, as none is at hand."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest

from presage.errors import UserError
from presage.homecage.pose_files import readers
from presage.homecage.pose_files.jabs import PARTS

FORMATS = {
    "testDLC_csv_table.csv": (97, 1, 14),
    "testDLC_h5_table.h5": (100, 1, 14),
    "testDLC_h5_table_madlc.h5": (100, 2, 14),
    "testDLC_sleap.analysis.h5": (101, 1, 14),
    "testDLC_sleap.slp": (101, 1, 14),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_real_format_becomes_one_table(real_data, name):
    pose = readers.read(real_data / "pose/formats" / name)
    assert pose.likelihood.shape == FORMATS[name]
    assert pose.xy.shape == (*FORMATS[name], 2) and pose.xy.dtype == pose.likelihood.dtype == np.float32
    assert 0 <= pose.likelihood.min() <= pose.likelihood.max() <= 1
    found = np.isfinite(pose.xy).all(axis=-1)
    np.testing.assert_array_equal(found, pose.likelihood > 0)  # the multi-animal file has 700 points at 0, 0
    assert found.mean() > 0.7


def test_both_sleap_files_of_one_recording_give_the_same_numbers(real_data):
    labels, analysis = (readers.read(real_data / f"pose/formats/testDLC_sleap.{end}") for end in ("slp", "analysis.h5"))
    order = [labels.bodyparts.index(part) for part in analysis.bodyparts]
    np.testing.assert_allclose(labels.xy[:, :, order], analysis.xy, rtol=1e-6)
    np.testing.assert_allclose(labels.likelihood[:, :, order], analysis.likelihood, rtol=1e-6)
    assert labels.animals == analysis.animals == ("track_0",)


def test_lightning_pose_is_read_as_deeplabcut(tmp_path):
    columns = pd.MultiIndex.from_product(
        [["heatmap_mhcrnn_tracker"], ["paw", "nose"], ["x", "y", "likelihood"]], names=["scorer", "bodyparts", "coords"]
    )
    pd.DataFrame(np.arange(18.0).reshape(3, 6) / 20, columns=columns).to_csv(tmp_path / "lp.csv")
    pose = readers.read(tmp_path / "lp.csv")
    assert pose.bodyparts == ("paw", "nose") and pose.xy[2, 0, 1].tolist() == pytest.approx([0.75, 0.8])


def write_slp(path, rows, *, tracks=("a", "b"), format_id=1.2, videos=1):
    """A labels file: ``rows`` of (frame, track, by hand, (x, y) of two nodes, score)."""
    instances, points, predicted = [], [], []
    for number, (frame, track, by_hand, nodes, score) in enumerate(rows):
        into = points if by_hand else predicted
        first = len(into)
        for x, y in nodes:
            into.append((x, y, np.isfinite(x), False, *(() if by_hand else (score,))))
        instances.append((number, 0 if by_hand else 1, frame, 0, track, -1, 1.0, first, len(into), 0.0))
    frames = sorted({row[0] for row in rows})
    kind = [("instance_id", "i8"), ("instance_type", "u1"), ("frame_id", "u8"), ("skeleton", "u4"), ("track", "i4")]
    kind += [("from_predicted", "i8"), ("score", "f4"), ("point_id_start", "u8"), ("point_id_end", "u8")]
    kind += [("tracking_score", "f4")]
    point = [("x", "f8"), ("y", "f8"), ("visible", "?"), ("complete", "?")]
    index = [("frame_id", "u8"), ("video", "u4"), ("frame_idx", "u8"), ("instance_id_start", "u8")]
    meta = {"nodes": [{"name": "tail"}, {"name": "nose"}], "skeletons": [{"nodes": [{"id": 1}, {"id": 0}]}]}
    with h5py.File(path, "w") as file:
        file["frames"] = np.array([(f, i % videos, 10 * f, 0) for i, f in enumerate(frames)], dtype=index)
        file["instances"] = np.array(instances, dtype=kind)
        file["points"], file["pred_points"] = np.array(points, point), np.array(predicted, [*point, ("score", "f8")])
        file["tracks_json"] = np.array([json.dumps([0, name]) for name in tracks], dtype="S20")
        file.create_group("metadata").attrs["json"] = json.dumps(meta)
        file["metadata"].attrs["format_id"] = format_id


def test_sleap_labels_by_hand_go_over_predictions_and_pixels_of_old_files_are_moved(tmp_path):
    rows = [
        (0, 0, False, [(1, 2), (3, 4)], 0.5),
        (0, 1, False, [(5, 6), (np.nan, np.nan)], 0.6),
        (2, 0, False, [(7, 8), (9, 9)], 0.5),
        (2, 0, True, [(7.5, 8.5), (9, 9)], None),
    ]
    write_slp(tmp_path / "a.slp", rows)
    pose = readers.read(tmp_path / "a.slp")
    assert pose.bodyparts == ("nose", "tail") and pose.animals == ("a", "b") and pose.n_frames == 21
    assert pose.xy[0, 0].tolist() == [[1, 2], [3, 4]] and pose.likelihood[0, 0].tolist() == [0.5, 0.5]
    assert np.isnan(pose.xy[0, 1, 1]).all() and pose.likelihood[0, 1].tolist() == pytest.approx([0.6, 0])
    assert pose.xy[20, 0, 0].tolist() == [7.5, 8.5] and pose.likelihood[20, 0, 0] == 1
    assert (pose.likelihood[1:20] == 0).all()  # frames that the file does not have
    write_slp(tmp_path / "old.slp", rows, format_id=1.0)
    np.testing.assert_allclose(readers.read(tmp_path / "old.slp").xy, pose.xy - 0.5)


@pytest.mark.parametrize(
    ("rows", "more", "words"),
    [
        ([(0, -1, False, [(1, 2), (3, 4)], 0.5)] * 2, {"tracks": ()}, "no tracks"),
        ([(0, 0, False, [(1, 2), (3, 4)], 0.5), (1, 0, False, [(1, 2), (3, 4)], 1)], {"videos": 2}, "several videos"),
    ],
)
def test_sleap_labels_that_are_not_one_animal_a_track(tmp_path, rows, more, words):
    write_slp(tmp_path / "a.slp", rows, **more)
    with pytest.raises(UserError, match=words):
        readers.read(tmp_path / "a.slp")


def write_jabs(path, version, owner, count=(2, 1, 2)):
    """Three frames, two slots; point k of slot s in frame f is at y = 100 f + 10 s, x = k."""
    y = (100 * np.arange(3)[:, None, None] + 10 * np.arange(2)[None, :, None]) + np.zeros(len(PARTS))
    points = np.stack([y, np.broadcast_to(np.arange(len(PARTS)), y.shape)], axis=-1).astype(np.uint16)
    with h5py.File(path, "w") as file:
        pose = file.create_group("poseest")
        pose.attrs["version"] = np.array([version, 0], np.uint16)
        pose["points"], pose["confidence"] = points, np.full(points.shape[:3], 0.9, np.float32)
        pose["confidence"][0, 0, 3] = 0
        pose["instance_count"] = np.array(count, np.uint8)
        owner = np.array(owner)
        if version >= 4:
            pose["instance_embed_id"], pose["id_mask"] = np.maximum(owner, 0).astype(np.uint32), owner <= 0
        else:
            pose["instance_track_id"] = np.maximum(owner, 0).astype(np.uint32)


@pytest.mark.parametrize("version", [4, 5, 6])
def test_jabs_animals_follow_their_identity_and_not_their_slot(tmp_path, version):
    write_jabs(tmp_path / "a.h5", version, [[1, 2], [2, -1], [2, 1]])
    pose = readers.read(tmp_path / "a.h5")
    assert pose.animals == ("animal1", "animal2") and pose.bodyparts == PARTS
    assert pose.xy[0, 0, 5].tolist() == [5, 0] and pose.xy[0, 1, 5].tolist() == [5, 10]  # x before y
    assert np.isnan(pose.xy[1, 0]).all() and pose.xy[1, 1, 5].tolist() == [5, 100]
    assert pose.xy[2, 0, 5].tolist() == [5, 210] and pose.xy[2, 1, 5].tolist() == [5, 200]
    assert pose.likelihood[0, 0, 3] == 0 and np.isnan(pose.xy[0, 0, 3]).all()


def test_jabs_version_3_has_tracks(tmp_path):
    write_jabs(tmp_path / "a.h5", 3, [[4, 7], [7, 0], [7, 4]])
    pose = readers.read(tmp_path / "a.h5")
    assert pose.animals == ("animal1", "animal2") and pose.xy[1, 1, 0].tolist() == [0, 100]
    write_jabs(tmp_path / "b.h5", 3, [[4, 7], [8, 0], [9, 4]])
    with pytest.raises(UserError, match="4 tracks of up to 2 animals"):
        readers.read(tmp_path / "b.h5")


@pytest.mark.parametrize("name", ["a.h5", "a.slp", "b.h5"])
def test_damaged_files_are_one_line(tmp_path, name):
    path = tmp_path / name
    if name == "b.h5":
        with h5py.File(path, "w") as file:
            file.create_group("poseest")["points"] = np.zeros((2, 3))
    else:
        path.write_bytes(b"nothing")
    with pytest.raises(UserError, match=r"is no HDF5 file|is damaged|has points"):
        readers.read(path)
