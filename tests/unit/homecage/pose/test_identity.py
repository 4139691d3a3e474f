"""Swaps and doubts against tracks that were swapped on purpose."""

import numpy as np
import pytest

from presage.homecage.pose.identity import Identity, identity
from presage.homecage.pose.quality import SEEN, PoseDay

SPAN = 10.0


def group(paths, animals=("a", "b", "c"), seconds=0.1, segment=None):
    """A day of ``paths`` [animal][sample, 2]: one body part each."""
    n = len(paths[0])
    xy = np.stack(paths[: len(animals)], axis=1).reshape(-1, 1, 2).astype(np.float32)
    frame = np.repeat(np.arange(n), len(paths))
    segment = np.zeros(n, dtype=int) if segment is None else segment
    start = np.datetime64("2026-05-01T00:00:00", "us")
    time = start + np.round(frame * seconds * 1e6).astype("timedelta64[us]")
    good = np.isfinite(xy).all(axis=-1)
    rows = len(frame)
    return PoseDay(
        ("nose",), time, np.repeat(segment, len(paths)), frame, np.tile(animals, n), xy,
        np.ones((rows, 1), np.float32), good, np.repeat(SEEN, rows),
    )  # fmt: skip


@pytest.fixture
def apart():
    """Three animals that walk slowly and far from each other."""
    n = 50
    return [np.column_stack([np.arange(n) * 0.5 + 100 * k, np.full(n, 40.0 * k)]) for k in range(3)]


def test_far_apart_nobody_is_in_doubt(apart):
    assert identity(group(apart), SPAN) == Identity(pairs=3 * 49, swaps=0, doubtful=0)
    assert identity(group(apart), SPAN).safe(1.0)


def test_each_swap_is_counted(apart):
    for at in (10, 30, 31):
        apart[0][at:], apart[2][at:] = apart[2][at:].copy(), apart[0][at:].copy()
    found = identity(group(apart), SPAN)
    assert (found.swaps, found.doubtful) == (3, 6)  # the third animal, in the middle, might have had a part in it
    assert found.confidence == pytest.approx(1 - 9 / 147) and not found.safe(0.5)


def test_animals_in_a_heap_are_in_doubt(apart):
    apart[1][20:30] = apart[0][20:30] + 1.0
    found = identity(group(apart), SPAN)
    assert found.swaps == 0 and 9 <= found.doubtful <= 11
    assert found.safe(0.9) and not found.safe(0.99)


def test_what_was_not_seen_or_is_long_ago_says_nothing(apart):
    assert identity(group(apart, seconds=5.0), SPAN).pairs == 0
    halves = np.repeat([0, 1], 25)
    assert identity(group(apart, segment=halves), SPAN).pairs == 3 * 48
    apart[0][10:20] = np.nan
    assert identity(group(apart), SPAN).pairs == 3 * 49 - 2 * 11


def test_one_animal_is_itself(apart):
    alone = identity(group(apart[:1], animals=("a",)), SPAN)
    assert alone == Identity(0, 0, 0) and alone.confidence is None


def test_real_group_of_three(real_data):
    """The maDLC file of the repository: three mice, tracked by somebody else."""
    from presage.homecage.pose.quality import typical_span
    from presage.homecage.pose_files import readers

    pose = readers.read(real_data / "pose/formats/testDLC_h5_table_madlc.h5")
    n, animals, parts = pose.likelihood.shape
    time = np.datetime64("2026-05-01", "us") + np.repeat(np.arange(n) * 33_333, animals).astype("timedelta64[us]")
    xy, likelihood = pose.xy.reshape(-1, parts, 2), pose.likelihood.reshape(-1, parts)
    good = likelihood > 0.6
    frame = np.repeat(np.arange(n), animals)
    day = PoseDay(
        pose.bodyparts, time, frame * 0, frame, np.tile(pose.animals, n), xy, likelihood, good, np.repeat(SEEN, len(xy))
    )
    found = identity(day, typical_span(xy, good))
    assert found.pairs > 0.3 * (n - 1) and found.swaps <= 0.02 * found.pairs
