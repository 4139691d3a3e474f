"""Stand-ins: the most alike type or bulk track is found on valid windows, and read on the others."""

import numpy as np
import pytest
import torch

from presage.sequence.evaluation.baselines import (
    BULK_TRACK,
    NEAREST_TYPE,
    baselines,
    cross_pearson,
    nearest_types,
)
from presage.sequence.evaluation.measured import Measured
from presage.sequence.targets.target_set import TargetSet
from tests.unit.sequence.evaluation.test_tracks import BIN, SLUGS3, TRACKS3, study, three_type_model


def with_twin(folder, fold="valid"):
    """As `study`, but in windows of ``fold`` type c is type a with a little noise, and atac has one type."""
    targets, values, genes = study(folder)
    rng = np.random.default_rng(3)
    rows = targets.fold(fold)
    values[rows, :, 4:6] = values[rows, :, 0:2] * rng.uniform(0.9, 1.1, (len(rows), values.shape[1], 2))
    sequence = targets.sequence(np.arange(len(targets)))
    made = TargetSet.write(folder / "twin", values, targets.windows, SLUGS3, BIN, "x", sequence=sequence)
    return made, values, genes


def test_cross_pearson_equals_numpy():
    rng = np.random.default_rng(0)
    x, y = rng.gamma(1, 1, (7, 11, 3)), rng.gamma(1, 1, (7, 11, 2))
    y[..., 1] = 2.0
    found = cross_pearson(lambda rows: x[rows], lambda rows: y[rows], np.array([0, 2, 3, 5, 6]))
    some = [0, 2, 3, 5, 6]
    for i in range(3):
        expected = np.corrcoef(x[some][..., i].ravel(), y[some][..., 0].ravel())[0, 1]
        assert found[i, 0] == pytest.approx(expected)
    assert np.isnan(found[:, 1]).all()


def test_the_nearest_type_is_chosen_on_valid_windows_alone(tmp_path):
    targets, values, _ = with_twin(tmp_path)
    measured = Measured.of(SLUGS3, targets, TRACKS3, None, "test")
    found = nearest_types(measured)
    assert found.notes["a_rna+"] == "stands in: c_rna+" and found.notes["c_rna-"] == "stands in: a_rna-"
    assert found.notes["a_atac"] == "no other cell type"
    test = targets.fold("test")
    np.testing.assert_array_equal(found.source(test)[..., 0], values[test][..., 4])
    elsewhere, *_ = with_twin(tmp_path / "test", "test")  # alike on test windows: nothing that may be known
    notes = nearest_types(Measured.of(SLUGS3, elsewhere, TRACKS3, None, "test")).notes
    plain, *_ = study(tmp_path / "plain")
    assert notes == nearest_types(Measured.of(SLUGS3, plain, TRACKS3, None, "test")).notes


def test_bulk_tracks_are_the_trunks_own(tmp_path):
    """Where a bulk track is the measured one on valid windows, it stands in; its prediction is the trunk's."""
    targets, _, _ = study(tmp_path)
    trunk = three_type_model(5)
    trunk.tracks = [f"bulk{i}" for i in range(len(SLUGS3))]
    valid, rows = targets.fold("valid"), np.arange(len(targets))
    with torch.no_grad():
        painted = trunk(torch.from_numpy(targets.onehot(rows))).numpy()
    values = targets.values(rows)
    order = [3, 1, 2, 0, 6, 5, 4]
    values[valid] = painted[valid][..., order]
    data = TargetSet.write(
        tmp_path / "bulk", values, targets.windows, SLUGS3, BIN, "x", sequence=targets.sequence(rows)
    )
    measured = Measured.of(SLUGS3, data, TRACKS3, None, "test")
    found = baselines(measured, trunk)
    assert list(found) == ["mean_of_types", NEAREST_TYPE, BULK_TRACK]
    assert [found[BULK_TRACK].notes[slug] for slug in SLUGS3] == [f"stands in: bulk{i}" for i in order]
    test = data.fold("test")
    np.testing.assert_allclose(found[BULK_TRACK].source(test), painted[test][..., order], rtol=1e-5)
