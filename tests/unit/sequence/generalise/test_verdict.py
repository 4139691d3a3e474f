"""Hold-outs in a sentence: the thresholds, and what is said."""

import pandas as pd
import pytest

from presage import tables
from presage.sequence.generalise.verdict import FAILS, GENERALISES, IN_PART, UNTOLD, sentence, verdicts


def table(held, fitted=0.6, fitted_low=0.5, low=None):
    """A hold-out whose decoder has ``held``, beside a nearest head that does not count."""
    common = {"axis": "cell_type", "held_out": "x", "metric": "bin_pearson", "group": "all", "assay": "all", "n": 9}
    common |= {"model": "lora", "split": "test", "seed": None, "simulated": True}
    rows = [
        {"predictor": "in_sample", "value": fitted, "ci_low": fitted_low, "primary": False},
        {"predictor": "decoder", "value": held, "ci_low": held - 0.1 if low is None else low, "primary": True}
        | {"drop": fitted - held, "drop_low": fitted - held - 0.05, "drop_high": fitted - held + 0.05}
        | {"retained": held / fitted},
        {"predictor": "nearest_head", "value": 0.01, "ci_low": 0.0, "primary": False, "retained": 0.02},
    ]
    frame = pd.DataFrame([{**common, **row} for row in rows])
    return frame.reindex(columns=tables.SCHEMAS["generalise"].names)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"held": 0.58}, GENERALISES),
        ({"held": 0.65}, GENERALISES),
        ({"held": 0.5}, IN_PART),
        ({"held": 0.29}, FAILS),
        ({"held": 0.5, "low": -0.1}, FAILS),
        ({"held": 0.5, "fitted_low": -0.1}, UNTOLD),
    ],
)
def test_verdicts(arguments, expected):
    (row,) = verdicts(table(**arguments)).to_dict("records")
    assert row["verdict"] == expected and row["predictor"] == "decoder"
    said = sentence(pd.Series(row))
    assert said.startswith("Held out, cell type x:") and (expected in said or "cannot be told" in said)


def test_a_model_that_had_learned_little_is_said_to():
    (row,) = verdicts(table(0.58).assign(ceiling=0.95)).to_dict("records")
    assert "Little could be lost: with it the model reaches 0.60 of a ceiling of 0.95" in sentence(pd.Series(row))
    (row,) = verdicts(table(0.58).assign(ceiling=0.7)).to_dict("records")
    assert "Little" not in sentence(pd.Series(row))


def test_nothing_held_out():
    assert verdicts(tables.empty("generalise")).empty
