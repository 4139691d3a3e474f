"""The pages of the made-up run of the report's unit tests, written as the rules write them."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from presage.config.report import FIGURES, Report
from presage.config.root import built_in
from presage.report.cages.morning import write_morning
from presage.report.figures.draw import draw_figures
from presage.report.page import CAPTIONS, index_page
from presage.report.run import Run
from presage.report.summary import build_summary
from tests.unit.report.made_up_run.cages import homecage_run
from tests.unit.report.made_up_run.facts import EVENTS, filled, utc
from tests.unit.report.made_up_run.sequence import sequence_run

DRAWN = ("fig3_tracks", "fig10_pose", "fig12_alarms")


def write_site(folder: Path) -> Path:
    """Write tables and pages below ``folder`` and return it."""
    sequence_run(folder)
    homecage_run(folder)
    rows = [{"cage": r.cage, "kind": r.kind, "time_utc": utc(r.day)} for r in EVENTS.itertuples()]
    write_pages(folder, filled("events", rows), DRAWN)
    return folder


def write_pages(folder: Path, events: pd.DataFrame, drawn: Sequence[str] = ()) -> None:
    """Write index.html, and where there is a home cage its pages."""
    run = Run(folder, events)
    draw_figures(run, folder / "figures", drawn, Report(), True)
    summary = build_summary(run, built_in().model_dump(mode="json"))
    if (folder / "homecage").is_dir():
        write_morning(run, folder / "homecage/morning.html", folder / "homecage/timeline", Report(), True)
    figures = {stem: FIGURES[stem] for stem in drawn}
    facts = {"Data": "built-in world", "Seed": "1"}
    text = index_page(run, summary, figures, CAPTIONS, facts=facts)
    (folder / "index.html").write_text(text, encoding="utf-8")
