"""Saturation mutagenesis: the numbers against variant scoring, the picture by its content."""

import numpy as np
import pytest

from presage import tables
from presage.errors import UserError
from presage.sequence.mutagenesis.saturate import draw, importance, saturate
from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.effects import effects
from presage.sequence.variants.scorer import Scorer
from tests.unit.sequence.variants.cases import SHAPE, SLUGS, TRACKS, random_genome, small_model


def test_every_change_once_and_as_a_variant_is_scored(tmp_path):
    genome, text = random_genome(tmp_path)
    scorer = Scorer([small_model(1), small_model(2)], genome)
    table = saturate(scorer, "chr1", 120, 127, TRACKS, batch_size=4)
    tables.write(tmp_path / "ism.parquet", "ism", table)
    assert len(table) == 7 * 3 * len(SLUGS)
    assert {(p, r) for p, r in zip(table["pos"], table["ref"])} == {(p, text["chr1"][p]) for p in range(120, 127)}
    assert (table["ref"] != table["alt"]).all() and not table.duplicated(["pos", "alt", "track"]).any()
    # The region's middle base is the one that a variant's window is centred on.
    for alt, rows in table[table["pos"] == 123].groupby("alt"):
        variant = Variant("", "chr1", 123, text["chr1"][123], alt, 1)
        (expected,) = effects(scorer, 123 - 128, [variant]).scores["log_fc"]
        np.testing.assert_allclose(rows["log_fc"], expected, atol=1e-5)
        assert rows["track"].tolist() == SLUGS
    assert table["log_fc"].abs().max() > 1e-3


def test_bases_that_are_n_are_left_out(tmp_path):
    genome, _ = random_genome(tmp_path)
    table = saturate(Scorer([small_model(1)], genome), "chr1", 298, 306, TRACKS)
    assert sorted(set(table["pos"])) == [298, 299, 304, 305]
    assert saturate(Scorer([small_model(1)], genome), "chr1", 300, 304, TRACKS).empty


@pytest.mark.parametrize(
    ("region", "what"),
    [
        (("chr9", 1, 5), "no such contig"),
        (("chr1", 590, 601), "leaves the contig"),
        (("chr1", 5, 5), "is empty"),
        (("chr1", 0, SHAPE.out_bins * SHAPE.bin_size + 1), "longer than the model's output"),
    ],
)
def test_bad_regions(tmp_path, region, what):
    genome, _ = random_genome(tmp_path)
    with pytest.raises(UserError, match=what):
        saturate(Scorer([small_model(1)], genome), *region, TRACKS)


def test_importance_is_what_a_base_holds_up(tmp_path):
    import pandas as pd

    rows = pd.DataFrame({"pos": [3, 3, 3, 4, 4, 4], "log_fc": [-1.0, -2, -3, 0.5, 0.5, 0.5]})
    assert importance(rows).to_dict() == {3: 2.0, 4: -0.5}


def test_picture_is_deterministic_and_shows_the_strongest(tmp_path):
    genome, _ = random_genome(tmp_path)
    table = saturate(Scorer([small_model(1)], genome, rc=False), "chr1", 295, 308, TRACKS)
    draw(table, tmp_path / "a.svg", most=2)
    draw(table, tmp_path / "b.svg", most=2)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    strength = table.groupby("track")["log_fc"].agg(lambda v: v.abs().max()).sort_values(ascending=False)
    text = (tmp_path / "a.svg").read_text()
    assert f"<!-- {strength.index[0]} -->" in text and f"<!-- {strength.index[-1]} -->" not in text
    draw(table.iloc[:0], tmp_path / "empty.svg")
    draw(table, tmp_path / "chosen.png", tracks=["b_atac"])
    assert (tmp_path / "empty.svg").stat().st_size and (tmp_path / "chosen.png").stat().st_size
