"""The made-up run of the home-cage branch: a colony of readings, alarms and pages of it."""

import datetime as dt
import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from presage import tables
from presage.config.distress import Detector, FeatureWeight
from tests.unit.report.made_up_run.facts import DAYS, EVENTS, START, filled, utc
from tests.unit.report.made_up_run.outcomes import evaluation, leads


def colony(days: int = DAYS) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Daily features, detector scores and alarms of six cages: C01 and C02 fall ill, C05 is not seen at the end."""
    rng = np.random.default_rng(2)
    daily, scores = [], []
    for cage in [f"C0{i}" for i in range(1, 7)]:
        onset = EVENTS.loc[(EVENTS["cage"] == cage) & (EVENTS["kind"] == "onset"), "day"]
        for d in range(days):
            ill = len(onset) > 0 and d > onset.iloc[0]
            level = rng.normal(100, 12) * (max(0.4, 1 - 0.15 * (d - onset.iloc[0])) if ill else 1)
            lost = cage == "C05" and d >= days - 2
            for name, unit in (
                ("night_distance", "px/min at 5 fps"),
                ("night_sleep_fraction", "1"),
                ("day_distance", "px/min at 5 fps"),
            ):
                value = None if lost else level if "distance" in name else 0.5 + (100 - level) / 300
                daily.append(
                    {
                        "cage": cage,
                        "date": START + dt.timedelta(days=d),
                        "name": name,
                        "value": value,
                        "unit": unit,
                        "coverage": 0.1 if lost else 0.97,
                        "end_utc": utc(d + 1),
                        "sampling": "s",
                        "provisional": d == days - 1,
                    }
                )
            score = None if lost else max(0.0, (100 - level) / 12 + rng.normal(0, 0.3))
            warm = d < 7
            scores.append(
                {
                    "cage": cage,
                    "date": START + dt.timedelta(days=d),
                    "decision_utc": utc(d + 1.02),
                    "score": score,
                    "threshold": 3.0,
                    "alarm": bool(not warm and score is not None and score > 3),
                    "no_call": lost,
                    "warm_up": warm,
                    "explanation": "distance at night 3.4 robust SD below its own baseline"
                    if score and score > 3
                    else None,
                }
            )
    scores = filled("distress_scores", scores)
    alarms = []
    for cage, rows in scores[scores["alarm"]].groupby("cage"):
        alarms.append(
            {
                "cage": cage,
                "first_date": rows["date"].min(),
                "last_date": rows["date"].max(),
                "alarm_days": len(rows),
                "decision_utc": rows["decision_utc"].min(),
                "score": rows["score"].max(),
                "threshold": 3.0,
                "budget": 1.0,
                "level": "check",
                "explanation": "distance at night far below <its> own baseline",
            }
        )
    return filled("daily", daily), scores, filled("alarms", alarms)


def hourly(daily: pd.DataFrame) -> pd.DataFrame:
    """Active by night, as far as the day's value says; nothing was seen of days without one."""
    rng = np.random.default_rng(3)
    parts = []
    for row in daily[daily["name"] == "night_distance"].itertuples():
        zt, seen = np.arange(24), not pd.isna(row.value)
        level = np.where(zt < 12, 0.3, 1.4) * rng.gamma(2.0, 0.5, 24) * (row.value or 0.0)
        rows = pd.DataFrame({"cage": row.cage, "date": row.date, "zt": zt, "value": level if seen else np.nan})
        parts.append(rows.assign(seen_s=3600.0 if seen else 0.0, unit=row.unit))
    frame = pd.concat(parts).assign(animal=None, name="distance", first_utc=None, sampling="s", source="video")
    return frame[tables.SCHEMAS["hourly"].names]


def reasons(alarms: pd.DataFrame) -> pd.DataFrame:
    """Two deviations of each alarm; the first can be filmed."""
    rows = []
    for row in alarms.itertuples():
        common = {"cage": row.cage, "episode": row.episode, "date": row.last_date, "window_days": 2}
        film = {"zt": 14, "watch_utc": utc(22.6), "clip": f"clips/{row.cage}/20260324T202400Z_60s.mp4"}
        distance = {"feature": "night_distance", "value": 37.25, "usual": 101.0, "unit": "px/min at 5 fps"}
        rows.append({**common, **distance, "rank": 1, "band_low": 82.5, "band_high": 119.0, "deviation": 5.5, **film})
        sleep = {"feature": "night_sleep_fraction", "value": 0.71, "usual": 0.5, "unit": "1"}
        rows.append({**common, **sleep, "rank": 2, "band_low": 0.4, "band_high": 0.6, "deviation": 3.5})
    return filled("reasons", rows)


def homecage_run(folder: Path) -> None:
    (folder / "homecage/distress").mkdir(parents=True)
    (folder / "homecage/readings").mkdir()
    daily, scores, alarms = colony()
    tables.write(folder / "homecage/readings/daily.parquet", "daily", daily)
    tables.write(folder / "homecage/readings/hourly.parquet", "hourly", hourly(daily))
    tables.write(folder / "homecage/distress/reasons.parquet", "reasons", reasons(alarms))
    tables.write(folder / "homecage/distress/scores.parquet", "distress_scores", scores)
    tables.write(folder / "homecage/distress/alarms.parquet", "alarms", alarms)
    tables.write(folder / "homecage/distress/evaluation.parquet", "evaluation", evaluation())
    tables.write(folder / "homecage/distress/lead_time.parquet", "lead_time", leads())
    (folder / "homecage/distress/model").mkdir()
    (folder / "homecage/distress/model/2026-03-09_abc.json").write_text(json.dumps(model_card()))
    (folder / "homecage/pose_model").mkdir()
    parts = {
        part: {"rmse_px": 5.0 + i, "median_px": 3.0 + i, "n": 20}
        for i, part in enumerate(("snout", "left_ear", "tailbase"))
    }
    card = {
        "frame_size": [320, 240],
        "likelihood_cut": [0.5, 0.5, 0.5],
        "split": "by_video",
        "metrics": {"rmse_px": 6.1, "rmse_px_ci": [5.2, 7.4], "n_frames": 20, "n_points": 60, "bodyparts": parts},
    }
    (folder / "homecage/pose_model/card.json").write_text(json.dumps(card))
    meta = {"bodyparts": list(parts), "frame_size": card["frame_size"]}
    tables.write(folder / "homecage/pose_model/held_out.parquet", "held_out_frames", held_out_frames(), meta)


def held_out_frames() -> pd.DataFrame:
    """Eleven held-out frames: in frame i every point is i px off, and the last one has no label."""
    labels = np.array([[100.0, 60.0], [140.0, 90.0], [220.0, 180.0]])
    picture = cv2.imencode(".jpg", np.full((120, 160, 3), 70, np.uint8))[1].tobytes()
    rows = []
    for i in range(11):
        x, y = (labels * (np.nan if i == 10 else 1)).T
        likelihood = [0.9, 0.2, 0.8]
        row = {"frame": f"v/{i}.png", "image": picture, "x_label": x, "y_label": y, "likelihood": likelihood}
        rows.append(row | {"x": labels[:, 0] + i, "y": labels[:, 1]})
    return pd.DataFrame(rows)


def model_card() -> dict:
    """Card of a dated detector with two features, as the detector leaves it."""
    features = [
        FeatureWeight(name="night_distance", worse="down", scale="log"),
        FeatureWeight(name="night_sleep_fraction", worse="up", scale="share"),
    ]
    settings = Detector(features=features).model_dump(mode="json")
    spread = {"night_distance": 0.12, "night_sleep_fraction": 0.05}
    return {"name": "ours", "fit_date": "2026-03-09", "learned": {"spread": spread}, "settings": settings}
