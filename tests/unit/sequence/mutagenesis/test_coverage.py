"""Coverage before and after one change: which change, which bins, whose mean."""

import numpy as np
import pytest

from presage import tables
from presage.config.ism import AroundVariant
from presage.sequence.model.prediction import predict
from presage.sequence.mutagenesis.changes import Change
from presage.sequence.mutagenesis.coverage import coverage, shown_change
from presage.sequence.mutagenesis.regions import Place, locate
from presage.sequence.mutagenesis.saturate import Saturation, saturate, window
from presage.sequence.variants.scorer import Scorer
from tests.unit.sequence.mutagenesis.test_regions import GENES
from tests.unit.sequence.variants.cases import SHAPE, random_genome, small_model


def test_the_strongest_substitution_is_shown():
    found = Saturation(
        np.array([7, 7, 8, 8]),
        np.uint8([0, 0, 1, 1]),
        np.uint8([1, 4, 2, 3]),
        np.array([[0.1, 0], [9, 9], [0.3, -0.5], [0.4, 0.2]]),
        np.zeros((4, 2)),
    )
    shown = shown_change(found, Place("chr1", 5, 9), 3)
    assert shown == ("chr1:9:C:G", Change(5, 1, (2,)))
    assert shown_change(Saturation(*(part[:0] for part in found)), Place("chr1", 5, 9), 3) is None


@pytest.mark.parametrize("kind", ["snv", "deletion", "insertion"])
def test_of_a_variants_region_the_variant(tmp_path, kind):
    genome, text = random_genome(tmp_path)
    ref = text["chr1"][120:123]
    other = "ACGT"["TGCA".index(ref[0])]
    ref, alt = {"snv": (ref[0], other), "deletion": (ref, ref[0]), "insertion": (ref[0], "GGG")}[kind]
    place = locate("r", AroundVariant(variant=f"chr1:121:{ref}:{alt}", flank=5), genome, GENES)
    models = [small_model(1), small_model(2)]
    scorer, columns = Scorer(models, genome), np.array([5, 0])
    start, stretch = window(scorer, place)
    shown = shown_change(saturate(Scorer(models[:1], genome, rc=False), place, columns, batch_size=64), place, start)
    haplotype = text["chr1"][:120] + alt + text["chr1"][120 + len(ref) :]
    changed = "".join("ACGTN"[b] for b in stretch.changed(shown.change))
    begin = max(0, start)
    assert changed[begin - start :][:200] == haplotype[begin:][:200]
    found = coverage(scorer, place, columns, shown.change, margin=20)
    tables.write(tmp_path / "c.parquet", "ism_coverage", found)
    assert found["track"].unique().tolist() == ["b_atac", "a_rna+"]
    edge = start + (SHAPE.context - SHAPE.out_bins * SHAPE.bin_size) // 2
    near = [i for i in range(SHAPE.out_bins) if edge + 8 * i + 8 > place.start - 20 and edge + 8 * i < place.end + 20]
    assert found["start"].unique().tolist() == [edge + 8 * i for i in near]
    expected = np.mean([predict(m, stretch.window[None], r)[0].numpy() for m in models for r in (False, True)], axis=0)
    np.testing.assert_allclose(found["ref"].to_numpy().reshape(-1, 2), expected[near][:, columns], rtol=1e-5)
    assert (found["ref"] - found["alt"]).abs().max() > 1e-3
