"""Who lives in the cages: strain, level of activity, size, habits.

Strain levels are the 16 strains' mean distance over their median in ``mousestyles`` (170 mice; 11.2-fold between the
ends, 2.1-fold without the two fastest and the two slowest). Mice of one strain differ by a CV of 0.20
(``mice_rhythms``, night totals of 26 mice); the night-to-night CV is 0.17 on average there, 0.09-0.32 between mice.
"""

from dataclasses import dataclass

import numpy as np

# The first entries are the least unusual, so that a small world is not a race between extremes.
STRAIN_LEVELS = (1.12, 0.88, 1.32, 0.71, 1.14, 0.87, 1.12, 0.72, 0.82, 1.29, 1.42, 0.68, 0.52, 2.91, 0.43, 4.84)
COATS = (38, 72, 218, 100)  # black, agouti, white, grey: grey level by day
BETWEEN_MICE_CV = 0.20
NIGHT_CV_MEDIAN, NIGHT_CV_LOG_SD = 0.155, 0.36


@dataclass(frozen=True)
class Mouse:
    """What is constant about one animal."""

    name: str
    strain: str
    coat: int  # grey level by day, 0 to 255
    level: float  # distance relative to the median strain
    night_cv: float  # wanted day-to-day CV of the night's distance
    length_cm: float  # snout to tail base, stretched
    weight_g: float
    nest_loyalty: float  # share of rest bouts that are taken in the nest
    burrowing: float  # share of rest bouts in the nest under the nest material, unseen


def draw(name: str, strain: int, noise: float, rng: np.random.Generator) -> Mouse:
    """A mouse of strain number ``strain``; ``noise`` scales how restless its level is from day to day."""
    size = rng.normal(1.0, 0.05)
    return Mouse(
        name=name,
        strain=f"strain{strain + 1:02d}",
        coat=COATS[strain % len(COATS)],
        level=STRAIN_LEVELS[strain] * float(np.exp(rng.normal(-(BETWEEN_MICE_CV**2) / 2, BETWEEN_MICE_CV))),
        night_cv=noise * float(np.clip(NIGHT_CV_MEDIAN * np.exp(NIGHT_CV_LOG_SD * rng.normal()), 0.09, 0.32)),
        length_cm=8.5 * size,
        weight_g=25.0 * size**3,
        nest_loyalty=float(rng.beta(18, 2)),
        burrowing=float(rng.beta(3, 12)),
    )
