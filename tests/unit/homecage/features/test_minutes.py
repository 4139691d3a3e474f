import datetime as dt

import numpy as np
import pandas as pd
import pytest

from presage import tables
from presage.config.distress import Features
from presage.homecage.features import minutes as features
from presage.homecage.pose.quality import HIDDEN, SEEN, UNUSABLE, PoseDay
from presage.homecage.recordings.zeitgeber import Lights, Schedule

LIGHTS = Lights(zone="UTC", on="07:00", off="19:00")
DAY = dt.date(2026, 3, 1)
ALWAYS = Schedule(3600.0, 3600.0)
PARTS = ("snout", "tailbase")
ALONE = len(features.UNITS) - 1  # features of one animal: it has no distance to others


def _pose(seconds: np.ndarray, xy: np.ndarray, state: np.ndarray | None = None, animal: str = "a") -> PoseDay:
    """A mouse 60 px long that looks right; ``xy`` [frames, 2] its middle."""
    n = len(seconds)
    body = np.stack([xy + np.array([30, 0]), xy - np.array([30, 0])], axis=1).astype(np.float32)
    state = np.full(n, SEEN, dtype="U8") if state is None else state
    time = LIGHTS.utc(DAY).tz_convert(None).to_datetime64() + (seconds * 1e6).astype("timedelta64[us]")
    good = np.repeat((state == SEEN)[:, None], 2, axis=1)
    likelihood = np.where(good, 0.9, 0.0).astype(np.float32)
    animals = np.full(n, animal)
    return PoseDay(
        PARTS, time, np.zeros(n, np.int32), np.arange(n, dtype=np.int32), animals, body, likelihood, good, state
    )


def _features(pose: PoseDay, schedule: Schedule = ALWAYS, **rest: object) -> tuple[pd.DataFrame, dict]:
    settings = Features(**rest)
    return features.features_cage_day(pose, cage="c1", date=DAY, lights=LIGHTS, schedule=schedule, settings=settings)


def _minute(table: pd.DataFrame, minute: int) -> pd.Series:
    at = LIGHTS.utc(DAY) + pd.Timedelta(minutes=minute)
    return table[table["time_utc"] == at].set_index("name")["value"]


def _walk(minutes: float, fps: float = 2.0, speed: float = 20.0, start: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Along a line at ``speed`` px/s from ``start`` seconds on."""
    time = start + np.arange(int(minutes * 60 * fps)) / fps
    return time, np.column_stack([100 + speed * (time - start), np.full(len(time), 50.0)])


def test_distance_speed_and_length_of_a_straight_walk(tmp_path) -> None:
    table, about = _features(_pose(*_walk(10)))
    tables.write(tmp_path / "f.parquet", "readings", table)
    row = _minute(table, 5)
    assert row["distance"] == pytest.approx(1200.0, rel=1e-3)
    assert row["speed"] == pytest.approx(20.0, rel=1e-3)
    assert row["body_length"] == pytest.approx(60.0)
    assert row["still_fraction"] == 0 and row["sleep_fraction"] == 0 and row["hidden_fraction"] == 0
    assert about["sampling"] == "video 2 fps, 3600 of 3600 s"
    assert table.loc[table["name"] == "distance", "unit"].unique().tolist() == ["px/min at 2 fps"]
    assert len(table) == 1440 * ALONE


def test_a_pixel_scale_gives_millimetres() -> None:
    table, _ = _features(_pose(*_walk(10)), mm_per_px=0.5)
    assert _minute(table, 5)["distance"] == pytest.approx(600.0, rel=1e-3)
    assert table.loc[table["name"] == "body_length", "unit"].iloc[0] == "mm"


def test_missing_is_not_still_and_hidden_is_not_missing() -> None:
    time = np.arange(0, 1800, 0.5)
    state = np.full(len(time), SEEN, dtype="U8")
    state[(time >= 300) & (time < 600)] = HIDDEN
    state[(time >= 600) & (time < 900)] = UNUSABLE
    table, _ = _features(_pose(time, np.full((len(time), 2), 50.0), state))
    coverage = table.drop_duplicates("time_utc").set_index("time_utc")["coverage"].to_numpy()
    assert coverage[:30].tolist() == [1.0] * 10 + [0.0] * 5 + [1.0] * 15 and (coverage[30:] == 0).all()
    still, hidden, gone = (_minute(table, m) for m in (2, 7, 12))
    assert still["still_fraction"] == 1 and still["hidden_fraction"] == 0
    assert hidden["hidden_fraction"] == 1 and np.isnan(hidden["still_fraction"]) and np.isnan(hidden["distance"])
    assert gone.isna().all() and _minute(table, 100).isna().all()


def test_sleep_needs_forty_seconds_and_short_segments_cannot_tell() -> None:
    table, _ = _features(_pose(np.arange(0, 600, 0.5), np.full((1200, 2), 50.0)))
    assert _minute(table, 5)["sleep_fraction"] == 1
    schedule = Schedule(10.0, 1800.0)
    seconds = (np.arange(48)[:, None] * 1800 + np.arange(0, 10, 0.5)).ravel()
    table, _ = _features(_pose(seconds, np.full((len(seconds), 2), 50.0)), schedule)
    assert len(table) == 48 * ALONE and (table["coverage"] == 1.0).all()
    rows = table.set_index("name")["value"]
    assert (rows["still_fraction"] == 1).all() and rows["sleep_fraction"].isna().all()


def test_the_nest_is_where_the_light_phase_was_spent() -> None:
    """Asleep at (100, 100) in the light, still at (400, 300) in the dark: outside the nest."""
    light, dark = np.arange(0, 1800, 0.5), 12 * 3600 + np.arange(0, 1800, 0.5)
    xy = np.concatenate([np.full((3600, 2), 100.0), np.full((3600, 2), [400.0, 300.0])])
    table, about = _features(_pose(np.r_[light, dark], xy))
    assert about["nest_px"] == pytest.approx((100.0, 100.0))
    day, night = _minute(table, 10), _minute(table, 12 * 60 + 10)
    assert (day["nest_fraction"], day["still_outside_nest_fraction"]) == (1.0, 0.0)
    assert (night["nest_fraction"], night["still_outside_nest_fraction"]) == (0.0, 1.0)


def test_a_night_says_nothing_about_the_nest_before_it() -> None:
    """The nest comes from the light phase, which precedes the night of its cage-day: what follows changes nothing."""
    light = _walk(60, speed=0.0)
    dark = _walk(60, speed=0.0, start=12 * 3600)
    both = _pose(np.r_[light[0], dark[0]], np.r_[light[1], dark[1] + 300.0])
    assert _features(both)[1]["nest_px"] == _features(_pose(*light))[1]["nest_px"]


def test_animals_of_a_cage_are_averaged_and_one_is_enough_not_to_be_hidden() -> None:
    fast, slow = _pose(*_walk(5, speed=20.0), animal="a"), _pose(*_walk(5, speed=10.0), animal="b")
    state = np.full(600, HIDDEN, dtype="U8")
    gone = _pose(*_walk(5), state=state, animal="c")
    parts = [fast, slow, gone]
    joined = PoseDay(PARTS, *(np.concatenate([getattr(p, k) for p in parts]) for k in list(vars(fast))[1:]))
    table, _ = _features(joined)
    assert _minute(table, 2)["distance"] == pytest.approx(900.0, rel=1e-3)
    assert _minute(table, 2)["hidden_fraction"] == 0.0
    assert table.drop_duplicates("time_utc")["coverage"].iloc[2] == 1.0


def test_a_day_without_a_frame_is_a_day_without_values() -> None:
    table, about = _features(_pose(np.empty(0), np.empty((0, 2))))
    assert table["value"].isna().all() and (table["coverage"] == 0).all() and len(table) == 1440 * ALONE
    assert about["nest_px"] is None


def _group(*poses: PoseDay) -> PoseDay:
    """Several animals' poses as those of one cage."""
    first, joined = poses[0], {}
    for name in ("time_utc", "segment", "frame", "animal", "xy", "likelihood", "good", "state"):
        joined[name] = np.concatenate([getattr(pose, name) for pose in poses])
    return PoseDay(first.bodyparts, **joined)


def test_each_animal_has_its_own_readings_beside_the_cages() -> None:
    slow, fast = (_pose(*_walk(10, speed=v), animal=name) for name, v in (("a", 10.0), ("b", 30.0)))
    arguments = {"cage": "c1", "date": DAY, "lights": LIGHTS, "schedule": ALWAYS, "settings": Features()}
    table, _ = features.features_cage_day(_group(slow, fast), **arguments, each_animal=True)
    of_cage, _ = features.features_cage_day(_group(slow, fast), **arguments)
    speed = {animal: _minute(rows, 5)["speed"] for animal, rows in table.groupby(table["animal"].fillna("cage"))}
    assert speed == pytest.approx({"a": 10.0, "b": 30.0, "cage": 20.0}, rel=1e-3)
    pd.testing.assert_frame_equal(table[table["animal"].isna()].reset_index(drop=True), of_cage)
    alone, _ = features.features_cage_day(slow, **arguments, each_animal=True)
    assert alone["animal"].isna().all()  # one animal is the cage


def test_zones_walls_and_the_others() -> None:
    """Two mice walk side by side along a line with a water spout at its 60th second."""
    a, b = (_pose(*_walk(4), animal=name) for name in "ab")
    b = PoseDay(**{**b.__dict__, "xy": b.xy + np.array([0, 40], np.float32)})
    zone = {"water": (100 + 20.0 * 60, 50.0, 30.0)}
    table, _ = _features(_group(a, b), zones=zone, arena_px=(0.0, 0.0, 10_000.0, 500.0))
    first, second = _minute(table, 0), _minute(table, 1)
    assert second["social_distance"] == pytest.approx(40.0, rel=1e-3)
    assert second["wall_distance"] == pytest.approx((50 + 90) / 2)  # of the two
    # From 58.5 s to 61.5 s within 30 px of the spout; the other mouse passes 40 px beside it.
    assert first["water_fraction"] == pytest.approx(3 / 120 / 2, abs=0.002)
    assert first["water_visits"] + second["water_visits"] == pytest.approx(0.5)  # one visit by one of two
    assert second["turning"] == 0 and second["acceleration"] == pytest.approx(0, abs=1e-9)
    assert second["hunch_index"] == pytest.approx(0, abs=1e-6) and second["rearing_proxy_fraction"] == 0
    units = table.drop_duplicates("name").set_index("name")["unit"]
    assert units["acceleration"] == "px/s2 at 2 fps" and units["water_visits"] == "1/min at 2 fps"


def test_a_zone_needs_a_name_and_a_size() -> None:
    with pytest.raises(ValueError, match="radius"):
        Features(zones={"water": (1.0, 1.0, 0.0)})
    with pytest.raises(ValueError, match="small letters"):
        Features(zones={"Water!": (1.0, 1.0, 5.0)})
