"""The classifier: what counts as ill, that nobody is judged by what saw them, and that labels are what it learns."""

import datetime as dt

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from presage.config.distress import Classifier
from presage.homecage.detectors import classifier
from presage.homecage.detectors import panel as panels
from presage.homecage.detectors.classifier import HEALTHY, ILL, UNKNOWN
from tests.unit.homecage import small_colony as colony

ILL_CAGES = {c: 14 + c % 8 for c in range(20, 40)}
SETTINGS = Classifier(min_events=8, days_before=3)
LAST = colony.LIGHTS.utc(colony.START + dt.timedelta(days=45))


@pytest.fixture(scope="module")
def world():
    """Forty cages over forty days: twenty set the spread, twenty fall ill."""
    panel = panels.build(colony.daily(40, 40, 1, ILL_CAGES), colony.FEATURES)
    label = classifier.labels(panel, colony.events(ILL_CAGES), colony.LIGHTS, LAST, 3)
    return panel, label, np.isin(panel.cages, [f"c{i:03d}" for i in range(20)])


def fit(panel, label, calibrate, groups=None, settings=SETTINGS):
    groups = panel.cages if groups is None else groups
    return classifier.cross_fit(panel, label, calibrate, groups, colony.DETECTOR, settings)


def auroc(found, label):
    known = (label != UNKNOWN) & np.isfinite(found.probability)
    return roc_auc_score(label[known] == ILL, found.probability[known])


def test_labels_are_of_the_days_before_the_event(world):
    label = world[1]
    day = ILL_CAGES[25] + 4  # the loss; the onset four days before it is nobody's business
    assert label[25, day - 3 : day].tolist() == [ILL] * 3
    assert (label[25, day - 10 : day - 3] == UNKNOWN).all() and (label[25, day : day + 15] == UNKNOWN).all()
    assert (label[25, : day - 10] == HEALTHY).all()
    assert (label[3, :38] == HEALTHY).all() and (label[3, 38:] == UNKNOWN).all()  # the last week may turn out otherwise


def test_what_has_not_happened_yet_is_no_label(world):
    panel, _, _ = world
    event = ILL_CAGES[25] + 4
    until = colony.LIGHTS.utc(colony.START + dt.timedelta(days=event))
    early = classifier.labels(panel, colony.events(ILL_CAGES), colony.LIGHTS, until, 3)
    assert (early[25] != ILL).all() and (early[25, event - 7 :] == UNKNOWN).all()


def test_it_finds_illness_in_cages_that_it_never_saw(world):
    panel, label, calibrate = world
    found = fit(panel, label, calibrate)
    assert found.cases == 20 and len(found.models) == 5
    assert auroc(found, label) > 0.85
    known = (label != UNKNOWN) & np.isfinite(found.probability)
    assert found.probability[known].mean() == pytest.approx((label[known] == ILL).mean(), abs=0.02)  # calibrated


def test_labels_on_healthy_days_teach_nothing(world):
    """The negative control: three days of each of twenty cages are called ill by lot, and the ill ones left out."""
    panel, label, calibrate = world
    rng, wrong = np.random.default_rng(0), np.where(label == ILL, UNKNOWN, label)
    for cage in range(20, 40):
        day = rng.integers(6, 12)
        wrong[cage, day : day + 3] = ILL
    assert auroc(fit(panel, wrong, calibrate), wrong) == pytest.approx(0.5, abs=0.15)


def test_a_cage_is_judged_without_itself(world):
    """Whatever is made of a cage's labels, as long as it is a case, its own probabilities stay as they are."""
    panel, label, calibrate = world
    other = label.copy()
    other[30, :30] = np.where(other[30, :30] == HEALTHY, UNKNOWN, other[30, :30])
    one, two = fit(panel, label, calibrate), fit(panel, other, calibrate)
    assert np.array_equal(one.probability[30], two.probability[30], equal_nan=True)
    assert not np.array_equal(one.probability, two.probability, equal_nan=True)  # the others' do change


def test_whole_sites_can_be_left_out(world):
    panel, label, calibrate = world
    sites = np.array([f"site{i % 4}" for i in range(40)])
    found = fit(panel, label, calibrate, sites, SETTINGS.model_copy(update={"folds": 4}))
    assert len(found.models) == 4 and auroc(found, label) > 0.8


def test_few_events_are_refused(world):
    panel, label, calibrate = world
    few = np.where((np.arange(40) < 33)[:, None], np.where(label == ILL, UNKNOWN, label), label)
    with pytest.raises(ValueError, match="7 cages with an event; 8 are needed"):
        fit(panel, few, calibrate)
