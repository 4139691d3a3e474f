"""presage.homecage.readings.spoken: what a person reads in place of a column name."""

import pytest

from presage.homecage.readings.spoken import is_share, spoken


@pytest.mark.parametrize(
    ("feature", "said"),
    [
        ("night_distance", "distance at night"),
        ("day_hidden_fraction", "time hidden by day"),
        ("all_body_length", "body length"),
        ("weight_gain", "weight gain"),  # of a sensor, without a phase
        ("night", "night"),
        ("night_still_outside_nest_fraction", "time still outside the nest at night"),
        ("all_sleep_fraction", "time asleep"),
        ("all_food_fraction", "time food"),  # a zone of the study's own
    ],
)
def test_names_are_said_in_words(feature: str, said: str) -> None:
    assert spoken(feature) == said


def test_shares_of_time_are_told_from_amounts() -> None:
    assert is_share("night_nest_fraction") and not is_share("night_distance")
