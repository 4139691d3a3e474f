"""The detector over a large facility: every cage-day judged by dated models, thresholds by budget, alarms.

``python tests/benchmarks/bench_detector.py [--cages N] [--days N] [--repeats N]`` simulates daily values of the default
features, a tenth of the cages setting the threshold and a few falling ill, and judges them, beside the one-line rule
written in pandas as a facility would (ratio to the rolling median of seven days). Its last line is one JSON object:
``seconds`` and ``rss_mb`` of ours, and ``ratio_to_rule``.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cages", type=int, default=1000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)  # name, file
    given = parser.parse_args()
    if given.child:
        CHILDREN[given.child[0]](Path(given.child[1]))
        return
    from tests.benchmarks import measure

    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "daily.parquet"
        daily(given.cages, given.days).to_parquet(path)
        commands = {name: [sys.executable, __file__, "--child", name, str(path)] for name in CHILDREN}
        costs = measure.by_turns(commands, given.repeats)
    best = {name: min(found) for name, found in costs.items()}
    print(f"{given.cages:,} cages x {given.days} days\n\n{'':<52}{'seconds':>9}{'MB':>9}")
    for name, label in (
        ("rule", "one rule in pandas, nothing learned"),
        ("ours", "ours: dated models, thresholds, alarms"),
    ):
        print(f"{label:<52}{best[name].seconds:>9.1f}{best[name].rss_mb:>9,.0f}")
    ratio = best["ours"].seconds / best["rule"].seconds
    print(
        json.dumps(
            {
                "bench": "detector",
                "cages": given.cages,
                "days": given.days,
                "seconds": best["ours"].seconds,
                "rss_mb": best["ours"].rss_mb,
                "ratio_to_rule": ratio,
            }
        )
    )


def daily(cages: int, days: int) -> pd.DataFrame:
    """The ``daily`` table: the default features with day-to-day noise; each fiftieth cage falls to a half."""
    from presage.config.distress import DEFAULT_FEATURES

    rng = np.random.default_rng(0)
    dates = pd.date_range("2026-01-01", periods=days)
    parts = []
    for feature in DEFAULT_FEATURES:
        noise = rng.normal(0, 0.16, (cages, days))
        noise[::50, days // 2 : days // 2 + 6] += -0.7 if feature.worse == "down" else 0.7
        value = 400 * np.exp(noise) if feature.scale == "log" else 1 / (1 + np.exp(-noise))
        index = pd.MultiIndex.from_product([[f"c{i:04d}" for i in range(cages)], dates], names=["cage", "date"])
        frame = pd.DataFrame({"value": value.ravel()}, index=index).reset_index()
        parts.append(frame.assign(name=feature.name, unit="1"))
    table = pd.concat(parts, ignore_index=True)
    end = pd.DatetimeIndex(table["date"]).tz_localize("UTC").as_unit("us") + pd.Timedelta(days=1)
    return table.assign(date=table["date"].dt.date, end_utc=end, animal=None, coverage=1.0, sampling="s", source="x",
                        provisional=False)  # fmt: skip


def ours(path: Path) -> None:
    """As the workflow does it, from the daily table to the tables of scores and alarms."""
    from presage import tables
    from presage.config.distress import Alarms, Detector
    from presage.homecage.detectors import judge as judging
    from presage.homecage.recordings.zeitgeber import Lights
    from presage.sheets import Cage

    table = pd.read_parquet(path)
    cages = [Cage(c, role="calibrate" if i % 10 == 0 else "evaluate") for i, c in enumerate(sorted(set(table["cage"])))]
    lights, alarms = Lights(zone="UTC", on="00:00", off="12:00"), Alarms()
    judged = judging.judge(table, cages, tables.empty("events"), lights, Detector(), alarms)[judging.OURS]
    scores = judging.scores_table(judged, alarms, 60.0, judging.Stamp())
    print(json.dumps([len(scores), len(judging.alarms_table(judged, alarms, 60.0, judging.Stamp()))]))


def rule(path: Path) -> None:
    """Distance under 60 % of the median of the seven days before."""
    table = pd.read_parquet(path)
    wide = table[table["name"] == "night_distance"].pivot(index="date", columns="cage", values="value")
    print(int((wide / wide.shift().rolling(7).median() < 0.6).sum().sum()))


CHILDREN = {"rule": rule, "ours": ours}


if __name__ == "__main__":
    main()
