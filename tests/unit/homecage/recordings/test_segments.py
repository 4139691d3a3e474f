"""Files of a cage-day: what is counted, what is refused, and why."""

import dataclasses
import subprocess
from datetime import UTC, datetime, timedelta

import cv2
import imageio_ffmpeg
import numpy as np
import pandas as pd
import pytest

from presage import tables
from presage.config.pose import Recording
from presage.errors import UserError
from presage.homecage.recordings import segments
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
    whole = segments.video.survey(path)
    monkeypatch.setattr(segments.video, "survey", lambda _: dataclasses.replace(whole, frames=12))
    table = segments.probe_cage_day([row(path)], COUNT)
    assert table["reason"][0] == "truncated: 12 of 20 frames can be read"
    assert segments.probe_cage_day([row(path)], Recording(on_bad_segment="count", min_decoded=0.5))["usable"][0]


def ffmpeg(path, filters, seconds=3):
    """A test picture, made with FFmpeg's own filters."""
    source = f"testsrc=size=64x48:rate=10:duration={seconds}"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", "-f", "lavfi", "-i", source]
    subprocess.run([*command, "-vf", filters, "-fps_mode", "passthrough", str(path)], check=True)
    return path


def test_two_hundred_segments_eight_of_them_corrupt(tmp_path):
    """Every good file is complete to the frame, every bad one is named with its reason, and nothing is in between."""
    paths = [write_video(tmp_path / f"{i:03d}.mp4", n=4 + i % 5) for i in range(200)]
    whole = paths[10].read_bytes()
    paths[10].write_bytes(whole[: len(whole) // 2])  # a copy that was cut off
    paths[30].write_bytes(b"")
    paths[50].write_bytes(whole[: whole.index(b"moov") - 4])  # the camera lost power: no index
    paths[70].write_text("no video at all")
    write_video(paths[90], n=0)
    write_video(paths[110], n=5, fps=20_000)  # a header that no camera means
    paths[130] = ffmpeg(paths[130].with_suffix(".mkv"), "setpts='if(between(N,10,24),10,N)'")
    avi = write_avi(paths[150].with_suffix(".avi"))
    avi.write_bytes(avi.read_bytes()[: avi.stat().st_size * 6 // 10])
    paths[150] = avi
    start = datetime(2026, 5, 1, 8, tzinfo=UTC)
    rows = [Segment("c", (start + timedelta(minutes=2 * i)).isoformat(), str(path)) for i, path in enumerate(paths)]
    table = segments.probe_cage_day(rows, COUNT)
    tables.write(tmp_path / "t.parquet", "segments", table)
    bad = [10, 30, 50, 70, 90, 110, 130, 150]
    assert table.index[~table["usable"]].tolist() == bad
    reasons = table["reason"][bad].str.split(":").str[0].tolist()
    assert reasons[:2] == ["unreadable", "empty"] and reasons[2:4] == ["unreadable"] * 2
    assert reasons[4] in ("unreadable", "empty") and reasons[5:7] == ["rate", "times"]
    assert reasons[7] in ("truncated", "unreadable")
    good = table[table["usable"]]
    assert good["frames_decoded"].tolist() == [4 + i % 5 for i in good["segment"]]
    assert (good["frames_decoded"] == good["frames_declared"]).all() and good["sha256"].str.len().eq(64).all()
    assert sum(segments.counts(table).values()) == 200 and segments.counts(table)["usable"] == 192
    assert table["gap_s"].iloc[1:].gt(0).all() and np.isnan(table["gap_s"].iloc[0])


def test_what_is_seen_of_a_video(tmp_path):
    """Darkness, a stuck camera and uneven time stamps are read, and none of them makes a file unusable."""
    frozen = ffmpeg(tmp_path / "a.mkv", "loop=loop=150:size=1:start=20,setpts=N", seconds=5)
    dark = ffmpeg(tmp_path / "b.mkv", "drawbox=t=fill:color=black:enable='gte(t,10)'", seconds=30)
    uneven = ffmpeg(tmp_path / "c.mkv", "setpts='N*2+mod(N,2)'")
    still, black, rough = (segments.video.survey(path) for path in (frozen, dark, uneven))
    assert 13 <= still.frozen_s <= 16 and still.black_s == 0 and still.uneven == 0
    assert 19 <= black.black_s <= 21 and black.frozen_s >= 18
    assert rough.uneven > 0.3 and rough.repeated == 0
    assert still.fps == pytest.approx(10) and 100 < still.brightness < 150 and still.sharpness > 100
    table = segments.probe_cage_day([row(frozen), row(dark, 1), row(uneven, 2)], COUNT)
    assert table["usable"].all() and table["uneven"][2] > 0.3


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
