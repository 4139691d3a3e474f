"""Reporter assays: the table as published, elements rebuilt from it, and predictions against plain ones."""

import gzip

import numpy as np
import pandas as pd
import pytest

from presage import tables
from presage.config.ism import Mpra
from presage.errors import UserError
from presage.sequence.mutagenesis.mpra import effects, embed, read_assay, rebuild
from presage.sequence.reference.genome import encode
from tests.unit.sequence.mutagenesis.slow import coverage
from tests.unit.sequence.variants.cases import SHAPE, SLUGS, TRACKS, small_model

HEADER = "Chrom\tPos\tRef\tAlt\tBarcodes\tDNA\tRNA\tCoefficient\tpValue\tElement\tRelease\n"


def line(pos, ref, alt, coefficient, element="E", barcodes=20, release="GRCh38"):
    return f"5\t{pos}\t{ref}\t{alt}\t{barcodes}\t1\t1\t{coefficient}\t0.5\t{element}\t{release}\n"


def write(tmp_path, *lines):
    path = tmp_path / "assay.tsv.gz"
    with gzip.open(path, "wt") as out:
        out.write(HEADER + "".join(lines))
    return path


def element_lines(text, rng, start=1001, element="E"):
    """Every substitution and deletion of ``text``, measured at random."""
    return [
        line(start + i, ref, alt, round(float(rng.normal()), 4), element)
        for i, ref in enumerate(text)
        for alt in "ACGT-"
        if alt != ref
    ]


def test_a_table_as_published(tmp_path):
    path = write(
        tmp_path,
        line(11, "A", "C", 0.5, "F", barcodes=3),
        line("1.2e+01", "G", "-", -0.25),
        line(11, "A", "C", 0.75, release="GRCh37"),
        line(13, "AC", "A", 9),
        line("", "A", "C", 9),
        line(12, "G", "A", 0.125),
    )
    rows, others = read_assay(path, "GRCh38", [])
    assert others == 2
    assert rows.to_dict("list") == {
        "element": ["F", "E", "E"],
        "chrom": ["5", "5", "5"],
        "pos": [10, 11, 11],
        "ref": ["A", "G", "G"],
        "alt": ["C", "-", "A"],
        "measured": [0.5, -0.25, 0.125],
        "barcodes": [3, 20, 20],
    }
    assert read_assay(path, "GRCh38", ["E"])[0]["alt"].tolist() == ["-", "A"]


def test_without_barcodes_and_release(tmp_path):
    path = tmp_path / "plain.tsv"
    path.write_text("Chrom\tPos\tRef\tAlt\tCoefficient\tElement\n1\t5\tA\tC\t0.5\tE\n")
    rows, _ = read_assay(path, "GRCh38", [])
    assert rows["barcodes"].isna().all()


@pytest.mark.parametrize(
    ("lines", "elements", "said"),
    [
        ([line(1, "A", "C", 1)], ["G"], r"mpra\.elements: .* has no 'G'; it has E"),
        ([line(1, "A", "C", 1, release="hg19")], ["E"], "it has nothing of this release"),
        ([line("x", "A", "C", 1)], [], "column Pos holds x"),
        ([line(1.5, "A", "C", 1)], [], "column Pos holds 1.5"),
    ],
)
def test_refusals(tmp_path, lines, elements, said):
    with pytest.raises(UserError, match=said):
        read_assay(write(tmp_path, *lines), "GRCh38", elements)


def test_a_table_without_its_columns_or_none_at_all(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("Chrom\tPos\n1\t2\n")
    with pytest.raises(UserError, match="has no column Ref"):
        read_assay(path, "GRCh38", [])
    with pytest.raises(UserError, match="cannot be read as a table"):
        read_assay(tmp_path / "none.tsv", "GRCh38", [])


def test_elements_are_rebuilt_from_their_own_bases(tmp_path):
    text = "ACGTTG"
    lines = [one for i, one in enumerate(element_lines(text, np.random.default_rng(0))) if i // 4 != 2]
    rows, _ = read_assay(write(tmp_path, *lines), "GRCh38", [])
    element = rebuild(rows)
    assert element.name == "E"
    assert element.start == 1000
    assert element.codes.tolist() == [0, 1, 4, 3, 3, 2]  # the third base is nowhere in the table
    twice = pd.concat([rows, rows.iloc[:1].assign(ref="G")])
    with pytest.raises(UserError, match="has two reference bases at 1001"):
        rebuild(twice)


def test_elements_lie_in_the_middle_of_what_was_asked_for(tmp_path):
    rows, _ = read_assay(write(tmp_path, *element_lines("ACGTTG", np.random.default_rng(0))), "GRCh38", [])
    element = rebuild(rows)
    left, stretch = embed(element, 20, "n", 1)
    assert left == 7
    assert stretch.codes.tolist() == [4] * 8 + encode("ACGTTG").tolist() + [4] * 8
    random = [embed(element, 200, "random", seed)[1].codes for seed in (1, 1, 2)]
    assert (random[0] == random[1]).all()
    assert (random[0] != random[2]).any()
    assert random[0].max() == 3
    assert random[0][1 + 97 : 1 + 103].tolist() == encode("ACGTTG").tolist()


@pytest.mark.parametrize("background", ["n", "random"])
def test_predictions_equal_plain_ones(tmp_path, background):
    text = "GATTACAAAG"
    rows, _ = read_assay(write(tmp_path, *element_lines(text, np.random.default_rng(0))), "GRCh38", [])
    settings = Mpra(table="t", backgrounds=(background,), batch_size=7)
    models, columns = [small_model(1), small_model(2)], np.array([1, 4])
    found = effects(models, columns, TRACKS, rows, settings)
    tables.write(tmp_path / "e.parquet", "mpra_effects", found)
    assert len(found) == len(rows) * 2
    left, stretch = embed(rebuild(rows), SHAPE.context, background, 1)
    whole = "".join("ACGTN"[b] for b in stretch.codes)
    first = (SHAPE.context - SHAPE.out_bins * 8) // 2
    own = [b for b in range(SHAPE.out_bins) if first + 8 * b < left + len(text) and first + 8 * b + 8 > left]
    for (pos, alt), part in found.groupby(["pos", "alt"]):
        at, each = left + pos - 1000, []
        for model in models:
            for reverse in (False, True):
                ref = coverage(model, whole[1:-1], reverse)
                if alt == "-":
                    while whole[at] == whole[at + 1]:
                        at -= 1
                    new = whole[: at + 1] + whole[at + 2 :]
                    left_, right_ = (coverage(model, w, reverse) for w in (new[1:], new[:-1]))
                    out = np.array([left_[b] if first + 8 * b <= at else right_[b] for b in range(SHAPE.out_bins)])
                else:
                    new = whole[: at + 1] + alt + whole[at + 2 :]
                    out = coverage(model, new[1:-1], reverse)
                each.append(np.log2((out[own].sum(0) + 1) / (ref[own].sum(0) + 1)))
        assert part["track"].tolist() == [SLUGS[1], SLUGS[4]]
        np.testing.assert_allclose(part["log_fc"], np.mean(each, axis=0)[columns], atol=1e-5)
    assert found["log_fc"].abs().max() > 1e-3


def test_a_draw_of_changes_repeats_itself_and_counts(tmp_path):
    rng = np.random.default_rng(0)
    lines = element_lines("GATTACA", rng) + element_lines("CCAGT", rng, 2001, "F")
    rows, _ = read_assay(write(tmp_path, *lines), "GRCh38", ["F", "E"])
    settings = Mpra(table="t", backgrounds=("n",), rc=False, most=6)
    found = [effects([small_model(1)], np.array([4]), TRACKS, rows, settings) for _ in range(2)]
    assert found[0].equals(found[1])
    assert found[0].groupby("element", sort=False).size().to_dict() == {"F": 6, "E": 6}
    assert found[0]["log_fc_sd"].isna().all()


def test_an_element_longer_than_the_output(tmp_path):
    text = "ACGT" * 50
    rows, _ = read_assay(write(tmp_path, *element_lines(text, np.random.default_rng(0))), "GRCh38", [])
    with pytest.raises(UserError, match="MPRA element E: is longer than the model's output"):
        effects([small_model(1)], np.array([4]), TRACKS, rows, Mpra(table="t", rc=False))


def test_the_published_table_is_read(real_data):
    rows, others = read_assay(real_data / "mpra" / "kircher_grch38.tsv.gz", "GRCh38", ["HBG1", "TERT-HEK"])
    assert others == 0
    assert rows.groupby("element", sort=False).size().to_dict() == {"HBG1": 907, "TERT-HEK": 975}
    lengths = [len(rebuild(part).codes) for _, part in rows.groupby("element", sort=False)]
    assert lengths == [274, 259]
