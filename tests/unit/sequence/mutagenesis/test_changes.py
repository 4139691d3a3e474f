"""Changed sequences against strings, and stitched bins against the scoring of the same variant from a VCF."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from presage.sequence.model.prediction import predict
from presage.sequence.mutagenesis.changes import Change, Stretch, Window
from presage.sequence.mutagenesis.reading import Reading
from presage.sequence.reference.genome import encode
from presage.sequence.variants.alleles import Variant
from presage.sequence.variants.effects import effects
from presage.sequence.variants.scorer import Scorer
from tests.unit.sequence.variants.cases import SHAPE, SLUGS, random_genome, small_model

COLUMNS = np.arange(len(SLUGS))


@given(
    st.text("ACGT", min_size=30, max_size=30),
    st.integers(0, 19),
    st.integers(0, 4),
    st.text("ACGT", max_size=4),
)
def test_one_side_stays_and_the_other_moves(text, at, gone, new):
    """Window: 20 bp with 5 bp beside it."""
    change = Change(at, gone, tuple(encode(new).tolist()))
    stretch = Stretch(encode(text), 5)
    whole = text[: 5 + at] + new + text[5 + at + gone :]
    left, right = ("".join("ACGT"[b] for b in stretch.changed(change, side)) for side in (False, True))
    assert left == whole[5:25]
    assert left[:at] == text[5 : 5 + at]
    assert right == whole[5 + len(new) - gone :][:20]
    if at + gone < 20 and at + len(new) < 20:
        assert right[at + gone :] == text[5 + at + gone : 25]
    assert len(left) == len(right) == 20


@pytest.mark.parametrize(
    ("ref", "alt"), [("a", "snv"), ("aa", "a"), ("aaaaaaaaaaaaaaaaaaa", "a"), ("a", "aTTG"), ("aa", "TTTT")]
)
def test_changes_are_scored_as_variants_are(tmp_path, ref, alt):
    genome, text = random_genome(tmp_path)
    pos = 243
    ref = text["chr1"][pos : pos + len(ref)]
    alt = "ACGT"["TGCA".index(ref)] if alt == "snv" else ref[0] + alt[1:] if alt[0] == "a" else alt
    model, margin, half = small_model(1), len(ref), SHAPE.context // 2
    variant = Variant("", "chr1", pos, ref, alt, 1)
    (expected,) = effects(Scorer([model], genome), pos - half, [variant]).scores["log_fc"]
    shared = int(len(ref) != len(alt) and ref[0] == alt[0])
    change = Change(half + shared, len(ref) - shared, tuple(encode(alt[shared:]).tolist()))
    codes = genome.codes("chr1", pos - half - margin, pos + half + margin)
    size = SHAPE.bin_size
    reading = Reading((SHAPE.context - SHAPE.out_bins * size) // 2, size, (None,) * len(SLUGS), 1.0)
    found = []
    for reverse in (False, True):
        window = Window(model, Stretch(codes, margin), COLUMNS, reverse)
        found.append(reading.log_fc(window.coverage, window.changed([change]), [change.at])[0])
    np.testing.assert_allclose(np.mean(found, axis=0), expected, atol=1e-6)
    assert np.abs(expected).max() > 1e-3


@pytest.mark.parametrize("reverse", [False, True])
def test_a_range_of_bins_and_of_tracks(tmp_path, reverse):
    genome, _ = random_genome(tmp_path)
    model = small_model(2)
    stretch = Stretch(genome.codes("chr1", 9, 11 + SHAPE.context), 1)
    changes = [Change(120, 1, ()), Change(130, 1, (0,)), Change(131, 1, (1,))]
    whole = Window(model, stretch, COLUMNS, reverse)
    columns, bins = np.array([4, 1]), (5, 17)
    part = Window(model, stretch, columns, reverse, bins)
    torch.testing.assert_close(whole.coverage, predict(model, stretch.window[None], reverse)[0])
    torch.testing.assert_close(part.coverage, whole.coverage[5:17][:, columns])
    torch.testing.assert_close(part.changed(changes), whole.changed(changes)[:, 5:17][..., columns])
