"""The filters as steps of a day: each works within one animal's track, counts what it changed, and says by what."""

import numpy as np
import pytest

from presage.config.pose import Filters
from presage.errors import UserError
from presage.homecage.pose.quality import PoseDay
from presage.homecage.pose.steps import apply

OFF = {"max_speed": None}
SPAN = np.full(40, 10.0)


@pytest.fixture
def day() -> PoseDay:
    """Two animals, 10 px a second to the right and to the left, 20 samples of 0.1 s; their rows take turns."""
    sample = np.repeat(np.arange(20), 2)
    animal = np.tile(["a", "b"], 20)
    x = np.where(animal == "a", sample, 300 - sample).astype(np.float32)
    xy = np.stack([np.stack([x, x + 5], 1), np.zeros((40, 2), np.float32)], axis=-1)
    time = np.datetime64("2026-03-01T20:00:00", "us") + sample * np.timedelta64(100_000, "us")
    segment = np.zeros(40, np.int32)
    return PoseDay(
        ("snout", "tail"), time, segment, sample.astype(np.int32), animal, xy, np.full((40, 2), 0.9, np.float32),
        np.ones((40, 2), bool), np.full(40, "seen"),
    )  # fmt: skip


def test_nothing_is_done_that_is_off(day: PoseDay) -> None:
    before = day.xy.copy()
    assert apply(day, SPAN, Filters(**OFF)) == [] and (day.xy == before).all() and day.good.all()


def test_a_speed_is_in_spans_of_the_animal(day: PoseDay) -> None:
    day.xy[10, 0] += (0, 30)  # 30 px and back in 0.1 s each: 300 px/s, 30 spans a second
    assert apply(day, SPAN, Filters(max_speed=31))[0] == {
        "step": "faster than an animal",
        "points": 0,
        "max_speed": 31.0,
    }
    assert apply(day, np.full(40, np.nan), Filters(max_speed=29))[0]["points"] == 0  # no span, no limit
    assert apply(day, SPAN, Filters(max_speed=29))[0]["points"] == 1
    assert np.argwhere(~day.good).tolist() == [[10, 0]]


def test_the_less_sure_end_of_a_limb_is_not_believed(day: PoseDay) -> None:
    day.xy[6, 1, 0] += 20
    day.likelihood[6, 1] = 0.7
    [line] = apply(day, SPAN, Filters(**OFF, limbs=(("snout", "tail"),)))
    assert line == {"step": "limb too long", "points": 1, "limbs": [["snout", "tail"]], "limb_factor": 2.0}
    assert np.argwhere(~day.good).tolist() == [[6, 1]]


def test_a_limb_of_a_body_part_that_is_not_there(day: PoseDay) -> None:
    with pytest.raises(UserError, match="names hip, which"):
        apply(day, SPAN, Filters(**OFF, limbs=(("snout", "hip"),)))


def test_a_short_gap_is_filled_within_one_animal_and_a_dark_image_is_not(day: PoseDay) -> None:
    rows = [8, 10, 20]  # samples 4, 5 and 10 of animal a
    day.xy[rows, 0], day.good[rows, 0] = np.nan, False
    day.likelihood[20, 0] = np.nan
    assert apply(day, SPAN, Filters(**OFF, fill_gap_s=0.2))[0]["points"] == 0  # from good to good they are 0.3 s
    assert apply(day, SPAN, Filters(**OFF, fill_gap_s=0.3))[0] == {
        "step": "gap filled",
        "points": 2,
        "fill_gap_s": 0.3,
    }
    assert day.xy[[8, 10], 0].tolist() == [[4, 0], [5, 0]] and day.good[[8, 10], 0].all()
    assert not day.good[20, 0]


def test_no_gap_is_filled_from_one_segment_to_the_next(day: PoseDay) -> None:
    day.segment[day.frame >= 10] = 1
    day.good[20, 0] = False  # the first sample of the second segment
    assert apply(day, SPAN, Filters(**OFF, fill_gap_s=5.0))[0]["points"] == 0


def test_a_straight_path_stays_and_a_kink_is_smoothed(day: PoseDay) -> None:
    day.xy[:, :, 1] = 7
    settings = Filters(**OFF, smooth_s=0.5, smooth_order=2)
    day.xy[20, 0, 1] = 8  # sample 10 of animal a
    [line] = apply(day, SPAN, settings)
    assert line["smooth_s"] == 0.5 and line["smooth_order"] == 2
    # Five samples and a parabola: 17/35 of the kink stay, Savitzky & Golay 1964.
    assert day.xy[20, 0, 1] == pytest.approx(7 + 17 / 35, abs=1e-5)
    assert np.allclose(day.xy[day.animal == "b", :, 1], 7) and np.allclose(day.xy[:, 1, 1], 7)


def test_a_day_without_a_frame_has_its_lines_all_the_same(day: PoseDay) -> None:
    empty = PoseDay(day.bodyparts, *(getattr(day, name)[:0] for name in (
        "time_utc", "segment", "frame", "animal", "xy", "likelihood", "good", "state")))  # fmt: skip
    assert apply(empty, SPAN[:0], Filters(fill_gap_s=1.0)) == [
        {"step": "faster than an animal", "points": 0, "max_speed": 40.0},
        {"step": "gap filled", "points": 0, "fill_gap_s": 1.0},
    ]
