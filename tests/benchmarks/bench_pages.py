"""The morning page and the cage pages of 102 cages x 30 days: how long to write, how large, how fast to open.

``python tests/benchmarks/bench_pages.py [--days N] [--repeats N]`` writes the pages of a made-up colony as the rule
does, opens each kind in headless Chromium from disk, and reads the time from navigation to the end of the load event
and to the first paint (medians of the repeats, each in a new browser context, so nothing is cached). The last line is
one JSON object.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT)]

from playwright.sync_api import Browser, sync_playwright  # noqa: E402

from presage import tables  # noqa: E402
from presage.config.report import Report  # noqa: E402
from presage.report.cages.morning import write_morning  # noqa: E402
from presage.report.run import Run  # noqa: E402
from tests.browser.browser import chromium  # noqa: E402
from tests.unit.report.made_up_run.cages import colony, hourly, model_card, reasons  # noqa: E402
from tests.unit.report.made_up_run.facts import EVENTS, filled, utc  # noqa: E402

COPIES = 17  # of a colony of six
LOAD = "performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "colony"
        run = made_up(folder, given.days)
        began = time.perf_counter()
        morning, timelines = folder / "homecage/morning.html", folder / "homecage/timeline"
        write_morning(run, morning, timelines, Report(), True)
        seconds = time.perf_counter() - began
        pages = sorted(timelines.glob("*.html"), key=lambda path: path.stat().st_size)
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium())
            opened = {path: open_times(browser, path, given.repeats) for path in (morning, pages[-1])}
            browser.close()
        rows = {"morning.html": morning, "the largest timeline": pages[-1]}
        print(f"{len(pages)} cages x {given.days} days, written in {seconds:.1f} s\n")
        print(f"{'':<24}{'kB':>8}{'load, s':>10}{'first paint, s':>16}")
        for label, path in rows.items():
            load, paint = opened[path]
            print(f"{label:<24}{path.stat().st_size / 1e3:>8,.0f}{load:>10.2f}{paint:>16.2f}")
        result = {
            "bench": "pages", "cages": len(pages), "days": given.days, "write_s": round(seconds, 2),
            "morning_bytes": morning.stat().st_size, "morning_load_s": round(opened[morning][0], 3),
            "timeline_bytes": pages[-1].stat().st_size, "timeline_load_s": round(opened[pages[-1]][0], 3),
        }  # fmt: skip
    print(json.dumps(result))


def made_up(folder: Path, days: int) -> Run:
    """The tables of ``COPIES`` made-up colonies below ``folder``."""
    daily, scores, alarms = colony(days)
    events = filled("events", [{"cage": r.cage, "kind": r.kind, "time_utc": utc(r.day)} for r in EVENTS.itertuples()])
    frames = {"readings/daily": ("daily", daily), "readings/hourly": ("hourly", hourly(daily)),
              "distress/scores": ("distress_scores", scores), "distress/alarms": ("alarms", alarms),
              "distress/reasons": ("reasons", reasons(alarms))}  # fmt: skip
    (folder / "homecage/distress/model").mkdir(parents=True)
    (folder / "homecage/readings").mkdir()
    for name, (table, frame) in frames.items():
        tables.write(folder / f"homecage/{name}.parquet", table, copied(frame))
    (folder / "homecage/distress/model/2026-03-09_abc.json").write_text(json.dumps(model_card()))
    return Run(folder, copied(events))


def copied(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows once for each colony, whose number goes before the cage's name."""
    parts = [frame.assign(cage=f"R{k:02d}-" + frame["cage"]) for k in range(COPIES)]
    return pd.concat(parts, ignore_index=True)


def open_times(browser: Browser, path: Path, repeats: int) -> tuple[float, float]:
    """Seconds to the end of the load event and to the first paint, medians."""
    found = []
    for _ in range(repeats):
        context = browser.new_context(viewport={"width": 1400, "height": 900})
        page = context.new_page()
        page.goto(path.as_uri(), wait_until="load")
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
        found.append((page.evaluate(LOAD), page.evaluate(PAINT)))
        context.close()
    loads, paints = zip(*found)
    return statistics.median(loads), statistics.median(paints)


if __name__ == "__main__":
    main()
