"""Do replicates agree: spread, sign, cell type."""

import numpy as np

from presage.sequence.targets.track_names import track_info
from presage.sequence.variants.agreement import agreement
from tests.unit.sequence.variants.cases import SLUGS, TRACKS

INFO = track_info(SLUGS, TRACKS)  # a+ a- b+ b- RNA, then a b ATAC


def test_specificity_compares_within_assay_and_strand():
    log_fc = np.array([[[1.0, 10, 3, 30, 5, 9]]])
    found = agreement(log_fc, INFO)
    assert found.specificity.tolist() == [[-1.0, -10, 1, 10, -2, 2]]
    assert np.isnan(found.log_fc_sd).all() and np.isnan(found.specificity_sd).all()
    assert found.top_share.tolist() == [[0, 0, 1, 1, 0, 1]] and (found.sign_agreement == 1).all()


def test_replicates_that_disagree():
    log_fc = np.array([[[1.0, 0, 2, 0, -5, 0]], [[3.0, 0, 2, 0, 1, 0]], [[-1.0, 0, -2, 0, 1, 4]]])
    found = agreement(log_fc, INFO)
    assert found.log_fc_sd[0, 0] == 2 and found.log_fc_sd[0, 1] == 0
    assert found.sign_agreement[0].tolist() == [2 / 3, 1, 2 / 3, 1, 1 / 3, 1 / 3]
    np.testing.assert_allclose(found.top_share[0], [1 / 3, 0, 2 / 3, 0, 2 / 3, 1 / 3])
    np.testing.assert_allclose(found.specificity[0, [0, 2]], [1 / 6, -1 / 6])
    np.testing.assert_allclose(found.specificity_sd[0, 0], np.std([-0.5, 0.5, 0.5], ddof=1))


def test_ties_share_the_top():
    found = agreement(np.array([[[1.0, 0, -1, 0, 2, 2]]]), INFO)
    assert found.top_share[0].tolist() == [0.5, 0, 0.5, 0, 0.5, 0.5]  # where nothing happens no track is on top
