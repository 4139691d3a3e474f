"""The tracks that a page shows are those that the scores were read from."""

import numpy as np
import pytest

from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.effects import effects
from presage.sequence.variants.predicted import predicted
from presage.sequence.variants.scorer import Scorer
from tests.unit.sequence.variants.cases import SLUGS, random_genome, small_model

TRACKS = ["b_atac", "a_rna+"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return random_genome(tmp_path_factory.mktemp("genome"))


def allele(text, pos, ref_length=1):
    ref = text["chr1"][pos : pos + ref_length]
    alt = ref[0] if ref_length > 1 else "A" if ref != "A" else "C"
    return Variant(f"chr1:{pos + 1}:{ref}:{alt}", "chr1", pos, ref, alt, 1)


@pytest.mark.parametrize("length", [1, 3])
def test_the_ratio_of_the_tracks_is_the_effect(study, length):
    genome, text = study
    scorer = Scorer([small_model(1)], genome, rc=False)
    site = allele(text, 150, length)
    found = predicted(scorer, site, TRACKS)
    assert found.tracks == TRACKS and found.ref.shape == found.alt.shape == (24, 2)
    ratio = np.log2((found.alt.sum(0) + 1) / (found.ref.sum(0) + 1))
    expected = effects(scorer, scorer.window(site), [site]).scores["log_fc"][0]
    np.testing.assert_allclose(ratio, expected[[SLUGS.index(track) for track in TRACKS]], atol=1e-5)


def test_replicates_are_averaged(study):
    genome, text = study
    site = allele(text, 150)
    single = [predicted(Scorer([small_model(seed)], genome, rc=False), site, TRACKS) for seed in (1, 2)]
    both = predicted(Scorer([small_model(1), small_model(2)], genome, rc=False), site, TRACKS)
    for name in ("ref", "alt"):
        mean = (getattr(single[0], name) + getattr(single[1], name)) / 2
        np.testing.assert_allclose(getattr(both, name), mean, atol=1e-6)


def test_bins_lie_where_the_variant_is_scored(study):
    genome, text = study
    scorer = Scorer([small_model(1)], genome, rc=True, shifts=(-1, 0, 1))
    site = allele(text, 150)
    edges = predicted(scorer, site, TRACKS).edges
    assert edges[0] == scorer.first_base(scorer.window(site)) and set(np.diff(edges)) == {8}
    assert edges[0] <= site.pos < edges[-1]


def test_a_change_shows_around_the_variant_and_nothing_changes_without_one(study):
    genome, text = study
    scorer = Scorer([small_model(1)], genome, rc=True)
    found = predicted(scorer, allele(text, 150), TRACKS)
    assert np.abs(found.alt - found.ref).max() > 1e-3
    same = Variant("chr1:151:x:x", "chr1", 150, text["chr1"][150], text["chr1"][150], 1)
    nothing = predicted(scorer, same, TRACKS)
    np.testing.assert_allclose(nothing.alt, nothing.ref, atol=1e-6)
