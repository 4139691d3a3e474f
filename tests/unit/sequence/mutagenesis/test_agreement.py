"""Agreement with a reporter assay: r, its interval by blocks of positions, what is left out."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr

from presage import tables
from presage.config.ism import Mpra
from presage.sequence.mutagenesis.agreement import MEAN, agreement

SETTINGS = Mpra(table="t", bootstrap=400)


def made_up(n=200, signal=0.7, seed=0, smooth=1):
    """Effects of two tracks in one background; neighbours share their errors over ``smooth`` positions."""
    rng = np.random.default_rng(seed)
    pos = np.arange(n) // 4
    shared = np.repeat(rng.normal(size=n // 4 // smooth + 1), smooth)[pos]
    measured = rng.normal(size=n) if smooth == 1 else shared
    noise = rng.normal(size=n) if smooth == 1 else np.repeat(rng.normal(size=n // 4 // smooth + 1), smooth)[pos]
    base = pd.DataFrame(
        {
            "element": "E",
            "chrom": "5",
            "pos": 1000 + pos,
            "ref": "A",
            "alt": np.tile(list("CGT-"), n // 4),
            "measured": measured,
            "barcodes": pd.array(np.where(np.arange(n) % 10 == 0, 3, 50), "Int64"),
            "background": "n",
            "log_fc_sd": np.nan,
            "assay": "atac",
        }
    )
    up = base.assign(track="up", cell_type="a", log_fc=signal * measured + noise)
    down = base.assign(track="down", cell_type="b", log_fc=-2.0 * measured)
    return pd.concat([up, down], ignore_index=True)[tables.SCHEMAS["mpra_effects"].names]


def test_r_of_each_track_and_kind(tmp_path):
    effects = made_up()
    found = agreement(effects, SETTINGS)
    tables.write(tmp_path / "m.parquet", "mpra", found)
    rows = found.set_index(["track", "kind"])
    kept = effects[(effects["track"] == "up") & (effects["barcodes"] >= 10)]
    for kind, part in (("all", kept), ("snv", kept[kept["alt"] != "-"]), ("deletion", kept[kept["alt"] == "-"])):
        one = rows.loc["up", kind]
        assert one["pearson"] == pytest.approx(pearsonr(part["log_fc"], part["measured"]).statistic)
        assert one["spearman"] == pytest.approx(spearmanr(part["log_fc"], part["measured"]).statistic)
        assert one["pearson_low"] < one["pearson"] < one["pearson_high"]
        assert one["n"] == len(part)
    assert rows.loc["up", "all"]["left_out"] == 20
    assert rows.loc["down", "all"]["pearson"] == pytest.approx(-1)
    mean = kept["log_fc"].to_numpy() + effects[(effects["track"] == "down") & (effects["barcodes"] >= 10)]["log_fc"]
    assert rows.loc[MEAN, "all"]["pearson"] == pytest.approx(pearsonr(mean, kept["measured"]).statistic)


def test_intervals_are_wider_where_neighbours_go_together():
    """Eighty positions of one error each are not as many changes: blocks say so, single positions do not."""
    effects = made_up(n=800, smooth=20)
    wide, narrow = (
        agreement(effects, SETTINGS.model_copy(update={"block": block})).set_index(["track", "kind"]).loc["up", "all"]
        for block in (20, 1)
    )
    widths = [one["pearson_high"] - one["pearson_low"] for one in (wide, narrow)]
    assert widths[0] > 1.5 * widths[1]


def test_too_few_and_flat_give_nothing():
    few = agreement(made_up(n=4), SETTINGS).set_index(["track", "kind"])
    assert np.isnan(few.loc["up", "deletion"]["pearson"])
    flat = agreement(made_up().assign(log_fc=1.0), SETTINGS)
    assert flat["pearson"].isna().all()
