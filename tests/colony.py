"""A made-up colony for the planner: hourly video files (sparse: a plan never opens one) and a study of them."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import yaml

from presage.homecage.pose.body_parts import MODEL_FILES

START = datetime(2026, 5, 1, 7)  # lights-on: the first hour of a cage-day
BODYPARTS = ["snout", "leftear", "rightear", "tailbase"]


def record(videos: Path, cages: int, days: range, hours: int = 24) -> None:
    """Make the hourly files of ``cages`` cages on cage-days ``days`` (0 is the first): ``<cage>/<start>.mp4``."""
    for number in range(cages):
        folder = videos / f"cage{number:03d}"
        folder.mkdir(parents=True, exist_ok=True)
        for day in days:
            for hour in range(hours):
                start = START + timedelta(days=day, hours=hour)
                with (folder / f"{start:%Y-%m-%dT%H}.mp4").open("wb") as file:
                    file.truncate(1_000_000 + 24 * day + hour)


def study(folder: Path, videos: Path, sheet: bool = False) -> Path:
    """The config of a study of ``videos``, beside its cage sheet and pose model; segments as a pattern, or a sheet."""
    cages = sorted(path.name for path in videos.iterdir())
    model = folder / "model"
    model.mkdir(parents=True, exist_ok=True)
    for name in MODEL_FILES:
        (model / name).write_text(json.dumps({"bodyparts": BODYPARTS}) if name == "card.json" else "")
    (folder / "cages.tsv").write_text("cage\n" + "".join(f"{cage}\n" for cage in cages))
    segments = f"{videos}/{{cage}}/{{start:%Y-%m-%dT%H}}.mp4"
    if sheet:
        segments = str(folder / "segments.tsv")
        rows = [f"{path.parent.name}\t{path.stem}:00:00\t{path}\n" for path in sorted(videos.glob("*/*.mp4"))]
        (folder / "segments.tsv").write_text("cage\tstart\tpath\n" + "".join(rows))
    homecage = {"cages": str(folder / "cages.tsv"), "segments": segments, "pose": {"model": str(model)}}
    config = folder / "study.yaml"
    config.write_text(yaml.safe_dump({"run": "colony", "homecage": homecage}))
    return config
