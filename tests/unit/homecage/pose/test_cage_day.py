"""The pose table's times: by the rate, and by the time stamps of a video that has no one rate."""

import subprocess
from datetime import UTC, datetime
from types import SimpleNamespace

import imageio_ffmpeg
import numpy as np
import pytest

from presage import tables
from presage.config.pose import Pose, Recording
from presage.homecage import segments, video
from presage.homecage.pose import cage_day, deeplabcut
from presage.homecage.pose.importers import PoseFile
from presage.sheets import Segment


def recorded(path, filters):
    source = "testsrc=size=64x48:rate=10:duration=2"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", "-f", "lavfi", "-i", source]
    subprocess.run([*command, "-vf", filters, "-fps_mode", "passthrough", str(path)], check=True)
    return path


@pytest.mark.parametrize("filters", ["null", "setpts='N*2+mod(N,2)'"])
def test_times_are_those_of_the_frames(tmp_path, monkeypatch, filters):
    path = recorded(tmp_path / "a.mkv", filters)
    start = datetime(2026, 5, 1, 8, tzinfo=UTC)
    found = segments.probe_cage_day([Segment("c", start.isoformat(), str(path))], Recording(on_bad_segment="count"))
    assert found["usable"].all() and found["frames_decoded"][0] == 20
    assert found["duration_s"][0] == pytest.approx(2 if filters == "null" else 4, abs=0.3)

    model = SimpleNamespace(card={"likelihood_cut": [0.5], "hash": "0" * 16, "span_px": None})

    def infer(_, files, settings):
        for _, frames in files:
            n = len(range(0, frames, settings.stride))
            yield PoseFile.of(np.ones((n, 1, 1, 2)), np.ones((n, 1, 1)), ("animal",), ("nose",))

    monkeypatch.setattr(deeplabcut.Model, "open", lambda _: model)
    monkeypatch.setattr(deeplabcut, "infer", infer)
    cage_day.pose_cage_day(found, "model", Pose(stride=3), tmp_path / "out.parquet", {"simulated": True})
    table = tables.read(tmp_path / "out.parquet", "pose")
    seconds = (table["time_utc"] - start).dt.total_seconds().to_numpy()
    assert table["frame"].tolist() == list(range(0, 20, 3))
    np.testing.assert_allclose(seconds, video.times(path)[::3], atol=1e-3)
    assert (np.diff(seconds).std() > 0.04) == (filters != "null")
