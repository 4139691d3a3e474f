"""What a paper or an ethics file must say of a home-cage study, filled in from the run.

Items of ARRIVE 2.0 (Percie du Sert et al. 2020, doi:10.1371/journal.pbio.3000410) and of the V3 framework for digital
measures (Goldsack et al. 2020, doi:10.1038/s41746-020-0260-4: verification, analytical and clinical validation). What a
run cannot know is left to its authors, and says so. ``python -m presage.report.arrive results/<run>`` prints it.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from presage.report.command_line import print_of_run
from presage.report.render import number
from presage.report.run import OURS, NoData, Run

AUTHORS = "for the authors to state: a run does not know it"
Statement = Callable[[Run, Mapping[str, Any]], str]


def statements(run: Run, section: Mapping[str, Any]) -> pd.DataFrame:
    """Rows ``framework item statement`` for the home-cage ``section`` of a run's resolved configuration."""
    rows = []
    for framework, item, say in ITEMS:
        try:
            rows.append((framework, item, say(run, section)))
        except NoData as reason:
            rows.append((framework, item, f"not in this run: {reason}"))
    return pd.DataFrame(rows, columns=["framework", "item", "statement"])


def _design(run: Run, section: Mapping[str, Any]) -> str:
    judged = run.table("distress")
    units = judged[["cage", "animal"]].drop_duplicates()
    of = "animal" if units["animal"].notna().any() else "cage"
    return (f"Each {of} is its own control: {len(units)} of them, {len(judged)} days of recording. "
            "Thresholds come from cages that are not evaluated.")  # fmt: skip


def _size(run: Run, section: Mapping[str, Any]) -> str:
    rows = _rows(run, section, f"detection_rate:{section['alarms']['primary_event']}")
    need = _rows(run, section, "exposure_needed")
    had = _rows(run, section, "false_alarms_per_cage_month")
    return (f"{rows['n']} cases of the primary event; {had['n'] / 30:.1f} healthy cage-months, where "
            f"{number(need['value'])} without an alarm would be needed to show the budget.")  # fmt: skip


def _inclusion(run: Run, section: Mapping[str, Any]) -> str:
    judged = run.table("distress")
    share = {name: judged[name].mean() for name in ("no_call", "warm_up", "masked")}
    text = f"Days not judged: {share['no_call']:.1%} too little seen, {share['warm_up']:.1%} no baseline yet, " \
           f"{share['masked']:.1%} masked by husbandry events."  # fmt: skip
    segments = run.optional("segments")
    if segments is not None and len(segments):
        bad = segments[~segments["usable"].astype(bool)]
        text += f" {len(bad)} of {len(segments)} recordings were not used, each with its reason in segments.parquet."
    return text


def _blinding(run: Run, section: Mapping[str, Any]) -> str:
    models = sorted(run.folder.glob("homecage/distress/model/*.json"))
    if not models:
        raise NoData("no detector was fitted")
    return (f"{len(models)} dated detectors, each fitted on days before its date; no clinical event of a day enters "
            "its judgement. Whether people who recorded events had seen alarms is for the authors to say.")  # fmt: skip


def _outcome(run: Run, section: Mapping[str, Any]) -> str:
    alarms = section["alarms"]
    return (f"Primary: {alarms['primary_event']} with an alarm decided within {number(alarms['horizon_days'])} days "
            f"before it, at {number(alarms['budget'])} false-alarm episodes per healthy cage-month.")  # fmt: skip


def _results(run: Run, section: Mapping[str, Any]) -> str:
    event = section["alarms"]["primary_event"]
    found, lead = _rows(run, section, f"detection_rate:{event}"), _rows(run, section, f"lead_days:{event}:all")
    false = _rows(run, section, "false_alarms_per_cage_month")
    return (f"Detected {_ci(found)}; median lead {_ci(lead)} days over all cases; "
            f"{_ci(false)} false-alarm episodes per healthy cage-month.")  # fmt: skip


def _false_alarms(run: Run, section: Mapping[str, Any]) -> str:
    """What may be said of the budget: kept, not kept, or not to be told yet."""
    came, budget = _rows(run, section, "false_alarms_per_cage_month"), float(section["alarms"]["budget"])
    months = came["n"] / 30
    words = (
        f"At a budget of {number(budget)} false-alarm episodes per healthy cage-month {_ci(came)} came, in "
        f"{months:.1f} healthy cage-months of evaluated cages (an alarm without a recorded event counts as false). "
    )
    if came["ci_low"] > budget:
        return words + "The budget is not kept."
    need = _rows(run, section, "exposure_needed")
    if months < need["value"]:
        return words + f"Whether it is kept cannot be told before {number(need['value'])} of them."
    return words + "Nothing speaks against its being kept."


def _verification(run: Run, section: Mapping[str, Any]) -> str:
    quality = run.rows("quality")
    seen = quality["coverage"]
    return (f"Coverage of the scheduled time {seen.median():.1%} (median cage-day; the least {seen.min():.1%}, "
            f"{int((seen < 0.9).sum())} of {len(seen)} cage-days under 90 %); "
            f"{int(quality['camera_fault'].sum())} of {len(quality)} cage-days with a camera fault.")  # fmt: skip


def _analytical(run: Run, section: Mapping[str, Any]) -> str:
    card = run.json("homecage/pose_model/card.json")
    m = card["metrics"]
    low, high = m["rmse_px_ci"]
    return (f"Pose error on {m['n_frames']} held-out frames ({card['split']}): {m['rmse_px']:.1f} px "
            f"({low:.1f} to {high:.1f}) of a frame {card['frame_size'][0]} px wide.")  # fmt: skip


def _power(run: Run, section: Mapping[str, Any]) -> str:
    rows = {fall: _rows(run, section, "power:step", f"fall {fall}%") for fall in (30, 50)}
    text = ", ".join(f"a sudden {fall} % fall of activity in {_ci(row)}" for fall, row in rows.items())
    return f"Injected into these healthy cages, at this budget: {text}."


def _control(run: Run, section: Mapping[str, Any]) -> str:
    event = section["alarms"]["primary_event"]
    moved, chance = _rows(run, section, f"detection_rate_shifted:{event}"), _rows(run, section, "chance_detection")
    return f"The same events moved two weeks back are detected in {_ci(moved)}; by chance {chance['value']:.0%}."


def _rows(run: Run, section: Mapping[str, Any], metric: str, group: str = "all") -> pd.Series:
    """Our detector's row at the chosen budget."""
    table = run.table("evaluation")
    mine = (table["metric"] == metric) & (table["detector"] == OURS) & (table["group"] == group)
    found = table[mine & (table["budget"] == section["alarms"]["budget"])]
    if found.empty or pd.isna(found["value"].iloc[0]):
        raise NoData(f"no {metric}")
    return found.iloc[0]


def _ci(row: pd.Series) -> str:
    ends = [number(row[end]) if pd.notna(row[end]) else "none" for end in ("ci_low", "ci_high")]
    return f"{number(row['value'])} (95 % CI {ends[0]} to {ends[1]})"


def _methods(run: Run, section: Mapping[str, Any]) -> str:
    return "Exact binomial and Poisson intervals; medians by bootstrap over cages, a miss worse than any number."


def _authors(run: Run, section: Mapping[str, Any]) -> str:
    return AUTHORS


ARRIVE, V3 = "ARRIVE 2.0", "V3"
ITEMS: tuple[tuple[str, str, Statement], ...] = (
    ("ethics file", "what false alarms cost", _false_alarms),
    (ARRIVE, "1 study design", _design),
    (ARRIVE, "2 sample size", _size),
    (ARRIVE, "3 inclusion and exclusion", _inclusion),
    (ARRIVE, "4 randomisation", _authors),
    (ARRIVE, "5 blinding", _blinding),
    (ARRIVE, "6 outcome measures", _outcome),
    (ARRIVE, "7 statistical methods", _methods),
    (ARRIVE, "8 experimental animals", _authors),
    (ARRIVE, "9 experimental procedures", _authors),
    (ARRIVE, "10 results", _results),
    (V3, "verification: the sensor", _verification),
    (V3, "analytical validation: pose", _analytical),
    (V3, "analytical validation: power", _power),
    (V3, "clinical validation", _results),
    (V3, "clinical validation: negative control", _control),
)  # fmt: skip


def of_run(run: Run) -> pd.DataFrame:
    """The statements by the configuration that the run was made with.

    Raises :class:`NoData` where it left none, or has no judged cages.
    """
    config = run.folder / "config.yaml"
    section = yaml.safe_load(config.read_text(encoding="utf-8")).get("homecage") if config.exists() else None
    if not section or run.optional("distress") is None:
        raise NoData("no cages were judged")
    return statements(run, section)


def as_text(folder: Path) -> str:
    """The statements of the run in ``folder``, tab-separated. Raises :class:`NoData` when no cages were judged."""
    return of_run(Run(folder)).to_csv(sep="\t", index=False, lineterminator="\n").rstrip("\n")


if __name__ == "__main__":
    print_of_run(as_text)
