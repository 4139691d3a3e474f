"""ndx-pose files: what we write is read back by pynwb and by us; what others write is told apart."""

from datetime import UTC, datetime

import numpy as np
import pytest

from presage.errors import UserError
from presage.homecage.pose_files import readers
from presage.homecage.pose_files.nwb import write_nwb

ABOUT = {"identifier": "c 2026-05-01", "description": "cage c", "scorer": "model 12", "software": "presage"}
START = np.datetime64("2026-05-01T07:00:00.250000", "us")


def recording(n=50, animals=2, parts=3, step=1 / 30):
    rng = np.random.default_rng(1)
    time = START + np.round(np.arange(n) * step * 1e6).astype("timedelta64[us]")
    xy = rng.uniform(0, 500, (n, animals, parts, 2)).astype(np.float32)
    sure = rng.uniform(0.1, 1, (n, animals, parts)).astype(np.float32)
    return {
        "time_utc": time, "xy": xy, "likelihood": sure, "animals": tuple("ab"[:animals]),
        "bodyparts": ("nose", "back", "tail")[:parts],
    }  # fmt: skip


def test_it_comes_back_as_it_went(tmp_path):
    given = recording()
    given["xy"][3, 1], given["likelihood"][3, 1] = np.nan, 0
    write_nwb(tmp_path / "a.nwb", **given, about=ABOUT)
    pose = readers.read(tmp_path / "a.nwb")
    assert (pose.animals, pose.bodyparts, pose.fps) == (
        ("a", "b"),
        ("nose", "back", "tail"),
        pytest.approx(30, rel=1e-3),
    )
    assert np.array_equal(pose.xy, given["xy"], equal_nan=True)
    assert np.array_equal(pose.likelihood, given["likelihood"])


def test_pynwb_finds_valid_contents(tmp_path):
    import ndx_pose
    from pynwb import NWBHDF5IO, validate

    given = recording(animals=1)
    write_nwb(tmp_path / "a.nwb", **given, about=ABOUT)
    assert not validate(path=str(tmp_path / "a.nwb"))
    with NWBHDF5IO(str(tmp_path / "a.nwb"), "r") as io:
        file = io.read()
        assert file.session_start_time == datetime(2026, 5, 1, 7, 0, 0, 250_000, tzinfo=UTC)
        pose = file.processing["behavior"]["a"]
        assert isinstance(pose, ndx_pose.PoseEstimation) and pose.scorer == "model 12"
        assert list(pose.skeleton.nodes[:]) == ["nose", "back", "tail"]
        back = pose.pose_estimation_series["back"]
        assert np.array_equal(back.data[:], given["xy"][:, 0, 1])
        np.testing.assert_allclose(back.timestamps[:], np.arange(50) / 30, atol=1e-6)


def test_uneven_times_have_no_rate(tmp_path):
    given = recording()
    given["time_utc"][25:] += np.timedelta64(60, "s")
    write_nwb(tmp_path / "a.nwb", **given, about=ABOUT)
    assert readers.read(tmp_path / "a.nwb").fps is None


def test_what_is_no_pose_is_refused(tmp_path):
    from pynwb import NWBHDF5IO, NWBFile

    with NWBHDF5IO(str(tmp_path / "a.nwb"), "w") as io:
        io.write(NWBFile(session_description="d", identifier="i", session_start_time=datetime(2026, 5, 1, tzinfo=UTC)))
    with pytest.raises(UserError, match="holds no pose"):
        readers.read(tmp_path / "a.nwb")
    (tmp_path / "b.nwb").write_bytes(b"no")
    with pytest.raises(UserError, match="damaged"):
        readers.read(tmp_path / "b.nwb")
