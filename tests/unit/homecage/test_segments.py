"""Files of a cage-day: what is counted, what is refused, and why."""

import cv2
import numpy as np
import pandas as pd
import pytest

from presage import tables
from presage.config.pose import Recording
from presage.errors import UserError
from presage.homecage import segments
from presage.sheets import Segment

STOP, COUNT = Recording(), Recording(on_bad_segment="count")


def write_video(path, n=20, fps=10.0):
    out = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), fps, (64, 48))
    rng = np.random.default_rng(0)
    for _ in range(n):
        out.write(rng.integers(0, 255, (48, 64, 3), np.uint8))
    out.release()
    return path


def write_avi(path, n=20):
    """Motion JPEG in AVI: its index is at the end, frames stay readable when the tail is cut off."""
    out = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (64, 48))
    for i in range(n):
        out.write(np.full((48, 64, 3), 10 * i, np.uint8))
    out.release()
    return path


def write_pose(path, n=20):
    columns = pd.MultiIndex.from_product(
        [["s"], ["nose"], ["x", "y", "likelihood"]], names=["scorer", "bodyparts", "coords"]
    )
    pd.DataFrame(np.full((n, 3), 0.5), columns=columns).to_csv(path)
    return path


def row(path, minute=0, fps=""):
    return Segment("C1", f"2026-01-10T08:{minute:02d}:00", str(path), fps)


def test_good_files_are_counted_by_decoding(tmp_path):
    rows = [row(write_pose(tmp_path / "b.csv"), 5, "4"), row(write_video(tmp_path / "a.mp4"))]
    table = segments.probe_cage_day(rows, STOP)
    tables.write(tmp_path / "t.parquet", "segments", table)
    back = tables.read(tmp_path / "t.parquet", "segments")
    assert back["kind"].tolist() == ["video", "pose"]
    assert back["segment"].tolist() == [0, 1]
    assert back["frames_decoded"].tolist() == [20, 20]
    assert back["duration_s"].tolist() == [2.0, 5.0]
    assert str(back["date"][0]) == "2026-01-10"
    assert back["start_utc"][1] == pd.Timestamp("2026-01-10T08:05:00Z")
    assert segments.counts(back) == {"usable": 2}


def test_truncated_mp4_stops_or_is_counted(tmp_path):
    path = write_video(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=r"a\.mp4: unreadable") as error:
        segments.probe_cage_day([row(path)], STOP)
    assert "\n" not in str(error.value)
    table = segments.probe_cage_day([row(path)], COUNT)
    assert not table["usable"][0]
    assert table["frames_decoded"][0] == 0
    assert segments.counts(table) == {"unreadable": 1}
    tables.write(tmp_path / "t.parquet", "segments", table)


def test_fewer_frames_than_declared_is_truncated(tmp_path, monkeypatch):
    path = write_avi(tmp_path / "a.avi")
    monkeypatch.setattr(segments.video, "count_frames", lambda _: 12)
    table = segments.probe_cage_day([row(path)], COUNT)
    assert table["reason"][0] == "truncated: 12 of 20 frames can be read"
    assert segments.probe_cage_day([row(path)], Recording(on_bad_segment="count", min_decoded=0.5))["usable"][0]


def test_video_without_frames(tmp_path):
    path = write_video(tmp_path / "a.mp4", n=0)
    table = segments.probe_cage_day([row(path)], COUNT)
    assert not table["usable"][0]
    assert table["reason"][0]


def test_overlap_is_refused_and_the_next_file_is_not(tmp_path):
    a, b, c = (write_video(tmp_path / f"{name}.mp4", n=20) for name in "abc")
    rows = [row(a, fps="0.25"), row(b, 1, "0.25"), row(c, 2, "0.25")]  # 80 s each, one minute apart
    table = segments.probe_cage_day(rows, COUNT)
    assert table["usable"].tolist() == [True, False, True]
    assert table["reason"][1] == "overlap: begins 20.0 s before a.mp4 ends"
    with pytest.raises(UserError, match=r"b\.mp4: overlap"):
        segments.probe_cage_day(rows, STOP)


@pytest.mark.parametrize(("name", "fps", "message"), [("gone.mp4", "", "does not exist"), ("p.csv", "", "frame rate")])
def test_missing_file_or_rate_always_stops(tmp_path, name, fps, message):
    write_pose(tmp_path / "p.csv")
    with pytest.raises(UserError, match=message):
        segments.probe_cage_day([row(tmp_path / name, fps=fps)], COUNT)


def test_no_rows():
    with pytest.raises(UserError, match="no rows"):
        segments.probe_cage_day([], STOP)


def test_settings_are_checked():
    with pytest.raises(ValueError, match="Europe/Berlin"):
        Recording(time_zone="Berlin")
    with pytest.raises(ValueError, match="longer than"):
        Recording(schedule_length_s=60, schedule_period_s=30)
