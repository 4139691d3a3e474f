"""Circadian measures of a regular series: cosinor, IS, IV, L5, M10 and RA.

Witting et al. 1990 and Van Someren et al. 1999 for the non-parametric ones. A series is float64 [samples], NaN allowed,
starting at ZT0, with ``per_day`` samples in 24 h.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Cosinor:
    """Least-squares 24 h cosine: ``mesor`` and ``amplitude`` in the series' unit, ``acrophase`` in ZT hours, ``r2``."""

    mesor: float
    amplitude: float
    acrophase: float
    r2: float


def cosinor(series: np.ndarray, per_day: int) -> Cosinor:
    """Fit ``mesor + amplitude cos(2 pi (t - acrophase) / 24 h)``; all NaN with fewer than 4 samples."""
    hours = np.arange(len(series)) * 24.0 / per_day
    ok = np.isfinite(series)
    if ok.sum() < 4:
        return Cosinor(*(float("nan"),) * 4)
    angle = 2 * np.pi * hours[ok] / 24.0
    design = np.column_stack([np.ones(ok.sum()), np.cos(angle), np.sin(angle)])
    beta, *_ = np.linalg.lstsq(design, series[ok], rcond=None)
    rest = series[ok] - design @ beta
    total = ((series[ok] - series[ok].mean()) ** 2).sum()
    phase = np.arctan2(beta[2], beta[1]) * 24.0 / (2 * np.pi) % 24.0
    r2 = 1.0 - float(rest @ rest) / total if total > 0 else float("nan")
    return Cosinor(float(beta[0]), float(np.hypot(beta[1], beta[2])), float(phase), r2)


def acrophase(series: np.ndarray, per_day: int) -> float:
    """ZT hour at which the 24 h cosine that fits best is highest; a sample stands for the middle of its interval.

    NaN where the series has no such wave (an amplitude under a millionth of the mesor).
    """
    fit = cosinor(series, per_day)
    wave = fit.amplitude > 1e-6 * abs(fit.mesor)
    return (fit.acrophase + 12.0 / per_day) % 24.0 if wave else float("nan")


def relative_cosine(series: np.ndarray, per_day: int) -> float:
    """Amplitude over mesor of the 24 h cosine that fits best; NaN where the mesor is not over 0."""
    fit = cosinor(series, per_day)
    return fit.amplitude / fit.mesor if fit.mesor > 0 else float("nan")


def mean_day(series: np.ndarray, per_day: int) -> np.ndarray:
    """Average 24 h profile, [per_day]; NaN where a time of day was never seen. The series is padded to whole days."""
    days = -(-len(series) // per_day)
    padded = np.full(days * per_day, np.nan)
    padded[: len(series)] = series
    grid = padded.reshape(days, per_day)
    count = np.isfinite(grid).sum(axis=0)
    return np.where(count > 0, np.nansum(grid, axis=0) / np.maximum(count, 1), np.nan)


def interdaily_stability(series: np.ndarray, per_day: int) -> float:
    """IS, 0 (noise) to 1 (every day the same): variance of the mean day over the variance of all samples."""
    ok = series[np.isfinite(series)]
    if len(ok) < 2 or ok.var() == 0:
        return float("nan")
    profile = mean_day(series, per_day)
    return float(np.nanmean((profile - ok.mean()) ** 2) / ok.var())


def intradaily_variability(series: np.ndarray) -> float:
    """IV: mean squared first difference over the variance; near 0 for a smooth rhythm, about 2 for white noise."""
    step = np.diff(series)
    ok = series[np.isfinite(series)]
    if len(ok) < 2 or ok.var() == 0 or not np.isfinite(step).any():
        return float("nan")
    return float(np.nanmean(step**2) / ok.var())


def l5_m10(series: np.ndarray, per_day: int) -> tuple[float, float]:
    """Mean of the least active 5 h and of the most active 10 h of the mean day, in the series' unit."""
    profile = mean_day(series, per_day)
    if np.isnan(profile).any():
        return float("nan"), float("nan")

    def windows(hours: float) -> np.ndarray:
        width = max(1, round(hours * per_day / 24))
        total = np.cumsum(np.concatenate([[0.0], profile, profile[:width]]))
        return (total[width:] - total[:-width])[:per_day] / width

    return float(windows(5).min()), float(windows(10).max())


def relative_amplitude(series: np.ndarray, per_day: int) -> float:
    """RA = (M10 - L5) / (M10 + L5), 0 to 1 for series that are not negative."""
    low, high = l5_m10(series, per_day)
    return (high - low) / (high + low) if high + low else float("nan")


def m10_onset(series: np.ndarray, per_day: int) -> float:
    """ZT hour at which the most active 10 h of the mean day begin, the first of equals; NaN where it has gaps."""
    profile = mean_day(series, per_day)
    if np.isnan(profile).any():
        return float("nan")
    width = max(1, round(10 * per_day / 24))
    total = np.cumsum(np.concatenate([[0.0], profile, profile[:width]]))
    return float(np.argmax(np.round((total[width:] - total[:-width])[:per_day], 12)) * 24.0 / per_day)


def day_night_ratio(profile: np.ndarray, light_hours: float) -> float:
    """Mean of the light phase over that of the dark phase; ``profile`` [bins of one day] from ZT0, NaN not known."""
    light = np.arange(len(profile)) * 24.0 / len(profile) < light_hours
    day, night = (profile[which & np.isfinite(profile)] for which in (light, ~light))
    return float(day.mean() / night.mean()) if len(day) and len(night) and night.mean() > 0 else float("nan")


def activity_onset(profile: np.ndarray, light_hours: float, hours: float = 6.0) -> float:
    """ZT hour of the steepest rise, mean of ``hours`` after against ``hours`` before, within 6 h of lights-off.

    As the template of ClockLab and others, which is -1 before and +1 after. NaN where those hours are not known.
    """
    per_hour = len(profile) / 24.0
    width, best, found = max(1, round(hours * per_hour)), -np.inf, float("nan")
    for start in range(round((light_hours - 6.0) * per_hour), round((light_hours + 6.0) * per_hour) + 1):
        before, after = (profile[np.arange(a, a + width) % len(profile)] for a in (start - width, start))
        if np.isfinite(before).all() and np.isfinite(after).all() and after.mean() - before.mean() > best + 1e-12:
            best, found = float(after.mean() - before.mean()), start / per_hour
    return found


def entropy(profile: np.ndarray) -> float:
    """Shannon entropy of how the day's amount is spread over its known bins, over its largest: 0 to 1."""
    known = profile[np.isfinite(profile)]
    if len(known) < 2 or known.sum() <= 0 or (known < 0).any():
        return float("nan")
    share = known[known > 0] / known.sum()
    return float(-(share * np.log(share)).sum() / np.log(len(known)))


def filled(profile: np.ndarray) -> np.ndarray:
    """The profile of one day with gaps filled by a line between the hours around them; midnight is no border."""
    at, known = np.arange(len(profile)), np.isfinite(profile)
    if known.all() or not known.any():
        return profile
    return np.interp(at, at[known], profile[known], period=len(profile))
