"""Films of a run with the pose drawn in: which there are, of which cage, and from when."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from presage.report.render import moment

_NAME = re.compile(r"(\d{8}T\d{6}Z)_(\d+)s\.mp4")


@dataclass(frozen=True)
class Film:
    """``link``: address below ``homecage/``; ``start`` in the zone in which people read it; ``seconds`` long."""

    link: str
    start: pd.Timestamp
    seconds: int

    def __str__(self) -> str:
        return f"{moment(self.start)}, {self.seconds} s"


def films(folder: Path, zone: tzinfo = UTC) -> dict[str, list[Film]]:
    """Cage -> its films below ``<folder>/homecage/clips``, oldest first, with their start in ``zone``."""
    found: dict[str, list[Film]] = {}
    for path in sorted(folder.glob("homecage/clips/*/*.mp4")):
        if match := _NAME.fullmatch(path.name):
            start = pd.to_datetime(match[1], format="%Y%m%dT%H%M%SZ", utc=True).tz_convert(zone)
            link = quote(f"clips/{path.parent.name}/{path.name}")
            found.setdefault(path.parent.name, []).append(Film(link, start, int(match[2])))
    return found


def between(found: Sequence[Film], since: pd.Timestamp, until: pd.Timestamp) -> list[Film]:
    """The films that begin in [since, until)."""
    return [film for film in found if since <= film.start < until]
