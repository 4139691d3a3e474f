"""A feature: the share of the time that an animal is within a body length of a corner of its cage."""

import numpy as np

from presage.config.distress import Features
from presage.homecage.features import kinematics
from presage.homecage.features.minutes import Scene, Track

PROVIDES = {"feature": {"corner_fraction": {"unit": "1"}}}


def corner_fraction(track: Track, scene: Scene, settings: Features) -> np.ndarray:
    """1 in a corner, 0 elsewhere, [frames]; NaN where the animal or the floor is not known."""
    centre = kinematics.centre(track.xy)
    if scene.arena is None or scene.length is None:
        return np.full(len(centre), np.nan)
    left, top, right, bottom = scene.arena
    x = np.minimum(np.abs(centre[:, 0] - left), np.abs(centre[:, 0] - right))
    y = np.minimum(np.abs(centre[:, 1] - top), np.abs(centre[:, 1] - bottom))
    return np.where(np.isfinite(centre[:, 0]), np.hypot(x, y) < scene.length, np.nan)
