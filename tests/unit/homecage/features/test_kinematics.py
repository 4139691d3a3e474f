import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage.homecage.features import kinematics as k


def _circle(n: int, fps: float, radius: float, period_s: float) -> tuple[np.ndarray, np.ndarray]:
    time = np.arange(n) / fps
    angle = 2 * np.pi * time / period_s
    return time, radius * np.column_stack([np.cos(angle), np.sin(angle)])


def test_path_of_a_circle_is_its_circumference() -> None:
    time, points = _circle(1001, 10.0, 50.0, 100.0)
    path = np.nansum(k.steps(points, k.continuous(time, 0.1)))
    assert path == pytest.approx(2 * np.pi * 50.0, rel=1e-3)


def test_steps_and_speed_do_not_cross_a_gap() -> None:
    time = np.array([0, 1, 2, 100, 101, 102], dtype=float)
    points = np.array([[0, 0], [1, 0], [2, 0], [500, 0], [501, 0], [502, 0]], dtype=float)
    joined = k.continuous(time, 1.0)
    assert joined.tolist() == [False, True, True, False, True, True]
    assert np.isnan(k.steps(points, joined)[[0, 3]]).all()
    assert np.nanmax(k.steps(points, joined)) == 1.0
    assert k.speed(points, time, joined) == pytest.approx(np.ones(6))


def test_speed_of_jitter_does_not_grow_with_the_frame_rate() -> None:
    rng = np.random.default_rng(1)
    found = []
    for fps in (2.0, 30.0):
        n = int(600 * fps)
        time = np.arange(n) / fps
        points = rng.normal(0, 0.5, (n, 2))
        found.append(np.nanmedian(k.speed(points, time, k.continuous(time, 1 / fps))))
    assert found[1] == pytest.approx(found[0], rel=0.1)


def test_centre_ignores_unseen_parts_and_is_nan_without_any() -> None:
    xy = np.array([[[0, 0], [2, 4]], [[1, 1], [9, 9]], [[3, 3], [5, 5]]], dtype=float)
    seen = k.confident(xy, np.array([[1.0, 1.0], [0.9, 0.1], [0.0, np.nan]]), 0.5)
    centre = k.centre(seen)
    assert centre[:2].tolist() == [[1, 2], [1, 1]]
    assert np.isnan(centre[2]).all()


def test_despike_takes_out_one_misplaced_frame_only() -> None:
    points = np.column_stack([np.arange(7.0), np.zeros(7)])
    points[3, 1] = 90.0
    clean = k.despike(points, np.array([False] + [True] * 6))
    assert clean[3, 1] == 0.0
    assert np.abs(clean[:, 0] - np.arange(7)).max() <= 1.0


@given(st.integers(0, 2**16), st.floats(50, 400), st.floats(50, 400))
def test_densest_place_is_where_the_mouse_sleeps(seed: int, x: float, y: float) -> None:
    rng = np.random.default_rng(seed)
    asleep = rng.normal([x, y], 5.0, (300, 2))
    about = rng.uniform(0, 450, (200, 2))
    points = np.concatenate([asleep, about, np.full((5, 2), np.nan)])
    found = k.densest_place(points, 40.0)
    assert found is not None
    assert np.hypot(found[0] - x, found[1] - y) < 20.0


def test_densest_place_of_nothing() -> None:
    assert k.densest_place(np.full((3, 2), np.nan), 10.0) is None
