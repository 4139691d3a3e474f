"""Exports: a bigWig that other programs read, and contributions as TF-MoDISco and tangermeme have them."""

import numpy as np
import pyBigWig
import pytest

from presage import tables
from presage.sequence.mutagenesis.export import arrays, write_bigwigs
from presage.sequence.mutagenesis.seqlets import importance
from tests.unit.sequence.mutagenesis.test_seqlets import table


@pytest.fixture
def saturated():
    import pandas as pd

    held = np.array([0.5, -0.25, 0.0, 1.0, 2.0])
    return pd.concat([table("ACNGT", held), table("ACNGT", -held, track="b_rna+")], ignore_index=True)


def test_bigwigs_hold_importance_and_nothing_where_there_is_no_base(saturated, tmp_path):
    files = write_bigwigs(tmp_path / "bw", saturated, {"chr1": 200, "chr2": 50})
    assert [file.name for file in files] == ["a_atac.bw", "b_rna+.bw"]
    with pyBigWig.open(str(files[1])) as found:
        assert found.chroms() == {"chr1": 200, "chr2": 50}
        values = found.values("chr1", 98, 107)
    np.testing.assert_array_equal(values, [np.nan] * 2 + [-0.5, 0.25, np.nan, -1.0, -2.0] + [np.nan] * 2)
    again = write_bigwigs(tmp_path / "again", saturated, {"chr1": 200, "chr2": 50})
    assert [a.read_bytes() for a in files] == [b.read_bytes() for b in again]


def test_arrays_are_laid_out_for_modisco(saturated):
    found = arrays(saturated)
    assert {name: part.shape for name, part in found.items()} == {
        "one_hot": (1, 5, 4),
        "hypothetical/a_atac": (1, 5, 4),
        "hypothetical/b_rna+": (1, 5, 4),
    }
    assert found["one_hot"][0].sum(axis=1).tolist() == [1, 1, 0, 1, 1]
    assert found["one_hot"][0].argmax(axis=1)[[0, 1, 3, 4]].tolist() == [0, 1, 2, 3]
    hypothetical = found["hypothetical/a_atac"]
    np.testing.assert_allclose(hypothetical.sum(axis=2), 0, atol=1e-6)
    projected = (hypothetical * found["one_hot"]).sum(axis=2)[0]
    held = importance(saturated[saturated["track"] == "a_atac"]).reindex(range(100, 105), fill_value=0.0)
    np.testing.assert_allclose(projected, 0.75 * held, atol=1e-6)


def test_hypothetical_contributions_are_tangermemes():
    tangermeme = pytest.importorskip("tangermeme.saturation_mutagenesis")
    import torch

    rng = np.random.default_rng(0)
    weights = torch.from_numpy(rng.normal(size=(4, 12)))

    class Additive(torch.nn.Module):
        def forward(self, x):
            return (x * weights).sum((1, 2))[:, None]

    text = "".join(rng.choice(list("ACGT"), 12))
    x = torch.tensor([[[float(letter == base) for letter in text] for base in "ACGT"]], dtype=torch.float64)
    expected = tangermeme.saturation_mutagenesis(Additive(), x, hypothetical=True, device="cpu", dtype=torch.float64)
    rows = table(text, np.zeros(12))
    codes = ["ACGT".index(letter) for letter in text]
    for i, row in rows.iterrows():
        at = row["pos"] - 100
        if row["alt"] != "-":
            rows.loc[i, "log_fc"] = float(weights["ACGT".index(row["alt"]), at] - weights[codes[at], at])
    np.testing.assert_allclose(arrays(rows)["hypothetical/a_atac"][0].T, expected[0], atol=1e-6)


def test_nothing_to_export(tmp_path):
    assert write_bigwigs(tmp_path / "bw", tables.empty("ism"), {"chr1": 5}) == []
    assert (tmp_path / "bw").is_dir()
    assert arrays(tables.empty("ism"))["one_hot"].shape == (1, 0, 4)
