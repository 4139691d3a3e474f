"""What a mouse does, minute by minute: explore, feed, rest quietly, sleep; in the nest or not, seen or buried.

Nested two-state chains whose occupancy follows the light cycle. Rates are those of 170 mice of 16 strains
(``mousestyles``: probability of the active state, and distance per active time, in eleven 2-hour bins). The file does
not say when its bins begin: the sharp rise is taken for lights-off, which leaves ZT6-8 unrecorded (0.10 and 2.9 there
are guesses). Both peaks are in the data: at lights-off, and a weaker one before lights-on.
"""

from dataclasses import dataclass

import numpy as np

from presage.worlds.vivarium.clock import LIGHT_H, Clock
from presage.worlds.vivarium.illness import Course
from presage.worlds.vivarium.mice import Mouse

EXPLORE, FEED, QUIET, ASLEEP = range(4)

_MIDDLE = np.arange(1.0, 24.0, 2.0)  # ZT of the 2-hour bins
P_ACTIVE = np.array([0.19, 0.09, 0.07, 0.10, 0.14, 0.26, 0.69, 0.58, 0.51, 0.40, 0.34, 0.36])
VIGOUR = np.array([2.7, 2.1, 2.0, 2.9, 3.7, 3.3, 3.8, 3.2, 2.6, 2.6, 2.6, 2.8]) / 2.8
# Exploring speed (cm/s, pauses included) that gives the median strain's 365 m in 22 h.
EXPLORE_CM_S = 1.8
FEED_SHARE = 0.25  # of active time
# Minutes over which being active is forgotten: 1 / (1 / 11.1 + 1 / 3.5) from the mean active and still bouts of the
# dark phase in ``mice_rhythms`` (2.2 in the light).
RELAXATION = 2.5

# Means by state, in the order above: speed as a share of exploring speed, share of the time immobile, body length.
SPEED = np.array([1.0, 0.12, 0.02, 0.0])
STILL = np.array([0.40, 0.55, 0.93, 0.995])
LENGTH = np.array([1.0, 0.92, 0.85, 0.72])

# Day-to-day CV of a night's distance that bouts and slow swings make on their own (test_vivarium measures it).
BOUT_CV = 0.095
# Day level shared by the mice of a room: SD of the mean log night level over 26 mice in ``mice_rhythms``.
ROOM_SD = 0.05
# The light phase varies more: CV 0.37 in ``mice_rhythms``.
LIGHT_EXTRA_SD = 0.25

HUNCH = 0.12  # loss of body length at severity 1
LEAVES_NEST = 0.35  # added share of rest bouts outside the nest at severity 1
BURIES = 0.10  # added share of nest bouts under the material at severity 1


@dataclass(frozen=True)
class Minutes:
    """One animal's minutes; every array has the shape (minutes,)."""

    state: np.ndarray  # uint8: EXPLORE, FEED, QUIET or ASLEEP
    nest: np.ndarray  # bool: rests in the nest
    hidden: np.ndarray  # bool: under nest material, so that the camera sees no animal
    speed: np.ndarray  # float32: cm/s, mean over the minute
    still: np.ndarray  # float32: share of the minute immobile
    length: np.ndarray  # float32: body length over the animal's stretched healthy length


def simulate(
    mouse: Mouse,
    clock: Clock,
    course: Course,
    room: np.ndarray,
    disturbed: np.ndarray,
    nestless: np.ndarray,
    rng: np.random.Generator,
) -> Minutes:
    """Minutes of ``mouse`` over the whole clock.

    ``room`` (days,): shared log level of each day. ``disturbed`` (minutes,): factor of husbandry on activity, 1
    without. ``nestless`` (minutes,) bool: hours after a cage change, when there is no proper nest.
    """
    day_log = _day_level(mouse, clock, room, rng)
    swing = _slow_swing(clock.minutes, rng)
    # The square roots split every factor between how often and how fast, so that distance takes the whole of it.
    push = np.exp(0.5 * (day_log + swing)) * disturbed
    p_active = np.clip(by_zt(P_ACTIVE, clock.zt) * mouse.level**0.4 * push, 0.01, 0.95) * np.sqrt(course.activity)
    active = switch(p_active, RELAXATION, rng)
    explore = switch(np.full(clock.minutes, 1 - FEED_SHARE), RELAXATION, rng)
    asleep = switch(np.where(clock.dark, 0.7, 0.8), 10.0, rng)
    state = np.where(active, np.where(explore, EXPLORE, FEED), np.where(asleep, ASLEEP, QUIET)).astype(np.uint8)

    nest, hidden = _shelter(mouse, active, course.severity, nestless, rng)
    vigour = by_zt(VIGOUR, clock.zt) * mouse.level**0.6 * np.exp(0.5 * (day_log + swing)) * np.sqrt(course.activity)
    gait = np.exp(rng.normal(-0.06, 0.35, clock.minutes))
    speed = EXPLORE_CM_S * vigour * gait * SPEED[state]
    still = np.clip(STILL[state] + rng.normal(0, 0.06, clock.minutes) * (state <= FEED), 0, 1)
    length = LENGTH[state] * (1 - HUNCH * course.severity)
    return Minutes(state, nest, hidden, *(v.astype(np.float32) for v in (speed, still, length)))


def by_zt(table: np.ndarray, zt: np.ndarray) -> np.ndarray:
    """A 2-hour table at ``zt`` (h), linear within the light and within the dark phase, with a sharp switch between."""
    zt = np.minimum(zt, 24.0)
    half = len(table) // 2
    light = np.interp(zt, _MIDDLE[:half], table[:half])
    return np.where(zt < LIGHT_H, light, np.interp(zt, _MIDDLE[half:], table[half:]))


def switch(p: np.ndarray, relaxation: float, rng: np.random.Generator) -> np.ndarray:
    """A two-state Markov chain, bool (minutes,): on with probability ``p``, forgetting within ``relaxation`` minutes.

    Each minute draws "on" with p / relaxation, "off" with (1 - p) / relaxation, else nothing, and the last draw holds:
    the chain's exact law without a loop. ``relaxation`` is at least 1.
    """
    u = rng.random(len(p))
    on = u < p / relaxation
    drawn = on | (u >= 1 - (1 - p) / relaxation)
    drawn[0], on[0] = True, rng.random() < p[0]
    return on[_hold(drawn)]


def _hold(marks: np.ndarray) -> np.ndarray:
    """Index of the last mark at or before each position; the first position must be a mark."""
    return np.maximum.accumulate(np.where(marks, np.arange(len(marks)), 0))


def _day_level(mouse: Mouse, clock: Clock, room: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Log level of the day at each minute, mean factor 1: the mouse's own, the room's, and more in the light phase."""
    own = np.sqrt(max(mouse.night_cv**2 - BOUT_CV**2 - ROOM_SD**2, 0.02**2))
    days = len(clock.dates)
    night = rng.normal(-(own**2) / 2, own, days) + room
    light = night + rng.normal(-(LIGHT_EXTRA_SD**2) / 2, LIGHT_EXTRA_SD, days)
    return np.where(clock.dark, night[clock.day], light[clock.day])


def _slow_swing(
    minutes: int, rng: np.random.Generator, step: int = 10, hours: float = 1.0, sd: float = 0.15
) -> np.ndarray:
    """Ultradian swings: a log AR(1) of memory ``hours`` on a ``step``-minute grid, of mean factor 1."""
    count = -(-minutes // step)
    memory = np.exp(-step / (60 * hours))
    # scipy is not needed: the AR(1) is a short exponential filter of white noise.
    kernel = memory ** np.arange(int(8 * 60 * hours / step))
    white = rng.normal(0, sd * np.sqrt(1 - memory**2), count + len(kernel) - 1)
    return np.repeat(np.convolve(white, kernel, "valid") - sd**2 / 2, step)[:minutes]


def _shelter(
    mouse: Mouse, active: np.ndarray, severity: np.ndarray, nestless: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Where each rest bout is taken: (in the nest, buried there); decided when the bout begins."""
    begins = np.r_[True, active[1:] != active[:-1]]
    held = _hold(begins)
    loyalty = np.where(nestless, 0.3 * mouse.nest_loyalty, mouse.nest_loyalty) * (1 - LEAVES_NEST * severity)
    in_nest = (rng.random(len(active)) < loyalty)[held] & ~active
    buried = (rng.random(len(active)) < mouse.burrowing + BURIES * severity)[held]
    return in_nest, in_nest & buried
