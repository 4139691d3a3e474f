"""How good the recording and the pose of each cage-day were, and whether the camera, not the mouse, is ill."""

from typing import Any

import numpy as np
import pandas as pd

from presage import tables
from presage.config.pose import Faults
from presage.homecage.pose.identity import Identity
from presage.homecage.pose.quality import HIDDEN, SEEN, UNUSABLE, PoseDay
from presage.homecage.recordings import cameras

DAYS_BEFORE = 7


def of_pose(day: PoseDay, who: Identity, body_length: float | None, coverage: float) -> dict[str, Any]:
    """What the pose says of a cage-day, as plain numbers: see the ``quality`` table.

    ``coverage``: usable over scheduled time.
    """
    n = len(day.state)
    seen, usable = day.state == SEEN, day.state != UNUSABLE
    of_seen = day.likelihood[seen]
    first, *later = day.history or ({"points": day.good.size},)
    over_cut = day.good.size - first["points"]
    doubted = sum(line["points"] for line in later if line["step"] not in ("gap filled", "smoothed (Savitzky-Golay)"))
    return {
        "coverage": coverage,
        "hidden": float((day.state[usable] == HIDDEN).mean()) if usable.any() else None,
        "blank": float((~usable).mean()) if n else None,
        "likelihood": float(np.nanmedian(of_seen)) if np.isfinite(of_seen).any() else None,
        "doubted": doubted / over_cut if over_cut else None,
        "swaps": who.swaps if who.pairs else None,
        "identity": who.confidence,
        "size_px": body_length,
    }


def table(days: list[dict[str, Any]], segments: pd.DataFrame, settings: Faults) -> pd.DataFrame:
    """The ``quality`` table of all cage-days.

    ``days``: ``cage``, ``date`` and what :func:`of_pose` says of each; ``segments``: the table of that name.
    """
    if not days:
        return tables.empty("quality")
    files = segments.groupby(["cage", "date"], sort=True)
    of_files = pd.DataFrame(
        {
            "files": files.size(),
            "files_unusable": files["usable"].agg(lambda column: int((~column.astype(bool)).sum())),
            "recorded_s": files["duration_s"].sum(),
            "frozen_s": files["frozen_s"].sum(min_count=1),
            "black_s": files["black_s"].sum(min_count=1),
            "shift_px": files["shift_px"].max(),
            "background": files["background"].first(),
            "width": files["width"].max(),
        }
    )
    out = pd.DataFrame(days).merge(of_files, left_on=["cage", "date"], right_index=True, how="left", validate="1:1")
    out = out.sort_values(["cage", "date"], ignore_index=True)
    out["files"], out["files_unusable"] = (
        out["files"].fillna(0).astype(int),
        out["files_unusable"].fillna(0).astype(int),
    )
    own = out.groupby("cage", sort=False)
    before = own["size_px"].transform(lambda size: size.astype(float).shift().rolling(DAYS_BEFORE, 1).median())
    out["size_ratio"] = out["size_px"].astype(float) / before
    moved = np.array(_from_day_before(out)) * out["width"].astype(float) / cameras.WIDTH
    out["shift_px"] = out[["shift_px"]].astype(float).assign(moved=moved).max(axis=1)
    latest = out["date"].max()
    out["reason"] = [_fault(dict(row), settings, row["date"] < latest) for _, row in out.iterrows()]
    out["camera_fault"] = out["reason"].notna()
    out["swaps"] = out["swaps"].astype("Int64")
    return out[tables.SCHEMAS["quality"].names]


def _from_day_before(days: pd.DataFrame) -> list[float]:
    """How far the picture moved since the cage's last day with one, px of a picture :data:`cameras.WIDTH` wide."""
    last: dict[str, np.ndarray] = {}
    found = []
    for cage, data in zip(days["cage"], days["background"]):
        picture = cameras.decode(data) if isinstance(data, bytes) else None
        moved = cameras.shift(last[cage], picture) if picture is not None and cage in last else None
        found.append(np.nan if moved is None else moved)
        if picture is not None:
            last[cage] = picture
    return found


def _fault(day: dict[str, Any], settings: Faults, over: bool) -> str | None:
    """What is wrong with the recording of a day, in words; None when nothing is. The latest day may not be over."""
    share = day["recorded_s"] or np.nan
    signs = (
        (day["files_unusable"] > 0, f"{day['files_unusable']} of {day['files']} files cannot be used"),
        (over and day["coverage"] < settings.coverage, f"coverage {day['coverage']:.2f}"),
        (_over(day["frozen_s"], settings.frozen * share), "the picture stood still"),
        (_over(day["black_s"], settings.black * share), "dark or covered"),
        (_over(day["blank"], settings.black), "frames that show nothing"),
        (
            _over(day["shift_px"], settings.shift * (day["width"] or np.nan)),
            f"the picture moved by {day['shift_px']:.0f} px",
        ),
        (
            day["size_ratio"] == day["size_ratio"] and abs(day["size_ratio"] - 1) > settings.size,
            f"animals {day['size_ratio']:.2f} times as long as before: another height or zoom?",
        ),
    )
    return "; ".join(words for wrong, words in signs if wrong) or None


def _over(value: float | None, limit: float) -> bool:
    return value is not None and value > limit
