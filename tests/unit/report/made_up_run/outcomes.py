"""A made-up evaluation of alarms: its rows and the cases they stand for."""

import numpy as np
import pandas as pd

from tests.unit.report.made_up_run.facts import filled, utc


def evaluation() -> pd.DataFrame:
    """Rates by detector and budget, the DSS protocol, and healthy mice that were left out."""
    rows = []
    for detector, gain in (("ours", 0.0), ("rule: one low day", -0.2)):
        for i, budget in enumerate((0.05, 0.25, 1.0)):
            common = {"detector": detector, "budget": budget, "group": "all"}
            share = 0.55 + 0.18 * i + gain
            rows += [
                {
                    "metric": "detection_rate:weight_loss_5pct",
                    "value": share,
                    "ci_low": share - 0.2,
                    "ci_high": min(share + 0.15, 1),
                    "n": 20,
                    **common,
                },
                {
                    "metric": "lead_days:weight_loss_5pct:all",
                    "value": 1.5 + gain,
                    "ci_low": 0.5,
                    "ci_high": None,
                    "n": 20,
                    "unit": "d",
                    **common,
                },
                {
                    "metric": "false_alarms_per_cage_month",
                    "value": 0.9 * budget,
                    "ci_low": 0.3 * budget,
                    "ci_high": 2 * budget,
                    "n": 900,
                    "note": "not demonstrable: needs 60 alarm-free cage-months" if budget < 0.1 else None,
                    **common,
                },
                {"metric": "chance_detection", "value": 1 - np.exp(-budget * 7 / 30), **common},
                {
                    "metric": "false_alarms_per_cage_month",
                    "value": budget,
                    "ci_low": 0.4 * budget,
                    "ci_high": 2 * budget,
                    "n": 230,
                    **common,
                    "group": "mice_rhythms",
                },
                {"metric": "sensitivity_40pct_3d", "value": 0.8, "n": 90, **common, "group": "mice_rhythms"},
                {
                    "metric": "detection_rate_shifted:weight_loss_5pct",
                    "value": 0.1,
                    "ci_low": 0.0,
                    "ci_high": 0.3,
                    "n": 20,
                    **common,
                },
            ]
            for strain in ("A", "B"):
                own = {**common, "n": 200, "value": budget, "ci_low": budget / 3, "ci_high": budget * 3}
                rows.append({**own, "metric": "false_alarms_by_strain", "group": strain})
                name = f"strain {strain}"
                rows.append({**own, "metric": "left_out:false_alarms_per_cage_month", "group": name})
            lost = {**common, "n": 220, "value": 1.2 * budget, "ci_low": budget / 3, "ci_high": budget * 4}
            lost |= {"metric": "false_alarms_lost_hours", "group": "mice_rhythms: 3 busiest h lost on 20 % of days"}
            rows.append(lost)
            for factor in (0.5, 1, 2):
                lead = {**common, "n": 12, "value": 2.0 / factor, "ci_low": 0.5, "ci_high": 3.0, "unit": "d"}
                rows.append({**lead, "metric": "lead_over_technician", "group": f"{factor:g} x as attentive"})
            for fall in (0.2, 0.4, 0.6):
                injected = {**common, "group": f"fall {fall:.0%}", "n": 30}
                found = min(1.0, fall + budget / 3)
                rows.append({"metric": "power:step", "value": found, "ci_low": found / 2, "ci_high": 1.0, **injected})
                delay = None if fall < 0.3 else 2.0
                rows.append({"metric": "power_delay_days:step", "value": delay, "unit": "d", **injected})
        dss = {"detector": detector, "budget": 0.25}
        for group, hits, n in (("DSS", 6, 7), ("stress+DSS", 8, 8), ("treated", 14, 15)):
            rows.append(
                {
                    "metric": "detected_after_treatment",
                    "value": hits / n,
                    "ci_low": 0.5,
                    "ci_high": 1.0,
                    "n": n,
                    "group": group,
                    **dss,
                }
            )
        rows.append(
            {
                "metric": "controls_alarmed",
                "value": 2 / 8,
                "ci_low": 0.03,
                "ci_high": 0.65,
                "n": 8,
                "group": "control",
                **dss,
            }
        )
        rows.append(
            {
                "metric": "median_lead_days",
                "value": 0.5,
                "ci_low": 0.0,
                "ci_high": 1.0,
                "n": 6,
                "group": "DSS",
                "unit": "d",
                **dss,
            }
        )
    for day in ("Mon", "Tue"):
        rows.append({"metric": "alarm_days", "detector": "ours", "budget": 1.0, "group": f"weekday {day}",
                     "value": 1.5, "ci_low": 0.1, "ci_high": 4.0, "n": 80})  # fmt: skip
    for t in (0.05, 0.1, 0.2):
        act = {
            "detector": "classifier",
            "budget": None,
            "group": f"act at {t:g}",
            "n": 900,
            "ci_low": 0.0,
            "ci_high": 0.03,
        }
        rows.append({"metric": "net_benefit", "value": 0.02, **act})
        rows.append({"metric": "net_benefit_of_all", "value": 0.03 - t / 5, **act})
    for low in (0.0, 0.4):
        binned = {"detector": "classifier", "group": f"predicted {low:g}", "n": 40}
        rows.append({"metric": "reliability_predicted", "value": low + 0.1, **binned})
        rows.append(
            {"metric": "reliability_observed", "value": low + 0.2, "ci_low": low, "ci_high": low + 0.3, **binned}
        )
    return filled("evaluation", rows, simulated=True)


def leads() -> pd.DataFrame:
    """Cases of the colony at three budgets, and of the DSS mice."""
    rows = []
    for budget in (0.05, 0.25, 1.0):
        for cage, onset, loss, found in (
            ("C01", 14.3, 19.1, 16.5),
            ("C02", 15.2, 20.4, 18.1),
            ("C04", 15.0, 21.0, None),
        ):
            status = "missed" if found is None else "detected"
            common = {
                "cage": cage,
                "group": "ill",
                "onset_utc": utc(onset),
                "decision_utc": utc(found) if found else None,
                "delay_days": found - onset if found else None,
                "status": status,
                "budget": budget,
                "detector": "ours",
                "simulated": True,
            }
            rows.append({"event": "onset", "event_utc": utc(onset), "lead_days": None, **common})
            rows.append(
                {
                    "event": "weight_loss_5pct",
                    "event_utc": utc(loss),
                    "lead_days": loss - found if found else None,
                    **common,
                }
            )
    for i, group in enumerate(["DSS"] * 4 + ["stress+DSS"] * 4):
        rows.append(
            {
                "cage": f"M{i}",
                "group": group,
                "event": "weight_loss_5pct",
                "event_utc": utc(6),
                "lead_days": 0.5 * (i % 4),
                "status": "detected" if i % 4 else "late",
                "budget": 0.25,
                "detector": "ours",
                "simulated": False,
            }
        )
    frame = filled("lead_time", rows)
    for column in ("event_utc", "onset_utc", "decision_utc"):
        frame[column] = pd.to_datetime(frame[column], utc=True).dt.floor("us")
    return frame
