"""Errors, cuts and the distance to a reference, against numbers worked out by hand or by simulation."""

import numpy as np
import pytest
from scipy.signal import savgol_filter

from presage.homecage.pose import evaluate
from presage.homecage.pose_files import readers
from presage.homecage.pose_files.pose_file import PoseFile


def test_summary_by_hand():
    errors = np.array([[3.0, np.nan], [4.0, 0.0], [0.0, 12.0]])
    out = evaluate.summary(errors, ["a", "b"], frame_width=100, right_px=5, seed=0)
    assert out["rmse_px"] == pytest.approx(np.sqrt((9 + 16 + 144) / 5), abs=1e-4)
    assert out["mean_px"] == pytest.approx(19 / 5)
    assert out["pck"] == pytest.approx(4 / 5)
    assert out["n_points"] == 5
    assert out["bodyparts"]["a"]["rmse_px"] == pytest.approx(np.sqrt(25 / 3), abs=1e-4)
    assert out["rmse_px_ci"][0] <= out["rmse_px"] <= out["rmse_px_ci"][1]


def test_bootstrap_interval_covers():
    """Of 200 samples of 40 frames, the 95 % interval holds the true RMSE in most."""
    rng = np.random.default_rng(1)
    hits = 0
    for seed in range(200):
        low, high = evaluate.summary(np.abs(rng.normal(0, 5, (40, 3))), "abc", 100, 5, seed)["rmse_px_ci"]
        hits += low <= 5 <= high
    assert 0.88 <= hits / 200 <= 0.99


def test_cut_reaches_the_stated_share():
    """Likelihood is the probability to be right: the accepted points must be right as often as asked."""
    rng = np.random.default_rng(2)
    likelihood = rng.uniform(0, 1, 20000)
    errors = np.where(rng.random(20000) < likelihood, 1.0, 50.0)
    cut = evaluate.likelihood_cut(likelihood, errors, within_px=5, share=0.8)
    assert cut == pytest.approx(0.6, abs=0.03)  # mean of U(0.6, 1) is 0.8


def test_cut_of_a_model_that_is_always_right_still_hides_an_empty_cage():
    likelihood = np.linspace(0.3, 0.6, 100)
    cut = evaluate.likelihood_cut(likelihood, np.zeros(100), 5, 0.95)
    assert 0.1 < cut < 0.3


def test_cut_with_few_wrong_points_keeps_half_of_the_right_ones():
    likelihood = np.r_[np.linspace(0.3, 0.6, 20), 0.9]
    errors = np.r_[np.zeros(20), 100.0]
    assert evaluate.likelihood_cut(likelihood, errors, 5, 1.0) == pytest.approx(np.median(likelihood[:20]), abs=1e-4)
    assert evaluate.likelihood_cut(likelihood, errors + 100, 5, 0.95) == 1.0


def test_unlabelled_points_count_as_wrong_and_small_parts_are_pooled():
    likelihood = np.column_stack([np.r_[np.full(30, 0.9), np.full(10, 0.5)], np.full(40, 0.8)])
    errors = np.column_stack([np.r_[np.zeros(30), np.full(10, np.nan)], np.r_[np.zeros(5), np.full(35, np.nan)]])
    cuts = evaluate.likelihood_cuts(likelihood, errors, 5, 0.95)
    assert cuts[0] == pytest.approx(0.9)
    assert cuts[1] == evaluate.likelihood_cut(likelihood.ravel(), errors.ravel(), 5, 0.95)


def pose_of(xy, likelihood=None):
    likelihood = np.ones(xy.shape[:2]) if likelihood is None else likelihood
    return PoseFile(xy[:, None].astype(np.float32), likelihood[:, None].astype(np.float32), ("animal",), ("a", "b"))


def circle(n=400):
    angle = np.linspace(0, 6, n)
    a = 100 * np.column_stack([np.cos(angle), np.sin(angle)])
    return np.stack([a, 2 * a], axis=1)


def test_distance_to_itself_and_to_a_shifted_pose():
    reference = pose_of(circle())
    same = evaluate.distance_to_reference(reference, reference).set_index("bodypart")
    assert same["median_px"].tolist() == [0, 0, 0]
    assert np.allclose(same["path_ratio"], 1)
    shifted = evaluate.distance_to_reference(pose_of(circle() + np.array([3, 4])), reference).set_index("bodypart")
    assert np.allclose(shifted["median_px"], 5, atol=1e-4)
    assert np.allclose(shifted["path_ratio"], 1, atol=1e-4)


def test_jitter_lengthens_the_path_and_unsure_reference_frames_do_not_count():
    rng, likelihood = np.random.default_rng(0), np.ones((400, 2))
    likelihood[100:150, 0] = 0.5
    xy = circle() + rng.normal(0, 3, (400, 2, 2))
    xy[100:150, 0] = 1e4
    out = evaluate.distance_to_reference(pose_of(xy), pose_of(circle(), likelihood)).set_index("bodypart")
    assert out.loc["a", "n_frames"] == 350
    assert out.loc["a", "p95_px"] < 12
    assert (out["path_ratio"] > 1.01).all()


def test_path_length_of_one_run_is_the_filter_itself():
    xy = circle()[:, 0]
    keep = np.zeros(400, dtype=bool)
    keep[50:90] = True  # counts
    keep[200:214] = True  # one frame shorter than the window
    smooth = savgol_filter(xy[50:90], 15, 2, axis=0)
    assert evaluate.path_length(xy, keep) == pytest.approx(np.linalg.norm(np.diff(smooth, axis=0), axis=1).sum())


def test_frames_must_match():
    with pytest.raises(ValueError, match="frames"):
        evaluate.distance_to_reference(pose_of(circle(30)), pose_of(circle(31)))


def test_real_reference_against_itself(real_data):
    reference = readers.read(real_data / "pose/m3v1_reference_pose.csv")
    out = evaluate.distance_to_reference(reference, reference).set_index("bodypart")
    assert 0.7 * 2330 < out.loc["snout", "n_frames"] < 2330
    assert (out["path_ratio"] == 1).all()
