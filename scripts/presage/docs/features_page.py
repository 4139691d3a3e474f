"""docs/reference/features.md: what is measured of a mouse, from the docstrings of the functions that measure it."""

import inspect
import re
from collections.abc import Callable
from typing import Any

from presage.docs.markdown import code, page, prose, summary, table
from presage.homecage.features import bouts, kinematics, minutes, posture
from presage.homecage.readings import rhythm_days, rhythms
from presage.homecage.readings.daily import PHASES

INTRO = """
Every camera feature is a row a minute in `features/<cage>/<date>.parquet` and in the long table
[readings](tables.md#readings); its unit stands in the row. Lengths are pixels, or mm where `features.mm_per_px` is
given; what hangs on the frame rate carries it in the unit. Days are means by phase, named `<phase>_<feature>`. Where
they go from there: [from behaviour to alarms](../alarms.md).
"""
BY: dict[str, Callable[..., Any]] = {
    "distance": kinematics.steps,
    "speed": kinematics.speed,
    "still_fraction": kinematics.speed,
    "sleep_fraction": bouts.asleep,
    "body_length": kinematics.distance_between,
    "nest_fraction": kinematics.densest_place,
    "still_outside_nest_fraction": kinematics.densest_place,
    "acceleration": posture.change_per_second,
    "turning": posture.change_per_second,
    "hunch_index": posture.hunch,
    "rearing_proxy_fraction": posture.rearing_proxy,
    "grooming_proxy_fraction": posture.grooming_proxy,
    "wall_distance": posture.wall_distance,
    "social_distance": posture.nearest_other,
    "<zone>_fraction": posture.in_zone,
    "<zone>_visits": posture.visits,
}
"""The function at the heart of each feature; ``hidden_fraction`` is counted, not computed."""
TOLD = {
    "distance": "Path of the body's centre.",
    "speed": "Net displacement of the body's centre over a second.",
    "still_fraction": "Share of the frames slower than `features.still_speed` body lengths a second.",
    "body_length": "Distance of the two `features.length_parts`.",
    "nest_fraction": "Share within `features.nest_radius` body lengths of the densest place of the light phase.",
    "still_outside_nest_fraction": "Share still and outside that place.",
    "acceleration": "Absolute change of `speed` per second.",
    "turning": "Absolute turn of the body axis per second.",
    "hidden_fraction": "Share of the usable frames in which no animal was found. A reading, not a gap.",
}
"""What the function's own docstring cannot say of a feature."""
_SHAPE = re.compile(r",? (?:float )?\[(?:animals, )?frames(?:, 2)?\]")


def features_page() -> str:
    """The page as text."""
    units = {**minutes.UNITS, **{f"<zone>_{name}": unit for name, unit in minutes.ZONE_UNITS.items()}}
    minute = table(("feature", "unit", "what", "computed by"), (_row(name, unit) for name, unit in units.items()))
    daily = [(code(f"all_{name}"), *_rhythm(name)) for name in (*rhythm_days.MEASURES, "is")]
    return page(
        "Features of behaviour",
        INTRO,
        f"## By the minute\n\n{prose(minutes.__doc__)}\n\n{minute}",
        f"## By the day\n\nPhases: {', '.join(map(code, PHASES))}. Beside the means, the rhythm of each cage-day.",
        prose(rhythms.__doc__),
        table(("feature", "unit", "what"), daily),
        prose(inspect.getdoc(rhythm_days.rhythm_days)),
    )


def _row(name: str, unit: str) -> tuple[str, ...]:
    function = BY.get(name)
    computed = f"{function.__module__.removeprefix('presage.')}.{function.__name__}" if function else ""
    told = TOLD.get(name) or _SHAPE.sub("", summary(inspect.getdoc(function)))
    return (code(name), unit, told, code(computed))


def _rhythm(name: str) -> tuple[str, str]:
    measures = {
        "day_night_ratio": rhythms.day_night_ratio,
        "iv": rhythms.intradaily_variability,
        "is": rhythms.interdaily_stability,
        "l5": rhythms.l5_m10,
        "m10": rhythms.l5_m10,
        "relative_amplitude": rhythms.relative_amplitude,
        "m10_onset": rhythms.m10_onset,
        "activity_onset": rhythms.activity_onset,
        "cosinor_amplitude": rhythms.relative_cosine,
        "acrophase": rhythms.acrophase,
        "entropy": rhythms.entropy,
    }
    over = " Over the daily mean, so without a unit." if name in ("l5", "m10") else ""
    return ("h" if name in rhythm_days.CLOCK_TIMES else "1", summary(inspect.getdoc(measures[name])) + over)
