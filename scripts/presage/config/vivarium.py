"""Settings of the built-in vivarium: simulated home cages with known truth (light: no numpy, no pandas)."""

from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from presage.config.base import Section


class Vivarium(Section):
    """The built-in simulated home cages, with known onset of illness; used where a run has no cages of its own."""

    start: date = Field(date(2026, 3, 16), description="first cage-day, facility-local date")
    time_zone: str = Field("Europe/Zurich", description="IANA time zone of the facility")
    lights_on: str = Field(
        "07:00",
        pattern=r"^([01]\d|2[0-3]):[0-5]\d$",
        description="local time of lights-on, HH:MM; 12 h of light follow",
    )
    difficulty: Literal["standard", "hard"] = Field(
        "standard",
        description="standard: as measured on real mice; hard: weaker illness, noisier mice, more camera faults",
    )
    course: Literal["dss", "ramp", "step"] = Field(
        "dss", description="how illness develops: dss as in real colitis, ramp linear over 6 days, step all at once"
    )
    strains: int = Field(
        4, ge=1, le=16, description="strains, spread over the cages; their activity differs as measured"
    )

    days: int = Field(35, ge=3, le=400, description="cage-days of the colony")
    healthy: int = Field(40, ge=2, description="colony cages with one mouse that stays healthy; half set the threshold")
    ill: int = Field(20, ge=0, description="colony cages with one mouse that falls ill")
    group_ill: int = Field(4, ge=0, description="colony cages of several mice of which one falls ill")
    group_healthy: int = Field(2, ge=0, description="colony cages of several mice that stay healthy")
    onset_from_day: int = Field(14, ge=0, description="first colony day on which illness may begin, counted from 0")
    onset_before_end_days: int = Field(7, ge=0, description="illness begins at least this many days before the end")

    video_days: int = Field(12, ge=1, le=400, description="cage-days of the video cages; they end with the colony's")
    video_healthy: int = Field(1, ge=0, description="video cages whose mouse stays healthy")
    video_ill: int = Field(1, ge=0, description="video cages whose mouse falls ill")
    video_onset_day: int = Field(6, ge=0, description="video day during which illness begins, counted from 0")
    rendered_days: int = Field(
        1,
        ge=0,
        description="last days of one healthy and one ill video cage that are real video instead of finished pose",
    )
    schedule_length_s: int = Field(60, ge=2, le=3600, description="length of one recorded segment (s)")
    schedule_period_s: int = Field(1800, ge=60, description="a segment starts every so many seconds (s); divides 3600")
    frame_width: int = Field(160, ge=64, multiple_of=16, description="width of the frames (px), which show 40 x 30 cm")
    fps: float = Field(2.0, gt=0, le=60, description="frames per second")
    pose_noise_px: float = Field(0.7, ge=0, description="standard deviation of finished pose around the truth (px)")
    labelled_videos: int = Field(12, ge=2, description="other cages from which labelled frames are drawn")
    labelled_frames: int = Field(192, ge=4, description="labelled frames in all")

    missing_share: float = Field(
        0.025, ge=0, lt=0.5, description="share of the time that cameras lose in gaps of hours"
    )
    lost_days: int = Field(2, ge=0, description="whole days that one rack of the colony loses")
    cage_change_days: int = Field(7, ge=1, description="days between cage changes")
    weigh_days: int = Field(
        1, ge=1, description="days between weighings by the cage's scale; 1 is the scale's best case"
    )
    technician: list[tuple[float, float]] = Field(
        [(0.0, 0.001), (0.25, 0.01), (0.5, 0.05), (0.75, 0.15), (1.0, 0.35)],
        description="technician's look of 4-8 s once a day: [severity 0-1, probability of a note], linear in between",
    )

    technician_sweep: list[float] = Field(
        [0.25, 0.5, 1.0, 2.0, 4.0],
        description="the lead over technicians so many times as likely to note is tabled too; [] = not",
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except Exception as error:
            raise ValueError("is no IANA time zone, such as Europe/Zurich") from error
        return name

    @field_validator("technician")
    @classmethod
    def _sensible_table(cls, table: list[tuple[float, float]]) -> list[tuple[float, float]]:
        severities = [s for s, _ in table]
        if not table or severities != sorted(set(severities)) or any(not 0 <= p <= 1 for _, p in table):
            raise ValueError("needs rising severities, each with a probability from 0 to 1")
        return table

    @field_validator("technician_sweep")
    @classmethod
    def _positive(cls, factors: list[float]) -> list[float]:
        if any(f <= 0 for f in factors):
            raise ValueError("needs factors over 0")
        return factors

    @model_validator(mode="after")
    def _fits(self) -> "Vivarium":
        if 3600 % self.schedule_period_s or self.schedule_length_s > self.schedule_period_s:
            raise ValueError("schedule_period_s must divide 3600 and be no shorter than schedule_length_s")
        if self.labelled_frames < self.labelled_videos:
            raise ValueError("labelled_frames must be at least labelled_videos")
        return self

    @property
    def lights_off(self) -> str:
        """Local time of lights-off, HH:MM: 12 hours after lights-on."""
        hour, minute = self.lights_on.split(":")
        return f"{(int(hour) + 12) % 24:02d}:{minute}"

    @property
    def colony_cages(self) -> list[str]:
        """``C01`` ...: single healthy, single ill, groups with one ill, healthy groups, in this order."""
        return _names("C", self.healthy + self.ill + self.group_ill + self.group_healthy)

    @property
    def video_cages(self) -> list[str]:
        """``V01`` ...: healthy, then ill."""
        return _names("V", self.video_healthy + self.video_ill)

    @property
    def video_start(self) -> date:
        """First cage-day of the video cages."""
        return self.start + timedelta(days=self.days - self.video_days)

    @property
    def video_dates(self) -> list[str]:
        """ISO dates of the video cages' cage-days."""
        first = self.video_start
        return [(first + timedelta(days=k)).isoformat() for k in range(self.video_days)]

    @property
    def video_cage_days(self) -> list[tuple[str, str]]:
        """Every (video cage, ISO date) that is scheduled, rendered ones included."""
        return [(cage, day) for cage in self.video_cages for day in self.video_dates]

    @property
    def rendered_cage_days(self) -> list[tuple[str, str]]:
        """Those of :attr:`video_cage_days` that are mp4: the last days of the last healthy and the last ill cage."""
        cages, healthy = self.video_cages, self.video_healthy
        chosen = cages[:healthy][-1:] + cages[healthy:][-1:]
        days = self.video_dates[max(0, self.video_days - self.rendered_days) :]
        return [(cage, day) for cage in chosen for day in days]


def _names(prefix: str, count: int) -> list[str]:
    width = max(2, len(str(count)))
    return [f"{prefix}{k:0{width}d}" for k in range(1, count + 1)]
