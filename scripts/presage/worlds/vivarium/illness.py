"""How an illness develops: activity, severity and weight by time since onset.

Measured on ``relsa_tm_dss.txt`` (RELSA; DSS alone against controls, day k taken as the k-th 24 h after onset):

* activity, 8 telemetered mice, ratio to own day -1, over the 8 controls' ratio: 0.93, 1.04, 0.98, 0.74, 0.43, 0.36,
  0.38, 0.60, 0.70 on days 1-9; not recorded later. Days 10-13 (0.80, 0.88, 0.95, 1) are a guess after the return of the
  stress+DSS group. The fall on days 5-7 differs between mice by a CV of 0.17, day-to-day noise included: 0.15 here.
* weight, 16 mice, over 9 controls: 1.008, 1.000, 0.998, 0.992, 0.955, 0.937, 0.926, 0.940, 0.968, 0.982, 1 on days
  1-11. The loss on days 5-7 differs by a CV of 0.64, evenly to both sides; 11 of 16 reach -5 %, on days 5 (5 mice), 6
  (4) and 7 (2). It does not go with the loss of activity (r = 0.18), so both are drawn apart. The deepest loss is 16 %.
"""

from dataclasses import dataclass

import numpy as np

DSS_ACTIVITY = (0.93, 1.04, 0.98, 0.74, 0.43, 0.36, 0.38, 0.60, 0.70, 0.80, 0.88, 0.95, 1.0)
DSS_WEIGHT = (1.008, 1.0, 0.998, 0.992, 0.955, 0.937, 0.926, 0.940, 0.968, 0.982, 1.0)
RAMP_ACTIVITY = (0.95, 0.85, 0.74, 0.63, 0.52, 0.43)
RAMP_WEIGHT = (1.0, 0.99, 0.98, 0.965, 0.95, 0.935)
STEP_ACTIVITY = (0.5,)
STEP_WEIGHT = (0.99, 0.98, 0.965, 0.95, 0.94)
ACTIVITY_CV, WEIGHT_CV = 0.15, 0.64
FULL_FALL = 1 - DSS_ACTIVITY[4]  # severity 1 = the fall of activity on day 5 of DSS
END_POINT_WEIGHT = 0.80  # humane end point, share of the reference weight

_CURVES = {
    "dss": (DSS_ACTIVITY, DSS_WEIGHT),
    "ramp": (RAMP_ACTIVITY, RAMP_WEIGHT),
    "step": (STEP_ACTIVITY, STEP_WEIGHT),
}


@dataclass(frozen=True)
class Course:
    """One animal's illness by minute; all ones and zeros for a healthy one."""

    onset: float | None  # minute
    activity: np.ndarray  # float32 (minutes,): factor on activity
    severity: np.ndarray  # float32 (minutes,): 0 healthy, 1 as on day 5 of DSS; may pass 1
    weight: np.ndarray  # float32 (minutes,): factor on weight


def healthy(minutes: int) -> Course:
    """No illness."""
    one = np.ones(minutes, np.float32)
    return Course(None, one, np.zeros(minutes, np.float32), one)


def draw(shape: str, onset: float, minutes: int, effect: float, rng: np.random.Generator) -> Course:
    """An illness that begins at minute ``onset``; ``effect`` scales its depth, and each animal has its own.

    A curve's value of day k holds in the middle of the k-th 24 h after onset, linear in between, constant at the end.
    Some animals lose hardly any weight, as in the data.
    """
    activity_curve, weight_curve = _CURVES[shape]
    depth = effect * max(0.3, rng.normal(1.0, ACTIVITY_CV))
    loss = effect * max(0.0, rng.normal(1.0, WEIGHT_CV))
    elapsed = (np.arange(minutes) - onset) / 1440
    activity = np.maximum(_scaled(activity_curve, elapsed, depth), 0.05)
    severity = np.maximum(0.0, 1 - activity) / FULL_FALL
    weight = np.maximum(_scaled(weight_curve, elapsed, loss), 0.6)
    return Course(onset, *(v.astype(np.float32) for v in (activity, severity, weight)))


def _scaled(curve: tuple[float, ...], elapsed_days: np.ndarray, depth: float) -> np.ndarray:
    """``curve`` at ``elapsed_days``, its falls below 1 (not its rises) times ``depth``; 1 before onset."""
    knots = np.r_[0.0, np.arange(len(curve)) + 0.5]
    value = np.interp(elapsed_days, knots, np.r_[1.0, curve])
    return np.where(value < 1, 1 - depth * (1 - value), value)
