"""Points that may be believed, and seen, hidden and unusable kept apart."""

import numpy as np
import pandas as pd

from presage import tables
from presage.config.pose import Filters
from presage.homecage.pose import quality

PARTS = np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0], [30.0, 0.0]])


def walk(n=20):
    """A rigid mouse that moves 1 px a frame: [n, 4, 2]."""
    return PARTS + np.column_stack([np.arange(n), np.zeros(n)])[:, None]


def test_cut_is_per_part_and_nan_is_not_found():
    likelihood = np.array([[0.5, 0.5], [np.nan, 0.9]])
    assert quality.found(likelihood, np.array([0.4, 0.6])).tolist() == [[True, False], [False, True]]


def test_typical_span_of_a_rigid_body():
    xy, good = walk(), np.ones((20, 4), dtype=bool)
    assert quality.typical_span(xy, good) == 15.0
    assert np.isnan(quality.typical_span(xy, good & (np.arange(4) == 0)))


def test_a_point_far_from_its_animal_is_not_believed():
    xy, good = walk(), np.ones((20, 4), dtype=bool)
    xy[7, 3] = [500, 500]
    near = quality.near_own_middle(xy, good, np.full(20, 15.0))
    assert np.argwhere(~near).tolist() == [[7, 3]]
    assert quality.near_own_middle(xy, good, np.full(20, np.nan)).all()


def test_an_animal_elsewhere_for_one_frame_is_a_wrong_detection():
    xy, good, span = walk(), np.ones((20, 4), dtype=bool), np.full(20, 15.0)
    frame, segment = np.arange(20), np.zeros(20, dtype=int)
    animal = np.repeat("a", 20)
    xy[7] += 400  # there and back
    xy[12:] += 300  # leaves for good: a gap in time, or a fast mouse
    assert np.flatnonzero(quality.teleports(xy, good, span, segment, frame, animal)).tolist() == [7]
    other = np.where(np.arange(20) >= 7, 1, 0)  # the jump is the border of two segments
    assert not quality.teleports(xy, good, span, other, frame, animal).any()
    shuffled = np.random.default_rng(0).permutation(20)
    args = (a[shuffled] for a in (xy, good, span, segment, frame, animal))
    assert shuffled[quality.teleports(*args)].tolist() == [7]


def test_two_rows_and_fewer():
    for n in range(3):
        xy, good = walk(n), np.ones((n, 4), dtype=bool)
        frame = np.arange(n)
        assert not quality.teleports(xy, good, np.full(n, 15.0), frame * 0, frame, np.repeat("a", n)).any()


def write(path, likelihood, xy=None, cut=0.6, span=15.0):
    n = len(likelihood)
    xy = walk(n) if xy is None else xy
    frame = pd.DataFrame(
        {
            "time_utc": pd.Timestamp("2026-01-10T08:00Z") + pd.to_timedelta(np.arange(n), unit="s"),
            "segment": 0,
            "frame": np.arange(n),
            "animal": "animal",
            "x": list(xy[..., 0].astype(np.float32)),
            "y": list(xy[..., 1].astype(np.float32)),
            "likelihood": list(likelihood.astype(np.float32)),
        }
    )
    meta = {
        "bodyparts": ["a", "b", "c", "d"],
        "segment_source": {"0": "imported"},
        "segment_span_px": {"0": span},
        "sources": {"imported": {"likelihood_cut": [cut] * 4}},
    }
    tables.write(path, "pose", frame if n else tables.SCHEMAS["pose"].empty_table(), meta)


def test_seen_hidden_and_unusable_are_three_things(tmp_path):
    likelihood = np.full((4, 4), 0.9)
    likelihood[1] = 0.1  # a good image without the animal
    likelihood[2] = np.nan  # a dark image
    likelihood[3, :3] = 0.1  # one body part only
    write(tmp_path / "p.parquet", likelihood)
    day = quality.load(tmp_path / "p.parquet")
    assert day.state.tolist() == ["seen", "hidden", "unusable", "hidden"]
    assert quality.counts(day) == {"seen": 2 - 1, "hidden": 2, "unusable": 1}
    assert quality.load(tmp_path / "p.parquet", Filters(min_parts=1)).state.tolist()[3] == "seen"
    assert day.good[0].all() and not day.good[1].any()
    assert np.array_equal(day.xy[0], walk(4)[0].astype(np.float32))


def test_a_day_without_rows(tmp_path):
    write(tmp_path / "p.parquet", np.empty((0, 4)))
    day = quality.load(tmp_path / "p.parquet")
    assert day.xy.shape == (0, 4, 2)
    assert quality.counts(day) == {"seen": 0, "hidden": 0, "unusable": 0}
