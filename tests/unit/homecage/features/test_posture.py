"""Posture and place, on shapes whose answers are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from presage.homecage.features import kinematics, posture

FPS = 10.0
TIME = np.arange(100) / FPS
JOINED = kinematics.continuous(TIME, 1 / FPS)


def test_heading_is_the_direction_of_the_nose():
    back = np.zeros((4, 2))
    front = np.array([[1, 0], [0, 1], [-1, 0], [np.nan, 0]])
    assert posture.heading(front, back) == pytest.approx([0, np.pi / 2, np.pi, np.nan], nan_ok=True)


@given(st.floats(-3, 3))
def test_turning_is_the_angular_speed_whichever_way_and_over_the_seam(omega):
    angle = (omega * TIME + 3.0 + np.pi) % (2 * np.pi) - np.pi
    turning = posture.change_per_second(angle, TIME, JOINED, period=2 * np.pi)
    assert np.isnan(turning[:10]).all() and turning[10:] == pytest.approx(np.full(90, abs(omega)), abs=1e-9)


def test_change_does_not_cross_a_gap():
    time = np.r_[TIME[:50], TIME[50:] + 60]
    change = posture.change_per_second(3.0 * time, time, kinematics.continuous(time, 1 / FPS))
    assert np.isnan(change[50:60]).all() and change[60:] == pytest.approx(np.full(40, 3.0))
    assert np.isnan(posture.change_per_second(np.ones(1), np.zeros(1), np.zeros(1, bool))).all()
    assert np.isnan(posture.change_per_second(np.ones(5), TIME[:5], JOINED[:5])).all()  # shorter than a second


def test_acceleration_of_a_steady_start():
    speed = 4.0 * TIME
    assert np.nanmax(np.abs(posture.change_per_second(speed, TIME, JOINED) - 4.0)) < 1e-9


def test_hunch_rearing_and_grooming():
    length = np.array([60.0, 30.0, 30.0, np.nan])
    still = np.array([0.0, 0.0, 1.0, 0.0])
    assert posture.hunch(length, 60.0) == pytest.approx([0, 0.5, 0.5, np.nan], nan_ok=True)
    assert posture.rearing_proxy(length, still, 60.0) == pytest.approx([0, 1, 0, np.nan], nan_ok=True)
    head = np.array([50.0, 50.0, 1.0, np.nan])
    assert posture.grooming_proxy(head, np.array([1.0, 0.0, 1.0, 1.0]), 20.0) == pytest.approx(
        [1, 0, 0, np.nan], nan_ok=True
    )


def test_walls_and_the_floor():
    points = np.array([[50.0, 40.0], [5.0, 40.0], [50.0, 79.0], [-10.0, 40.0], [np.nan, 1.0]])
    assert posture.wall_distance(points, (0, 0, 100, 80)) == pytest.approx([40, 5, 1, 0, np.nan], nan_ok=True)
    walk = np.random.default_rng(0).uniform([10, 20], [110, 90], (20_000, 2))
    assert posture.arena_of(walk) == pytest.approx((10, 20, 110, 90), abs=1.0)
    assert posture.arena_of(np.full((3, 2), np.nan)) is None


def test_visits_are_entries_that_were_seen():
    x = np.array([50.0, 5.0, 5.0, 50.0, np.nan, 5.0, 50.0, 5.0])
    inside = posture.in_zone(np.column_stack([x, np.zeros(8)]), (0.0, 0.0, 10.0))
    assert inside == pytest.approx([0, 1, 1, 0, np.nan, 1, 0, 1], nan_ok=True)
    joined = np.array([False, *[True] * 6, False])
    assert posture.visits(inside, joined) == pytest.approx([0, 1, 0, 0, np.nan, 0, 0, 0], nan_ok=True)


def test_distance_to_the_nearest_other():
    centres = np.array([[[0, 0], [0, 0]], [[3, 4], [np.nan, 0]], [[30, 40], [0, 7]]], dtype=float)
    near = posture.nearest_other(centres)
    assert near[:, 0] == pytest.approx([5, 5, 45]) and near[:, 1] == pytest.approx([7, np.nan, 7], nan_ok=True)
    assert np.isnan(posture.nearest_other(centres[:1])).all()
