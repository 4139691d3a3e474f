"""Bouts: runs of a behaviour in time, and what is not known about those that a sampling edge cuts."""

import numpy as np
import pandas as pd


def bouts(state: np.ndarray, time: np.ndarray, joined: np.ndarray, interval: float) -> pd.DataFrame:
    """Runs of constant ``state`` [frames] within continuous recording.

    ``time`` s, ascending; ``joined`` False where recording starts anew (:func:`kinematics.continuous`); each frame
    stands for ``interval`` s. Columns: ``start``, ``end`` (frames, half-open), ``state``, ``duration_s``,
    ``cut_left`` and ``cut_right`` (the bout touches a sampling edge, so its length is a lower bound: censored).
    """
    n = len(state)
    if n == 0:
        return pd.DataFrame({k: [] for k in ("start", "end", "state", "duration_s", "cut_left", "cut_right")})
    edge = ~joined.astype(bool)
    edge[0] = True
    change = edge.copy()
    change[1:] |= state[1:] != state[:-1]
    start = np.flatnonzero(change)
    end = np.append(start[1:], n)
    cut_right = np.append(edge[end[:-1]], True)
    return pd.DataFrame(
        {
            "start": start,
            "end": end,
            "state": state[start],
            "duration_s": time[end - 1] - time[start] + interval,
            "cut_left": edge[start],
            "cut_right": cut_right,
        }
    )


def asleep(still: np.ndarray, time: np.ndarray, joined: np.ndarray, interval: float, min_s: float = 40.0) -> np.ndarray:
    """Sleep by immobility, float [frames]: 1 in still bouts longer than ``min_s``, 0 awake, NaN not known.

    More than 40 s of immobility agrees with EEG sleep (r > 0.95: Pack et al. 2007, Fisher et al. 2012). A shorter
    still bout that a sampling edge cuts may or may not have been sleep: NaN. ``still`` is float: NaN frames (no
    speed) are NaN.
    """
    code = np.where(np.isnan(still), -1, still).astype(int)
    table = bouts(code, time, joined, interval)
    long = table["duration_s"].to_numpy() > min_s
    cut = (table["cut_left"] | table["cut_right"]).to_numpy(dtype=bool)
    state = table["state"].to_numpy()
    value = np.select([state == -1, state == 0, long, cut], [np.nan, 0.0, 1.0, np.nan], default=0.0)
    return np.repeat(value, (table["end"] - table["start"]).to_numpy(dtype=int))


def longest_run(state: np.ndarray, time: np.ndarray, interval: float, max_gap_s: float) -> tuple[int, int]:
    """Longest run of True samples, half-open (first, end), over which no gap exceeds ``max_gap_s``; (0, 0) if none.

    Used for welfare checks: with a duty cycle, the pause between two recordings counts as spent in the state that was
    seen on both of its sides. Longest by time, from the first sample to the end of the last.
    """
    if not state.any():
        return 0, 0
    table = bouts(state.astype(int), time, np.append(False, np.diff(time) <= max_gap_s), interval)
    table = table[table["state"] == 1]
    best = int(table["duration_s"].to_numpy().argmax())
    return int(table["start"].iloc[best]), int(table["end"].iloc[best])
