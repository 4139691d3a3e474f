"""The pose table's times: by the rate, and by the time stamps of a video that has no one rate."""

import subprocess
from datetime import UTC, datetime

import imageio_ffmpeg
import numpy as np
import pandas as pd
import pytest

from presage import tables
from presage.config.pose import Pose, Recording, Sampling
from presage.errors import UserError
from presage.homecage.pose import cage_day
from presage.homecage.pose_files.pose_file import PoseFile
from presage.homecage.recordings import segments, video
from presage.sheets import Segment


def recorded(path, filters):
    source = "testsrc=size=64x48:rate=10:duration=2"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", "-f", "lavfi", "-i", source]
    subprocess.run([*command, "-vf", filters, "-fps_mode", "passthrough", str(path)], check=True)
    return path


class Blind:
    """An engine that finds its one point in the middle of every frame."""

    width, chunk = None, 7

    def __init__(self):
        self.card = {"likelihood_cut": [0.5], "hash": "0" * 16, "span_px": None, "bodyparts": ["nose"]}

    def predict(self, frames, native):
        n = len(list(frames))
        return PoseFile.of(np.ones((n, 1, 1, 2)) * native / np.array(2), np.ones((n, 1, 1)), ("animal",), ("nose",))


@pytest.fixture
def posed(tmp_path, monkeypatch):
    """The pose table of one video, with the settings."""
    monkeypatch.setattr(cage_day, "open_engine", lambda *_: Blind())

    def pose(path, settings, start=datetime(2026, 5, 1, 8, tzinfo=UTC), lights_on=None):
        found = segments.probe_cage_day([Segment("c", start.isoformat(), str(path))], Recording(on_bad_segment="count"))
        assert found["usable"].all()
        cage_day.pose_cage_day(found, "model", settings, tmp_path / "out.parquet", {"simulated": True}, lights_on)
        table = tables.read(tmp_path / "out.parquet", "pose")
        return table, (table["time_utc"] - start).dt.total_seconds().to_numpy()

    return pose


@pytest.mark.parametrize("filters", ["null", "setpts='N*2+mod(N,2)'"])
def test_times_are_those_of_the_frames(tmp_path, posed, filters):
    path = recorded(tmp_path / "a.mkv", filters)
    table, seconds = posed(path, Pose(sampling=Sampling(stride=3)))
    frames = video.Frames(path)
    assert len(list(frames)) == 20 and table["frame"].tolist() == list(range(0, 20, 3))
    np.testing.assert_allclose(seconds, frames.seconds[::3], atol=1e-3)
    assert seconds[-1] == pytest.approx(1.8 if filters == "null" else 3.6, abs=0.3)
    assert (np.diff(seconds).std() > 0.04) == (filters != "null")


def test_sampling_counts_from_lights_on_and_not_from_the_file(tmp_path, posed):
    """0.6 of every 1 s from lights-on, which was 0.3 s before this file: 0 to 0.3 and 0.7 to 1.3 s of it, ..."""
    start = datetime(2026, 5, 1, 8, tzinfo=UTC)
    settings = Pose(sampling=Sampling(fps=5, record_s=0.6, period_s=1.0))
    lights_on = pd.Timestamp(start) - pd.Timedelta(seconds=0.3)
    table, seconds = posed(recorded(tmp_path / "a.mkv", "null"), settings, start, lights_on)
    assert table["frame"].tolist() == [f for f in range(0, 20, 2) if (f / 10 + 0.3) % 1.0 < 0.6]
    np.testing.assert_allclose(seconds, table["frame"] / 10, atol=1e-6)
    meta = tables.read_meta(tmp_path / "out.parquet")
    assert meta["counts"]["frames_posed"] == len(table) and meta["fps"] == {"0": 5.0}


def test_no_frame_is_lost_in_silence(tmp_path, posed, monkeypatch):
    path = recorded(tmp_path / "a.mkv", "null")
    before = video.Frames.__iter__

    def short(self):
        for image in before(self):
            yield image
            if self.decoded == 12:
                return

    monkeypatch.setattr(video.Frames, "__iter__", short)
    with pytest.raises(UserError, match="gave 12 frames, not 20"):
        posed(path, Pose())
    assert not list(tmp_path.glob("out.parquet*"))


def test_a_pose_for_every_frame(tmp_path, posed, monkeypatch):
    """An engine that swallows a frame of each chunk is found out."""
    whole = Blind.predict
    monkeypatch.setattr(Blind, "predict", lambda self, frames, native: whole(self, list(frames)[1:], native))
    with pytest.raises(UserError, match="has 20 frames to pose, but 17 poses"):
        posed(recorded(tmp_path / "a.mkv", "null"), Pose())
