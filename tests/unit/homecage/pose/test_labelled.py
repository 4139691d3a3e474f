"""Labelled projects: both formats of labels, the split, and what is missing."""

import cv2
import numpy as np
import pandas as pd
import pytest

from presage.errors import UserError
from presage.homecage.pose import labelled
from presage.homecage.pose.labelled import Labelled


def write_project(folder, videos=("v1", "v2"), n=5, split_index=True):
    rng = np.random.default_rng(0)
    (folder / "config.yaml").write_text("bodyparts:\n- nose\n- tail\nscorer: me\n")
    columns = pd.MultiIndex.from_product(
        [["me"], ["nose", "tail"], ["x", "y"]], names=["scorer", "bodyparts", "coords"]
    )
    for video in videos:
        where = folder / "labeled-data" / video
        where.mkdir(parents=True)
        names = [f"img{i:03d}.png" for i in range(n)][::-1]
        for name in names:
            cv2.imwrite(str(where / name), np.zeros((24, 32, 3), np.uint8))
        keys = [("labeled-data", video, name) for name in names]
        index = pd.MultiIndex.from_tuples(keys) if split_index else ["/".join(key) for key in keys]
        pd.DataFrame(rng.uniform(0, 24, (n, 4)), index=index, columns=columns).to_csv(where / "CollectedData_me.csv")
    return folder


@pytest.mark.parametrize("split_index", [True, False])
def test_frames_come_in_order_with_their_labels(tmp_path, split_index):
    data = labelled.read_labelled(write_project(tmp_path, split_index=split_index))
    assert data.bodyparts == ("nose", "tail")
    assert data.videos == ("v1",) * 5 + ("v2",) * 5
    assert [image.name for image in data.images[:2]] == ["img000.png", "img001.png"]
    rng = np.random.default_rng(0)
    assert np.allclose(data.xy[4].ravel(), rng.uniform(0, 24, (5, 4))[0])  # the first row written is the last frame


def many(sizes):
    videos = tuple(f"v{k}" for k, size in enumerate(sizes) for _ in range(size))
    return Labelled(("a",), tuple(range(len(videos))), videos, np.zeros((len(videos), 1, 2)))


@pytest.mark.parametrize(("sizes", "share"), [([20] * 8, 0.2), ([5, 50, 5], 0.1), ([10, 10, 10], 0.34)])
def test_by_video_holds_out_whole_videos(sizes, share):
    data = many(sizes)
    train, test, name = labelled.split(data, "auto", share)
    assert name == "by_video"
    assert not {data.videos[i] for i in train} & {data.videos[i] for i in test}
    assert len(test) >= share * sum(sizes)
    assert sorted([*train, *test]) == list(range(sum(sizes)))


def test_one_video_is_split_in_blocks_and_says_so():
    train, test, name = labelled.split(many([10]), "auto", 0.2)
    assert (train.tolist(), test.tolist(), name) == (list(range(8)), [8, 9], "within_video")


@pytest.mark.parametrize(("sizes", "how"), [([10], "by_video"), ([1, 1], "blocks")])
def test_a_split_with_an_empty_side_is_refused(sizes, how):
    with pytest.raises(UserError, match="cannot be split"):
        labelled.split(many(sizes), how, 0.2)


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(UserError, match=r"config\.yaml"):
        labelled.read_labelled(tmp_path)
    write_project(tmp_path)
    (tmp_path / "labeled-data/v2/img003.png").unlink()
    with pytest.raises(UserError, match=r"v2/img003\.png"):
        labelled.read_labelled(tmp_path)
    (tmp_path / "config.yaml").write_text("bodyparts: MULTI!\nmultianimalproject: true\n")
    with pytest.raises(UserError, match="multi-animal"):
        labelled.read_labelled(tmp_path)
    (tmp_path / "config.yaml").write_text("bodyparts: [nose, whisker]\n")
    with pytest.raises(UserError, match="whisker"):
        labelled.read_labelled(tmp_path)


def test_real_project(real_data):
    data = labelled.read_labelled(real_data / "pose/openfield-Pranav-2018-10-30")
    assert data.xy.shape == (116, 4, 2)
    assert data.xy[0, 0].tolist() == pytest.approx([21.521, 265.428])
    assert np.isfinite(data.xy).all()
    train, test, name = labelled.split(data, "auto", 0.2)
    assert (len(train), len(test), name) == (93, 23, "within_video")
