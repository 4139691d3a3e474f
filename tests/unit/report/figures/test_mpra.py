"""The picture of a reporter assay says which element, what surrounds it, and r with its interval."""

import pandas as pd

from presage.config.ism import Mpra
from presage.report.figures.mpra import scatter
from presage.report.style import drawn
from presage.sequence.mutagenesis.agreement import agreement
from tests.unit.sequence.mutagenesis.test_agreement import made_up


def test_every_element_and_background_with_its_numbers():
    settings = Mpra(table="t", bootstrap=100)
    parts = [made_up(seed=i).assign(element=e, background=b) for i, e in enumerate("EF") for b in ("n", "random")]
    effects = pd.concat(parts, ignore_index=True)
    table = agreement(effects, settings)
    text = drawn(scatter(effects, table, settings), "svg").decode()
    for words in ("E in unknown bases (N)", "F in random bases", "mean of tracks", "Pearson r (95 % CI)"):
        assert words in text
    one = table[(table["track"] == "mean of tracks") & (table["kind"] == "all")].iloc[0]
    assert f"r = {one['pearson']:.2f} ({one['pearson_low']:.2f} to" in text
    assert text == drawn(scatter(effects, table, settings), "svg").decode()
