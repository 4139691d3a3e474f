"""Warnings of the home cage: recordings that were not used, and cameras to look at."""

import datetime as dt
import json

import pytest

from presage import tables
from presage.report.run import Run
from presage.report.warn import about_fits, fits, recorded, unmeasured, warnings, weak
from tests.unit.report.made_up_run.facts import START, filled, utc


@pytest.fixture
def said(tmp_path):
    """What is said of a run with these rows of one table."""

    def of(table, rows):
        path = tmp_path / f"homecage/{table}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        tables.write(path, path.stem, filled(path.stem, rows))
        return [sentence for branch, sentence in warnings(Run(tmp_path), {}) if branch == "homecage"]

    return of


def recording(cage, name, sha, usable=True):
    reason = None if usable else "cannot be opened"
    return {
        "cage": cage,
        "path": name,
        "sha256": sha,
        "usable": usable,
        "reason": reason,
        "date": START,
        "start_utc": utc(0),
    }


def test_good_recordings_are_silent(said):
    assert said("segments", [recording("A", "a.mp4", "1"), recording("B", "b.mp4", "2")]) == []
    assert said("segments", [recording("A", "a.mp4", None), recording("B", "b.mp4", None)]) == []  # not hashed


def test_recordings_that_were_not_used_are_counted_by_reason(said):
    rows = [recording("A", f"{i}.mp4", str(i), usable=i > 1) for i in range(3)]
    assert said("segments", rows) == ["2 recordings were not used: cannot be opened"]


def test_one_film_under_two_names_is_named(said):
    [sentence] = said("segments", [recording("A", "a.mp4", "1"), recording("B", "b.mp4", "1")])
    assert sentence == "Recordings with the same bytes: a.mp4 (cage A), b.mp4 (cage B)"
    rows = [recording(cage, f"{cage}{i}.mp4", str(i)) for i in range(5) for cage in "AB"]
    assert said("segments", rows)[0].endswith("A2.mp4 (cage A), B2.mp4 (cage B), and 2 more")


def test_cameras_are_named_and_no_more_than_five(said):
    rows = [
        {
            "cage": f"C{i}",
            "date": START + dt.timedelta(days=1),
            "camera_fault": i > 0,
            "reason": "frozen" if i else None,
        }
        for i in range(8)
    ]
    [sentence] = said("quality", rows)
    assert "C1 on" in sentence and "(frozen)" in sentence and sentence.endswith(", and 2 more")
    assert "C0" not in sentence and "C6" not in sentence
    assert said("quality", rows[:1]) == []


def test_fits_that_learned_nothing_are_named(tmp_path):
    """Tracks that never vary, a fit that kept its start, few test windows, and no gain over the bulk track."""
    folder = tmp_path / "sequence/adapt/lora/seed1"
    folder.mkdir(parents=True)
    (folder / "card.json").write_text(json.dumps({"flat_tracks": ["b_atac"], "best_epoch": 0}))
    (tmp_path / "sequence/evaluate").mkdir()

    def said(windows, r):
        common = {"metric": "bin_pearson", "split": "test", "group": "all", "seed": 1, "n": windows}
        rows = [{**common, "model": name, "value": value} for name, value in (("lora", r), ("bulk_track", 0.4))]
        tables.write(tmp_path / "sequence/evaluate/metrics.parquet", "metrics", filled("metrics", rows))
        return fits(Run(tmp_path), {})

    flat, start, few, below = said(1, 0.3)
    assert "lora (seed 1) could learn nothing of b_atac" in flat and "kept its start" in start
    assert "rest on 1 window:" in few and "bulk track (r 0.4): lora (0.3)" in below
    assert len(said(100, 0.5)) == 2


def days(ratios):
    """A day of each cage with this ratio of activity in the light to that in the dark."""
    rows = [{"cage": f"C{i}", "date": START, "name": "all_day_night_ratio", "value": r} for i, r in enumerate(ratios)]
    return [{**row, "end_utc": utc(1), "unit": "1", "coverage": 1.0, "provisional": False} for row in rows]


def test_cages_that_are_busy_by_day_put_the_clock_in_doubt(said):
    assert said("readings/daily", days([0.4, 0.5, 1.4, None])) == []  # one odd mouse is no odd clock
    [sentence] = said("readings/daily", days([1.3, 0.5, 1.4]))
    assert sentence.startswith("2 of 3 cages are busier in the light than in the dark") and "time_zone" in sentence


def of_sequence(folder, trunk=None, genes=None):
    """What is said of a run on real data with this trunk's card and these genes."""
    for name, value in (("trunk/card.json", trunk), ("reference/qc.json", genes)):
        path = folder / "sequence" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value or {}))
    return [sentence for branch, sentence in warnings(Run(folder), {}) if branch == "sequence"]


def test_a_simulated_trunk_beneath_real_data_is_said(tmp_path):
    assert of_sequence(tmp_path, trunk={"simulated": False}) == []
    [sentence] = of_sequence(tmp_path, trunk={"simulated": True})
    assert sentence.startswith("The trunk was trained on simulated data")
    card = tmp_path / "sequence/adapt/lab_a/seed1/card.json"
    card.parent.mkdir(parents=True)
    card.write_text(json.dumps({"simulated": True}))
    [sentence] = of_sequence(tmp_path, trunk={"simulated": False})
    assert sentence.startswith("The adapter lab_a was trained on simulated data")
    assert of_sequence(tmp_path / "empty") == []


def test_a_fit_that_was_still_warming_up_is_named():
    card = {"name": "lora", "seed": 1, "run": {"kind": "lora", "epochs": None}, "folds": {"train": 97}}
    card["training"] = {"epochs": 8, "batch_size": 8, "warmup_steps": 50}
    [sentence] = about_fits([card])
    assert sentence.startswith("The learning rate of lora (seed 1) was rising for 50 of its 104 steps")
    for changed in ({"run": {"kind": "lora", "epochs": 40}}, {"run": {"kind": "ridge"}}, {"training": {}}):
        assert about_fits([{**card, **changed}]) == []


def metrics_of(folder, *rows):
    """A run with these metrics on all test windows or genes: (metric, model, value, low, high)."""
    names = ["metric", "model", "value", "ci_low", "ci_high"]
    made = [{**dict(zip(names, row)), "split": "test", "group": "all", "n": 30} for row in rows]
    path = folder / "sequence/evaluate/metrics.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    tables.write(path, "metrics", filled("metrics", made) if made else tables.empty("metrics"))
    return Run(folder)


def test_adapters_that_are_worse_than_a_head_or_know_no_cell_type_are_named(tmp_path):
    good = [("bin_pearson_difference", "dora", 0.1, 0.05, 0.15), ("skill", "dora", 0.1, 0.05, 0.15)]
    base = [(name, "nearest_type", -0.1, -0.2, -0.05) for name in ("skill", "bin_pearson_difference")]
    assert weak(metrics_of(tmp_path, *good, *base), {}) == []
    bad = [("bin_pearson_difference", "lora", -0.01, -0.02, -0.003), ("skill", "lora", -0.007, -0.02, 0.01)]
    worse, untold = weak(metrics_of(tmp_path, *good, *base, *bad), {})
    assert worse.startswith("lora predicts test windows worse") and untold.startswith("lora is not shown to tell cell")
    apart = [
        ("bin_pearson_difference", "lora", 0.01, -0.01, 0.02),
        ("gene_pearson_difference", "lora", -0.07, -0.09, -0.04),
    ]
    apart.append(("across_types_r_difference", "lora", -0.05, -0.1, -0.01))
    genes, types = weak(metrics_of(tmp_path, *good, *base, *apart), {})
    assert genes.startswith("lora predicts test genes worse") and types.startswith("lora tells cell types apart worse")


def test_an_adapter_that_nothing_was_compared_with_is_named(tmp_path):
    card = tmp_path / "sequence/adapt/lab_a/seed1/card.json"
    card.parent.mkdir(parents=True)
    card.write_text(json.dumps({"valid_pearson": 0.114}))
    [sentence] = unmeasured(metrics_of(tmp_path), {})
    assert "lab_a is compared with nothing here" in sentence
    assert sentence.endswith("r 0.114 on the windows that it was chosen by")
    assert unmeasured(metrics_of(tmp_path, ("bin_pearson", "lab_a", 0.3, 0.2, 0.4)), {}) == []


def test_windows_of_another_genome_are_counted(tmp_path):
    assert of_sequence(tmp_path, genes={"windows_not_in_genome": 0}) == []
    [sentence] = of_sequence(tmp_path, genes={"windows_not_in_genome": 97})
    assert sentence.startswith("97 of the windows that were given lie on contigs that the genome has not")


def test_genes_without_a_place_are_counted_where_they_are_many(tmp_path):
    left_out = {"genes_not_in_genome": 30}
    assert of_sequence(tmp_path, genes={"genes": {"kept": 30_000, "left_out": left_out}}) == []  # patches
    [sentence] = of_sequence(tmp_path, genes={"genes": {"kept": 30, "left_out": left_out}})
    assert sentence.startswith("30 of 60 genes of the annotation lie on contigs that the genome has not")


def test_events_after_all_that_was_recorded_are_doubted(tmp_path):
    path = tmp_path / "homecage/readings/daily.parquet"
    path.parent.mkdir(parents=True)
    tables.write(path, "daily", filled("daily", days([0.5])))
    event = {"cage": "C0", "kind": "weighing", "value": 20.0}

    def said(*at):
        return recorded(Run(tmp_path, filled("events", [{**event, "time_utc": utc(day)} for day in at])))

    assert said(0.5, 2.0) == []
    [sentence] = said(0.5, 366.0)
    assert sentence.startswith("1 event lies more than 7 days after the last recording (cage C0, weighing, ")
    [sentence] = said(0.5, -365.0, -364.0)
    assert sentence.startswith("2 events lie more than 60 days before the first recording (cage C0, weighing, ")
    assert said(-30.0) == []
    event["kind"] = "acknowledged"
    assert said(2.9) == [] and "1 event lies more than 2 days after the last recording" in said(3.1)[0]


def hours(rise, dark=12, moved=100.0):
    """Rows of a cage whose mouse moves ``moved`` m an hour for ``dark`` hours from ZT ``rise``, else a third of it."""
    on = [(zt - rise) % 24 < dark for zt in range(24)]
    common = {"cage": "C0", "date": START, "name": "distance", "first_utc": utc(0)}
    return [{**common, "zt": zt, "value": moved if night else moved / 3} for zt, night in enumerate(on)]


def of_colony(folder, rows, table="hourly", where="readings", light_hours=12.0):
    path = folder / f"homecage/{where}/{table}.parquet".replace("//", "/")
    path.parent.mkdir(parents=True, exist_ok=True)
    tables.write(path, table, filled(table, rows))
    return recorded(Run(folder), light_hours)


def test_animals_that_rise_hours_from_lights_off_put_the_offset_in_doubt(tmp_path):
    for rise in (11, 12, 13):
        assert of_colony(tmp_path, hours(rise)) == []
    [sentence] = of_colony(tmp_path, hours(14))
    assert sentence.startswith("The animals rise 2 hours after lights-off") and "+00:00" in sentence
    [sentence] = of_colony(tmp_path, hours(9))
    assert sentence.startswith("The animals rise 3 hours before lights-off")
    assert of_colony(tmp_path, hours(14), light_hours=14.0) == []
    assert of_colony(tmp_path, hours(15, moved=0.0)) == []


def test_recordings_that_are_shorter_than_scheduled_are_named(tmp_path):
    rows = [{"cage": cage, "date": START + dt.timedelta(days=d), "coverage": share}
            for d in range(3) for cage, share in (("C1", 0.07), ("C2", 0.95))]  # fmt: skip
    [sentence] = of_colony(tmp_path, rows, "quality", "")
    assert sentence.startswith("Of C1 only 7 % of the scheduled time") and "fps" in sentence
    assert of_colony(tmp_path, rows[1::2], "quality", "") == []
