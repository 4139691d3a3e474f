"""Recordings by how they are named: what fits, when it started, and what is told when nothing does."""

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage.errors import UserError
from presage.recording_pattern import find, is_pattern


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_hourly_files_in_day_folders(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "cage07/2026-05-01/2026-05-01T13.mp4",
        "cage07/2026-05-01/2026-05-01T14.mp4",
        "c 8/2026-05-02/2026-05-02T00.mp4",
        "cage07/2026-05-01/notes.txt",
        "cage07/2026-05-01/spare.mp4",
        "cage07/2026-05-01/.2026-05-01T15.mp4",
    )
    found = find(f"{tmp_path}/{{cage}}/{{day}}/{{start:%Y-%m-%dT%H}}.mp4")
    assert [(row.cage, row.start) for row in found.segments] == [
        ("c 8", "2026-05-02T00:00:00"),
        ("cage07", "2026-05-01T13:00:00"),
        ("cage07", "2026-05-01T14:00:00"),
    ]
    assert found.unmatched == [f"{tmp_path}/cage07/2026-05-01/spare.mp4"]  # nothing is dropped in silence


def test_a_start_in_parts_and_a_cage_named_twice(tmp_path: Path) -> None:
    touch(tmp_path, "a/20260501/a_130500.avi", "a/20260501/b_130500.avi")
    found = find(f"{tmp_path}/{{cage}}/{{start:%Y%m%d}}/{{cage}}_{{start:%H%M%S}}.avi")
    assert [(row.cage, row.start) for row in found.segments] == [("a", "2026-05-01T13:05:00")]
    assert len(found.unmatched) == 1


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)).map(lambda t: t.replace(microsecond=0)))
def test_the_start_comes_back(tmp_path_factory: pytest.TempPathFactory, start: datetime) -> None:
    root = tmp_path_factory.mktemp("r")
    touch(root, f"k/{start:%d.%m.%Y %H-%M-%S}.mkv")
    (row,) = find(f"{root}/{{cage}}/{{start:%d.%m.%Y %H-%M-%S}}.mkv").segments
    assert datetime.fromisoformat(row.start) == start


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("{start:%Y%m%d}.mp4", "has no {cage}"),
        ("{cage}/x.mp4", "has no {start}"),
        ("{cage}/{start}.mp4", "has no format"),
        ("{cage}/{start:%j}.mp4", "code %j .* is not known"),
        ("{cage}/{start:%H}.mp4", "no year, month and day"),
        ("{cage}/{start:%Y%m%d}.mp4", "is no date and time"),
        ("{cage}/{start:%Y-%m-%d}.mp4", r"no file under .* fits .*\(2 others, e.g. .*99991399.mp4\)"),
        ("nowhere/{cage}/{start:%Y%m%d}.mp4", "nowhere does not exist"),
        ("{cage}/{start:%Y%m}{start:%d}_{start:%Y}.mp4", "says 2026 and 2027"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, pattern: str, words: str) -> None:
    name = "20260501_2027" if pattern.count("start") > 1 else "99991399" if "%m" in pattern else "13"
    touch(tmp_path, f"a/{name}.mp4", "a/13.mp4" if name != "13" else "a/14.mp4")
    with pytest.raises(UserError, match=words):
        find(f"{tmp_path}/{pattern}")


def test_a_sheet_is_no_pattern() -> None:
    assert is_pattern("v/{cage}/{start:%Y}.mp4") and not is_pattern("config/segments.tsv")
