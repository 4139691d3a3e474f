"""Films of a run by cage and time."""

from zoneinfo import ZoneInfo

import pandas as pd

from presage.report.cages.films import between, films


def test_films_are_found_by_cage_and_time(tmp_path):
    folder = tmp_path / "homecage/clips/C 1"
    folder.mkdir(parents=True)
    for name in ("20260402T210000Z_60s.mp4", "20260401T210000Z_10s.mp4", "other.mp4"):
        (folder / name).touch()
    (found,) = films(tmp_path).values()
    assert [film.seconds for film in found] == [10, 60]
    assert found[0].link == "clips/C%201/20260401T210000Z_10s.mp4" and str(found[0]) == "2026-04-01 21:00 UTC, 10 s"
    local = films(tmp_path, ZoneInfo("Europe/Berlin"))["C 1"][0]
    assert str(local) == "2026-04-01 23:00 CEST, 10 s" and local.start == found[0].start
    since = pd.Timestamp("2026-04-01T21:00Z")
    assert between(found, since, since + pd.Timedelta(days=1)) == found[:1]
    assert films(tmp_path / "empty") == {}
