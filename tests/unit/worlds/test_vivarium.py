"""The vivarium: its sheets hold together, its mice behave like the real ones it quotes, its truth stays in truth/."""

import datetime as dt
import hashlib
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from presage import sheets, tables
from presage.config.vivarium import Vivarium
from presage.homecage.pose.labelled import read_labelled, split
from presage.homecage.recordings import clock as facility
from presage.worlds.vivarium import behaviour, build, household, husbandry, illness, mice, posefile, sensors
from presage.worlds.vivarium.clock import make_clock

MICRO = Vivarium(
    days=4, healthy=2, ill=1, group_ill=1, group_healthy=0, onset_from_day=1, onset_before_end_days=1, lost_days=1,
    video_days=2, video_healthy=1, video_ill=1, video_onset_day=0, rendered_days=1,
    labelled_videos=4, labelled_frames=12, schedule_length_s=5, schedule_period_s=3600, missing_share=0.1,
)  # fmt: skip
TABLE = [(0.0, 0.0), (1.0, 1.0)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("vivarium")
    build(MICRO, 1, out)
    return out


def lives(n: int, days: int, night_cv: float | None = None, factor: float = 1.0) -> np.ndarray:
    """Distance per night (cm), [mice, days], of healthy mice whose activity is multiplied by ``factor``."""
    time = make_clock(dt.date(2026, 5, 1), days, "UTC", "07:00")
    sick = replace(illness.healthy(time.minutes), activity=np.full(time.minutes, factor, np.float32))
    out = []
    for k in range(n):
        rng = np.random.default_rng(k)
        mouse = replace(mice.draw("m", 0, 1.0, rng), level=1.0)
        mouse = mouse if night_cv is None else replace(mouse, night_cv=night_cv)
        room, calm = np.zeros(days), np.ones(time.minutes)
        life = behaviour.simulate(mouse, time, sick, room, calm, np.zeros(time.minutes, bool), rng)
        out.append(60 * life.speed.reshape(days, 1440)[:, 720:].sum(1))
    return np.array(out)


def cv(nights: np.ndarray) -> np.ndarray:
    return nights.std(1, ddof=1) / nights.mean(1)


# ---- the whole world -----------------------------------------------------------------------------------------------


def test_sheets_pass_the_library_that_reads_them(world: Path) -> None:
    cages = sheets.read_cages(world / "cages.tsv")
    assert [c.cage for c in cages] == MICRO.colony_cages + MICRO.video_cages
    assert [c.role for c in cages if c.group == "single"] == ["calibrate", "evaluate", "evaluate"]
    segments = sheets.read_segments(world / "segments.tsv")
    zone, on = ZoneInfo(MICRO.time_zone), dt.time.fromisoformat(MICRO.lights_on)
    placed = facility.place(segments, zone, on)
    assert {(c, d.isoformat()) for c, d in placed} <= set(MICRO.video_cage_days)
    rendered = {(c, d.isoformat()) for (c, d), rows in placed.items() if rows[0].path.endswith(".mp4")}
    assert rendered == set(MICRO.rendered_cage_days)


def test_lost_windows_have_no_file_and_no_row(world: Path) -> None:
    listed = {Path(s.path) for s in sheets.read_segments(world / "segments.tsv")}
    on_disk = {*world.glob("pose/*/*/*.csv"), *world.glob("video/*/*/*.mp4")}
    assert listed == on_disk
    assert 0 < len(listed) < 24 * len(MICRO.video_cage_days)  # some hours were lost, most were not


def test_tables_keep_their_contracts_and_missing_hours_have_no_row(world: Path) -> None:
    readings = tables.read(world / "readings" / "colony.parquet", "readings")
    assert tables.read_meta(world / "readings" / "colony.parquet")["simulated"] is True
    distance = readings[readings["name"] == "distance"]
    hours = distance.groupby("cage").size()
    assert set(hours.index) == set(MICRO.colony_cages) and (hours < 24 * MICRO.days).any() and (hours > 24).all()
    assert distance["coverage"].between(0.05, 1).all() and (distance["coverage"] < 1).any()
    weights = readings[readings["name"] == "weight"]
    assert set(weights["unit"]) == {"g"} and weights["animal"].notna().any()
    for table, name in (("events", "events"), ("course", "readings")):
        assert len(tables.read(world / "truth" / f"{table}.parquet", name))


def test_truth_stays_in_truth(world: Path) -> None:
    events = pd.read_csv(world / "events.tsv", sep="\t")
    assert list(events) == tables.SCHEMAS["events"].names and "onset" not in set(events["kind"])
    onsets = tables.read(world / "truth" / "events.parquet", "events")
    assert set(onsets["kind"]) == {"onset"} and sorted(onsets["cage"]) == ["C03", "C04", "V02"]
    for sheet in world.glob("*.tsv"):
        assert not {"onset", "severity", "level", "ill"} & set(pd.read_csv(sheet, sep="\t", nrows=0))


def test_same_seed_same_bytes(world: Path, tmp_path: Path) -> None:
    def digests(root: Path) -> dict[str, str]:
        files = sorted(p for p in root.rglob("*") if p.is_file())
        return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}

    build(MICRO, 1, tmp_path / "again")
    build(MICRO, 2, tmp_path / "other")
    assert digests(tmp_path / "again") == digests(world)
    same = digests(tmp_path / "other").items() & digests(world).items()
    assert {name for name, _ in same} <= {"cages.tsv", "truth/README.md", "labelled/config.yaml"}


def test_video_shows_the_mouse_where_the_truth_says(world: Path) -> None:
    cage, date = MICRO.rendered_cage_days[0]
    truth = tables.read(world / "truth" / "pose" / cage / f"{date}.parquet", "pose")
    files = sorted(world.glob(f"video/{cage}/{date}/*.mp4"))
    assert truth["segment"].nunique() == len(files)
    darker = []
    for number, file in enumerate(files):
        capture, frames = cv2.VideoCapture(str(file)), []
        while (got := capture.read())[0]:
            frames.append(cv2.cvtColor(got[1], cv2.COLOR_BGR2GRAY).astype(float))
        rows = truth[truth["segment"] == number]
        assert len(frames) == len(rows) == MICRO.schedule_length_s * MICRO.fps
        for frame, row in zip(frames, rows.itertuples(), strict=True):
            if row.likelihood[0] == 1:
                x, y = (round(float(v[[1, 2, 3]].mean())) for v in (row.x, row.y))
                darker.append(np.median(frame) - frame[y, x])
    assert len(darker) > 20 and np.mean(np.array(darker) > 15) > 0.95  # the first strain is black


def test_labels_make_a_project_that_can_be_split_by_video(world: Path) -> None:
    data = read_labelled(world / "labelled")
    assert data.xy.shape == (12, 4, 2) and len(set(data.videos)) == 4
    seen = data.xy[np.isfinite(data.xy).all((1, 2))]
    assert len(seen) >= 8 and (seen[..., 0] < 160).all() and (seen[..., 1] < 120).all() and (seen > 0).all()
    assert split(data, "auto", 0.2)[2] == "by_video"


def test_another_cage_changes_no_other(world: Path) -> None:
    colony, _ = household.plans(MICRO)
    time = make_clock(MICRO.start, MICRO.days, MICRO.time_zone, MICRO.lights_on)
    home = household.live(colony[0], MICRO.model_copy(update={"ill": 5}), time, np.zeros(MICRO.days), (), 1)
    again = household.live(colony[0], MICRO, time, np.zeros(MICRO.days), (), 1)
    np.testing.assert_array_equal(home.lives[0].speed, again.lives[0].speed)


# ---- against real mice ---------------------------------------------------------------------------------------------


def test_dss_curves_are_those_of_the_real_mice(real_data: Path) -> None:
    raw = pd.read_csv(real_data / "homecage" / "relsa_tm_dss.txt", sep="\t")
    measured = raw[raw["condition"] == "TM"].set_index("id")
    measured["ratio"] = measured["act"] / measured["act"][measured["day"] == -1]
    activity = measured.groupby(["treatment", "day"])["ratio"].mean()
    np.testing.assert_allclose((activity["DSS"] / activity["control"]).loc[1:9], illness.DSS_ACTIVITY[:9], atol=0.006)
    weight = raw.groupby(["treatment", "day"])["bwc"].mean()
    np.testing.assert_allclose((weight["DSS"] / weight["control"]).loc[1:11], illness.DSS_WEIGHT, atol=0.001)


def test_healthy_nights_vary_as_those_of_the_real_mice(real_data: Path) -> None:
    raw = pd.read_csv(real_data / "homecage" / "mice_rhythms_act_minutes.csv")
    real = cv(raw.filter(regex="^[fm]").to_numpy().reshape(14, 1440, 26)[:, :720].sum(1).T)
    ours = cv(lives(26, 14))
    assert abs(ours.mean() - real.mean()) < 0.03
    assert abs(np.quantile(ours, 0.9) - np.quantile(real, 0.9)) < 0.06


def test_healthy_weights_vary_as_those_of_the_real_mice(real_data: Path) -> None:
    raw = pd.read_csv(real_data / "homecage" / "relsa_tm_dss.txt", sep="\t")
    real = raw[raw["treatment"] == "control"].pivot(index="day", columns="id", values="bwc").to_numpy()
    time, rng = make_clock(dt.date(2026, 5, 1), 15, "UTC", "07:00"), np.random.default_rng(0)
    mouse = mice.draw("m", 0, 1.0, rng)
    ours = [husbandry.weigh(mouse, illness.healthy(time.minutes), time.zt0[:-1], time, rng) for _ in range(60)]
    grams = np.array(ours).T
    for spread in (lambda w: (w / w.mean(0)).std(0, ddof=1).mean(), lambda w: np.diff(w / w.mean(0), axis=0).std()):
        assert spread(grams) == pytest.approx(spread(real), abs=0.003)


# ---- behaviour -----------------------------------------------------------------------------------------------------


def test_bouts_alone_make_the_variation_that_is_subtracted() -> None:
    assert cv(lives(8, 40, night_cv=0.0)).mean() == pytest.approx(behaviour.BOUT_CV, abs=0.015)


def test_illness_takes_its_share_of_the_distance() -> None:
    assert lives(4, 40, factor=0.43).mean() / lives(4, 40).mean() == pytest.approx(0.43, abs=0.02)


def test_switch_has_the_asked_occupancy_and_memory() -> None:
    on = behaviour.switch(np.full(200_000, 0.3), 5.0, np.random.default_rng(0)).astype(float)
    assert on.mean() == pytest.approx(0.3, abs=0.01)
    assert np.corrcoef(on[:-1], on[1:])[0, 1] == pytest.approx(1 - 1 / 5, abs=0.01)


def test_mice_wake_at_lights_off() -> None:
    zt = np.array([11.9, 12.1, 20.9, 23.0])
    before, after, late, dawn = behaviour.by_zt(behaviour.P_ACTIVE, zt)
    assert after > 2 * before and dawn > late  # the second, weaker peak


def test_summer_time_makes_a_cage_day_of_23_hours() -> None:
    time = make_clock(dt.date(2026, 3, 27), 4, "Europe/Zurich", "07:00")
    assert np.diff(time.zt0).tolist() == [1440, 1380, 1440, 1440]
    zone, on = ZoneInfo("Europe/Zurich"), dt.time(7)
    for minute in range(0, time.minutes, 97):
        assert facility.cage_day(time.utc(minute), zone, on) == time.dates[time.day[minute]]


def test_course_starts_at_onset_and_hard_is_shallower() -> None:
    onset = 3 * 1440.0
    course, weak = (illness.draw("dss", onset, 15 * 1440, effect, np.random.default_rng(3)) for effect in (1.0, 0.6))
    assert (course.activity[: int(onset)] == 1).all() and (course.severity[: int(onset)] == 0).all()
    assert np.argmin(course.activity) > onset + 5 * 1440
    np.testing.assert_allclose(1 - weak.activity.min(), 0.6 * (1 - course.activity.min()), atol=1e-3)


def test_sensors_do_not_take_hidden_for_still_nor_missing_for_hidden() -> None:
    colony, _ = household.plans(MICRO)
    time = make_clock(MICRO.start, 1, "UTC", "07:00")
    home = household.live(colony[0], MICRO, time, np.zeros(1), (), 1)
    hidden, works = np.zeros(1440, bool), np.ones(1440, bool)
    hidden[:60], hidden[60:90], works[120:180] = True, True, False
    speed = np.where(hidden, 100.0, 1.0).astype(np.float32)
    home = replace(home, works=works, lives=[replace(home.lives[0], hidden=hidden, speed=speed)])
    readings = sensors.hourly(home, 4.0, 2.0)
    wide = readings.pivot(index="time_utc", columns="name", values="value")
    assert len(wide) == 23  # the third hour has no row
    assert np.isnan(wide["distance"].iloc[0]) and wide["hidden_fraction"].iloc[0] == 1
    assert wide["distance"].iloc[1] == pytest.approx(240) and wide["hidden_fraction"].iloc[1] == 0.5
    assert (readings["coverage"] == 1).all()


# ---- husbandry and pose --------------------------------------------------------------------------------------------


def test_technician_sees_by_the_table() -> None:
    time, rng = make_clock(dt.date(2026, 5, 1), 10, "UTC", "07:00"), np.random.default_rng(0)
    care = husbandry.care(time, 7, 1, 0, rng)
    severity = (time.day >= 4).astype(float)
    minute, seen = husbandry.technician_look(time, severity, care, TABLE, time.minutes, rng)  # type: ignore[misc]
    assert time.day[minute] == 4 and seen == 1.0 and not time.dark[minute]
    assert husbandry.technician_look(time, severity, care, TABLE, int(time.zt0[4]), rng) is None  # the recording ended


def test_scale_speaks_at_the_first_weighing_under_95_percent() -> None:
    loss = husbandry.loss_of_weight(np.r_[np.full(7, 20.0), 19.2, 18.9, 15.9])
    np.testing.assert_allclose(loss[-3:], [0.04, 0.055, 0.205])
    assert husbandry.end_point(20 * (1 - loss), np.arange(10) * 1440) == 9 * 1440


def test_finished_pose_has_errors_of_the_stated_size_and_doubts_what_is_hidden() -> None:
    rng, xy = np.random.default_rng(0), np.full((4000, 4, 2), 50.0)
    hidden = np.arange(4000) % 4 == 0
    got, likelihood = posefile.estimate(xy, hidden, 0.7, rng)
    good = likelihood > 0.8
    assert (got - xy)[good].std() == pytest.approx(0.7, abs=0.02)
    assert likelihood[hidden].max() < 0.3 and good[~hidden].mean() > 0.98


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("schedule_period_s", 1000),
        ("technician", [(0.5, 0.1), (0.2, 0.3)]),
        ("cagse", 3),
    ],
)
def test_settings_refuse_nonsense(key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        Vivarium(**{key: value})


def test_a_colony_without_cameras_is_a_world_too(tmp_path):
    """The folders that rules wait for are there, empty."""
    build(MICRO.model_copy(update={"video_healthy": 0, "video_ill": 0, "rendered_days": 0}), 1, tmp_path)
    assert {p.name for p in tmp_path.iterdir()} >= {"readings", "video", "pose", "labelled", "truth", "segments.tsv"}
    assert not list((tmp_path / "video").iterdir()) and not list((tmp_path / "pose").iterdir())
