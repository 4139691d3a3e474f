"""Measured effects find their alleles and tracks, or say which line does not."""

import pandas as pd
import pytest

from presage import tables
from presage.errors import UserError
from presage.sequence.variants.measured import read_measured
from presage.sequence.variants.places import Places
from presage.sequence.variants.sites import write_sites
from tests.unit.sequence.variants.cases import TRACKS, WINDOWS, random_genome


def measured(folder, genome, rows, header="chrom pos ref alt cell_type assay effect"):
    path = folder / "m.tsv"
    path.write_text("\n".join("\t".join(map(str, row)) for row in (header.split(), *rows)) + "\n")
    out = folder / "sites.parquet"
    write_sites(path, genome, Places(WINDOWS), out, None, max_length=20)
    found = tables.read(out, "sites")
    return found, read_measured(path, found, TRACKS, genome, 20)


def snv(text, pos):
    ref = text["chr1"][pos - 1]
    return "1", pos, ref, "A" if ref != "A" else "C"


def test_effects_by_type_and_by_track(tmp_path):
    genome, text = random_genome(tmp_path)
    late, early = snv(text, 90), snv(text, 50)
    deletions = [
        ("chr1", p, text["chr1"][p - 1 : p + 2], text["chr1"][p - 1]) for p in (208, 207)
    ]  # one, spelled twice
    rows = [
        (*late, "a", "atac", 0.5),
        (*early, "b", "rna", -1),
        *((*d, "b", "atac", e) for d, e in zip(deletions, (1, 3))),
    ]
    rows += [("chr1", 70, "<X>"[0], "<DEL>", "a", "atac", 9)]
    sites, found = measured(tmp_path, genome, rows)
    assert sites["pos"].tolist()[:2] == [49, 89] and len(sites) == 3
    expected = {(0, "b_rna+"): -1, (0, "b_rna-"): -1, (1, "a_atac"): 0.5, (2, "b_atac"): 2}
    assert {(s, t): e for s, t, e in found.effects.itertuples(index=False)} == expected
    assert found.left_out == {"symbolic": 1, "measured_again": 1}
    tables.write(tmp_path / "e.parquet", "calibration_effects", found.effects)
    header = "chrom pos ref alt track effect"
    _, by_track = measured(tmp_path, genome, [(*late, "a_rna+", 2)], header)
    assert by_track.effects.equals(pd.DataFrame({"site": [0], "track": ["a_rna+"], "effect": [2.0]}))


@pytest.mark.parametrize(
    ("cell_type", "assay", "effect", "what"),
    [
        ("c", "atac", 1, "line 2: cell_type c with assay atac is not fitted"),
        ("a", "", 1, r"line 2: cell_type a with assay \(none\) is not"),
        ("a", "atac", "high", r"line 2: effect is no number \(high\)"),
    ],
)
def test_rows_that_mean_nothing_are_one_line(tmp_path, cell_type, assay, effect, what):
    genome, text = random_genome(tmp_path)
    with pytest.raises(UserError, match=what):
        measured(tmp_path, genome, [(*snv(text, 50), cell_type, assay, effect)])
