"""A sensor: wheel running in AWD files, the text of activity monitors and circadian software.

Seven lines of header (subject, date, time, code of the interval in units of 15 s, age, serial number, sex), then a
count a line, which may carry a mark after a comma. The file's clock is taken as UTC.
"""

from pathlib import Path

import pandas as pd

PROVIDES = {"sensor": {"awd": {"activity": "night_wheel_turns"}}}


def awd(path: Path) -> pd.DataFrame:
    """The ``readings`` table of one file, or of all ``.awd`` files of a folder. ValueError: not such a file."""
    files = sorted(path.glob("*.awd")) if path.is_dir() else [path]
    return pd.concat([_one(file) for file in files], ignore_index=True)


def _one(path: Path) -> pd.DataFrame:
    subject, date, clock, code, _, _, _, *counts = [line.strip() for line in path.read_text().splitlines()]
    start = pd.to_datetime(f"{date} {clock}", format="%d-%b-%Y %H:%M").tz_localize("UTC")
    seconds = 15.0 * int(code)
    values = [float(line.split(",")[0]) for line in counts if line]
    time = pd.date_range(start, periods=len(values), freq=pd.Timedelta(seconds=seconds)).as_unit("us")
    return pd.DataFrame(
        {
            "cage": subject,
            "animal": None,
            "time_utc": time,
            "name": "wheel_turns",
            "value": values,
            "unit": f"1/{seconds:g} s",
            "coverage": 1.0,
            "resolution_s": seconds,
        }
    )
