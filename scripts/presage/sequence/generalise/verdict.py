"""Hold-outs in a sentence: what was lost, and whether that is little."""

import pandas as pd

METRIC = "bin_pearson"
LITTLE = 0.05
"""Share of the in-sample r that may be lost and still be called little."""
LEARNED = 2 / 3
"""Share of the noise ceiling below which the in-sample model itself has learned so little that its loss says little."""

GENERALISES, IN_PART, FAILS, UNTOLD = "generalises", "loses a part", "does not generalise", "cannot be told"


def verdicts(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each hold-out of a `generalise` table: ``axis held_out predictor value in_sample ceiling retained
    drop drop_low drop_high verdict``, by r over bins, the mean over the held-out tracks, of the predictor that counts.

    ``generalises``: at most :data:`LITTLE` of the in-sample r is lost; ``does not generalise``: more than half of it
    is, or the prediction is not shown to be above 0; ``loses a part``: what is between; ``cannot be told``: the model
    that was fitted with it is not shown to be above 0 either.
    """
    whole = (table["metric"] == METRIC) & (table["group"] == "all") & (table["assay"] == "all") & table["seed"].isna()
    rows = []
    for (axis, held), part in table[whole].groupby(["axis", "held_out"], sort=False):
        base, own = part[part["predictor"] == "in_sample"], part[part["primary"]]
        if base.empty or own.empty:
            continue
        one, fitted = own.iloc[0], base.iloc[0]
        row = {"axis": axis, "held_out": held, "in_sample": fitted["value"]}
        row |= {key: one[key] for key in ("predictor", "value", "retained", "drop", "drop_low", "drop_high")}
        rows.append({**row, "ceiling": fitted["ceiling"], "verdict": _verdict(one, fitted)})
    columns = ["axis", "held_out", "predictor", "value", "in_sample", "ceiling", "retained"]
    columns += ["drop", "drop_low", "drop_high"]
    return pd.DataFrame(rows, columns=[*columns, "verdict"])


def _verdict(one: pd.Series, fitted: pd.Series) -> str:
    if not fitted["ci_low"] > 0 or pd.isna(one["retained"]):
        return UNTOLD
    if one["retained"] >= 1 - LITTLE:
        return GENERALISES
    return IN_PART if one["retained"] >= 0.5 and one["ci_low"] > 0 else FAILS


def sentence(row: pd.Series) -> str:
    """A verdict in words, with its numbers."""
    what = f"{str(row['axis']).replace('_', ' ')} {row['held_out']}"
    if row["verdict"] == UNTOLD:
        return f"Held out, {what}: it cannot be told, since not even the model that was fitted with it predicts it"
    drop = f"drop {row['drop_low']:.3f} to {row['drop_high']:.3f}"
    values = f"r {row['value']:.3f} against {row['in_sample']:.3f} with it ({drop})"
    said = f"Held out, {what}: {row['verdict']}; {values}, by the {str(row['predictor']).replace('_', ' ')}"
    if row["ceiling"] > 0 and row["in_sample"] < LEARNED * row["ceiling"]:
        reached = f"{row['in_sample']:.2f} of a ceiling of {row['ceiling']:.2f}"
        said += f". Little could be lost: with it the model reaches {reached}"
    return said
