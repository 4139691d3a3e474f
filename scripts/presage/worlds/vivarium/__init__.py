"""The built-in vivarium: simulated home cages with known truth, written as a facility would deliver them.

Two populations share one simulator of behaviour (:mod:`.behaviour`):

* the *colony*, whose sensors deliver hourly readings (``readings/colony.parquet``);
* a few *video cages*, recorded on a duty cycle: finished pose (``pose/``), and on some days real video (``video/``)
  with a labelled DeepLabCut project of other cages (``labelled/``).

Numbers come from real mice and are quoted where they are used: the light cycle, strains and individuals in
:mod:`.behaviour` and :mod:`.mice` (``mousestyles``, ``mice_rhythms``), illness and weight in :mod:`.illness` and
:mod:`.husbandry` (``relsa_tm_dss``). They are not tuned to any detector. ``difficulty: hard`` weakens the illness to
0.6 of its depth, raises day-to-day and camera noise 1.5-fold and triples lost camera time.

What nobody in a facility would know (onset, severity, individual levels, true pose) is under ``truth/`` only.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from presage import tables
from presage.config.vivarium import Vivarium
from presage.progress import progress
from presage.worlds.vivarium import behaviour, cameras, labelled, sensors
from presage.worlds.vivarium.clock import make_clock
from presage.worlds.vivarium.household import DIFFICULTIES, RACKS, Plan, live, plans, rng_of
from presage.worlds.vivarium.records import Records, write_tsv

__all__ = ["build"]


def build(settings: Vivarium, seed: int, out: Path) -> None:
    """Write the whole world into the folder ``out``; the same settings and seed give the same bytes.

    Leaves ``cages.tsv segments.tsv events.tsv weights.tsv readings/ pose/ video/ labelled/ truth/``;
    paths in the sheets are relative to ``out``.
    """
    out = Path(out)
    for folder in ("readings", "video", "pose"):  # there, even where the settings leave them empty
        (out / folder).mkdir(parents=True, exist_ok=True)
    colony, filmed = plans(settings)
    room = rng_of(seed, "room").normal(0, behaviour.ROOM_SD, max(settings.days, settings.video_days))
    records = Records(settings, seed)
    readings = _colony(settings, colony, room, records, seed)
    tables.write(out / "readings" / "colony.parquet", "readings", readings, {"simulated": True, "seed": seed})
    films = _filmed(settings, filmed, room, records, out, seed)
    noise = DIFFICULTIES[settings.difficulty].noise
    labelled.write_project(
        out / "labelled", settings.labelled_videos, settings.labelled_frames, settings.frame_width, noise, seed
    )
    records.write(out)
    write_tsv(out / "cages.tsv", _cage_sheet(colony + filmed))
    write_tsv(out / "segments.tsv", pd.DataFrame(films, columns=["cage", "start", "path", "fps"]))
    write_tsv(out / "truth" / "cameras.tsv", _camera_sheet(settings, filmed, seed))


def _colony(settings: Vivarium, colony: list[Plan], room: np.ndarray, records: Records, seed: int) -> pd.DataFrame:
    """The ``readings`` table of the colony."""
    time = make_clock(settings.start, settings.days, settings.time_zone, settings.lights_on)
    days = rng_of(seed, "lost days").integers(0, settings.days, settings.lost_days)
    px_per_cm, parts = cameras.scene_of("any", settings, seed).px_per_cm, []
    for plan in progress(colony, "simulating the colony", "cage"):
        lost = tuple(sorted({int(day) for k, day in enumerate(days) if k % RACKS == plan.number % RACKS}))
        home = live(plan, settings, time, room[-settings.days :], lost, seed)
        parts += [sensors.hourly(home, px_per_cm, settings.fps), sensors.weighed(home)]
        records.add(home)
    return pd.concat(parts, ignore_index=True)


def _filmed(
    settings: Vivarium, filmed: list[Plan], room: np.ndarray, records: Records, out: Path, seed: int
) -> list[tuple[str, ...]]:
    """Rows of the segments sheet of the video cages, whose files are written under ``out``."""
    time = make_clock(settings.video_start, settings.video_days, settings.time_zone, settings.lights_on)
    films: list[tuple[str, ...]] = []
    for plan in progress(filmed, "filming the video cages", "cage"):
        home = live(plan, settings, time, room[-settings.video_days :], (), seed)
        films += cameras.record(home, settings, out, seed)
        records.add(home)
    return films


def _cage_sheet(all_plans: list[Plan]) -> pd.DataFrame:
    rows = [(p.cage, f"strain{p.strain + 1:02d}", p.animals, p.role, p.group) for p in all_plans]
    return pd.DataFrame(rows, columns=["cage", "strain", "animals", "role", "group"])


def _camera_sheet(settings: Vivarium, filmed: list[Plan], seed: int) -> pd.DataFrame:
    """Scale and schedule of each camera, and where the nest was put (px)."""
    rows = []
    for plan in filmed:
        scene = cameras.scene_of(plan.cage, settings, seed)
        nest = [round(v * scene.px_per_cm, 1) for v in scene.nest]
        rows.append((plan.cage, scene.width, scene.height, scene.px_per_cm, *nest, settings.fps))
    table = pd.DataFrame(rows, columns=["cage", "width_px", "height_px", "px_per_cm", "nest_x_px", "nest_y_px", "fps"])
    return table.assign(schedule_length_s=settings.schedule_length_s, schedule_period_s=settings.schedule_period_s)
