"""How good a pose is: errors against labels, cuts on the likelihood, distance to a reference pose."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.signal import savgol_filter

from presage.homecage.pose_files.pose_file import PoseFile

# Smoothing of both paths before their lengths are compared (see docs/numbers.md).
SAVGOL_WINDOW, SAVGOL_ORDER = 15, 2
# Fewer labels of a body part than this, and its cut is set from all parts together.
MIN_LABELS_PER_PART = 20


def point_errors(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Distances in px, [frame, body part], from [frame, body part, 2] each; NaN where there is no label."""
    return np.linalg.norm(np.asarray(predicted, np.float64) - np.asarray(truth, np.float64), axis=-1)


def summary(
    errors: np.ndarray, bodyparts: Sequence[str], frame_width: float, right_px: float, seed: int
) -> dict[str, Any]:
    """Error of labelled points [frame, body part], px, as plain numbers.

    ``rmse_px`` is the root of the mean squared distance with a 95 % interval by bootstrap over frames; ``mean_px`` the
    mean distance (which DeepLabCut itself calls RMSE); ``pck`` the share of points within ``right_px``.
    """
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, len(errors), size=(1000, len(errors)))
    resampled = np.sqrt(np.nanmean(errors[draws] ** 2, axis=(1, 2)))
    rmse = float(np.sqrt(np.nanmean(errors**2)))
    per_part = {
        part: {"rmse_px": _round(np.sqrt(np.nanmean(e**2))), "median_px": _round(np.nanmedian(e)), "n": len(e)}
        for part, column in zip(bodyparts, errors.T)
        if len(e := column[np.isfinite(column)])
    }
    return {
        "rmse_px": _round(rmse),
        "rmse_px_ci": [_round(v) for v in np.nanpercentile(resampled, [2.5, 97.5])],
        "rmse_share_of_width": _round(rmse / frame_width, 5),
        "mean_px": _round(np.nanmean(errors)),
        "median_px": _round(np.nanmedian(errors)),
        "pck": _round(np.mean(errors[np.isfinite(errors)] <= right_px)),
        "n_frames": len(errors),
        "n_points": int(np.isfinite(errors).sum()),
        "bodyparts": per_part,
    }


def likelihood_cuts(likelihood: np.ndarray, errors: np.ndarray, within_px: float, share: float) -> list[float]:
    """The likelihood from which on a point is believed, for each body part of this model.

    Both arrays are [test frame, body part]; an error of NaN means that the part was not visible, so that any point
    there is wrong. See :func:`likelihood_cut`. Parts with fewer than 20 labels share one cut.
    """
    pooled = likelihood_cut(likelihood.ravel(), errors.ravel(), within_px, share)
    enough = np.isfinite(errors).sum(axis=0) >= MIN_LABELS_PER_PART
    return [
        likelihood_cut(likelihood[:, part], errors[:, part], within_px, share) if enough[part] else pooled
        for part in range(errors.shape[1])
    ]


def likelihood_cut(likelihood: np.ndarray, errors: np.ndarray, within_px: float, share: float) -> float:
    """The lowest likelihood at and over which at least ``share`` of the points lie within ``within_px`` of the label.

    Labelled frames rarely show an empty cage, so a model that is right everywhere would accept anything: the cut is
    never below half of the 5th percentile of the right points' likelihoods. It is never above their median either, so
    that a few wrong points cannot silence a body part. A model with no right point gets 1.
    """
    keep = np.isfinite(likelihood)
    likelihood, right = likelihood[keep], np.nan_to_num(errors[keep], nan=np.inf) <= within_px
    if not right.any():
        return 1.0
    order = np.argsort(-likelihood, kind="stable")
    ranked = likelihood[order]
    group_end = np.r_[ranked[1:] < ranked[:-1], True]  # equal likelihoods are accepted together
    precise = group_end & (np.cumsum(right[order]) / np.arange(1, len(order) + 1) >= share)
    cut = 0.0 if precise[-1] else ranked[np.flatnonzero(precise)[-1]] if precise.any() else np.inf
    low, high = 0.5 * np.percentile(likelihood[right], 5), np.median(likelihood[right])
    return _round(np.clip(cut, low, high), 5)


def distance_to_reference(pose: PoseFile, reference: PoseFile, min_likelihood: float = 0.9) -> pd.DataFrame:
    """One row for each body part of the reference that the pose has too, and one named ``all``.

    Of frames whose reference likelihood is over ``min_likelihood``: their number, ``median_px`` and ``p95_px`` of the
    distance, and ``path_ratio``, the pose's path length over the reference's, both smoothed by Savitzky-Golay (window
    15, order 2) within unbroken runs of such frames. Single-animal; frame i is compared with frame i.

    Raises ``ValueError`` when the two have different numbers of frames or no body part in common.
    """
    shared = [part for part in reference.bodyparts if part in pose.bodyparts]
    if pose.n_frames != reference.n_frames or not shared:
        raise ValueError(f"{pose.n_frames} and {reference.n_frames} frames, {len(shared)} body parts in common")
    rows, paths, distances = [], np.zeros(2), []
    for part in shared:
        own, other = pose.bodyparts.index(part), reference.bodyparts.index(part)
        a, b = pose.xy[:, 0, own].astype(np.float64), reference.xy[:, 0, other].astype(np.float64)
        keep = (reference.likelihood[:, 0, other] > min_likelihood) & np.isfinite(a).all(axis=1)
        distance = np.linalg.norm(a - b, axis=1)[keep]
        lengths = np.array([path_length(a, keep), path_length(b, keep)])
        rows.append(_reference_row(part, distance, lengths))
        paths += lengths
        distances.append(distance)
    rows.append(_reference_row("all", np.concatenate(distances), paths))
    return pd.DataFrame(rows)


def path_length(xy: np.ndarray, keep: np.ndarray) -> float:
    """Length px of the smoothed path [frame, 2] over unbroken runs of kept frames at least as long as the window."""
    edges = np.flatnonzero(np.diff(np.r_[0, keep.astype(np.int8), 0]))
    total = 0.0
    for start, end in zip(edges[::2], edges[1::2]):
        if end - start >= SAVGOL_WINDOW:
            smooth = savgol_filter(xy[start:end], SAVGOL_WINDOW, SAVGOL_ORDER, axis=0)
            total += float(np.linalg.norm(np.diff(smooth, axis=0), axis=1).sum())
    return total


def _reference_row(part: str, distance: np.ndarray, lengths: np.ndarray) -> dict[str, Any]:
    some = len(distance) > 0
    return {
        "bodypart": part,
        "n_frames": len(distance),
        "median_px": float(np.median(distance)) if some else np.nan,
        "p95_px": float(np.percentile(distance, 95)) if some else np.nan,
        "path_ratio": float(lengths[0] / lengths[1]) if lengths[1] > 0 else np.nan,
    }


def _round(value: Any, digits: int = 4) -> float:
    return round(float(value), digits)
