"""Names of daily features as people say them, who look at cages and have never seen a column name."""

_PHASE = {"night": " at night", "day": " by day", "all": ""}
_TIME = {
    "nest": "in the nest",
    "sleep": "asleep",
    "still_outside_nest": "still outside the nest",
    "rearing_proxy": "rearing (proxy)",
    "grooming_proxy": "grooming (proxy)",
}
"""Shares of time that are not said as they are called."""


def spoken(feature: str) -> str:
    """``night_distance`` -> "distance at night"; a share of time says so.

    >>> spoken("night_still_outside_nest_fraction"), spoken("all_body_length"), spoken("weight")
    ('time still outside the nest at night', 'body length', 'weight')
    """
    phase, _, name = feature.partition("_")
    if phase not in _PHASE or not name:
        phase, name = "all", feature
    bare = name.removesuffix("_fraction")
    if is_share(feature):
        name = f"time {_TIME.get(bare, bare)}"
    return f"{name.replace('_', ' ').strip()}{_PHASE[phase]}"


def is_share(feature: str) -> bool:
    """Whether a value of it is a share of time, 0 to 1, which people read in per cent."""
    return feature.endswith("_fraction")
