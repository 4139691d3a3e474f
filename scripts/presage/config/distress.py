"""Settings from behaviour to alarms: features, other sensors, detector, alarms, and the DSS protocol."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from presage import plugins
from presage.config.base import Known, Section

BUDGETS = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
_DAILY = r"^(night|day|all)_[a-z0-9_]+$"


class Features(Section):
    """From pose to readings per minute and values per cage-day."""

    still_speed: float = Field(
        0.15, gt=0, description="body lengths per second (net, over one second) below which an animal is still"
    )
    sleep_s: float = Field(40.0, gt=0, description="seconds without movement that count as sleep")
    length_parts: tuple[str, str] = Field(
        ("snout", "tailbase"), description="the two body parts whose distance is the body"
    )
    nest_radius: float = Field(1.0, gt=0, description="radius of the nest in body lengths")
    nest_min_minutes: float = Field(
        2.0, gt=0, description="minutes that the animal must be seen in the light phase to place the nest"
    )
    nest_px: tuple[float, float] | None = Field(
        None, description="nest as [x, y] in pixels; null = densest place of the light phase of the same cage-day"
    )
    arena_px: tuple[float, float, float, float] | None = Field(
        None, description="floor of the cage as [left, top, right, bottom] in pixels; null = where the animal was"
    )
    zones: dict[str, tuple[float, float, float]] = Field(
        {}, description="places such as {water: [x, y, radius in px]}: time in them, and visits"
    )
    mm_per_px: float | None = Field(None, gt=0, description="millimetres per pixel; null = lengths stay in pixels")
    readings_of: Literal["cage", "animal"] = Field(
        "cage",
        description="animal: beside the cage's, readings of every single one on days when it is safe to say who is who",
    )
    min_identity: float = Field(
        0.99,
        ge=0,
        le=1,
        description="share of the steps in which two animals cannot be mixed up, from which it is safe",
    )
    min_coverage: float = Field(
        0.5,
        gt=0,
        le=1,
        description="usable share of the scheduled time under which a day or night has no value (no_call)",
    )

    @field_validator("zones")
    @classmethod
    def _named(cls, zones: dict[str, tuple[float, float, float]]) -> dict[str, tuple[float, float, float]]:
        for name, (_, _, radius) in zones.items():
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in ("hidden", "still", "sleep", "nest"):
                raise ValueError(f"zone {name!r}: use another name of small letters, digits and _")
            if radius <= 0:
                raise ValueError(f"zone {name}: the radius must be more than 0")
        return zones


class SensorValue(Section):
    """One column of a sensor's table."""

    name: str = Field(..., pattern=r"^[a-z0-9_]+$", description="what it is called here, such as activity or weight")
    column: str = Field(..., description="name of the column in the file")
    unit: str = Field(..., min_length=1, description="unit of its numbers, such as counts/min, degC or g")


class Source(Section):
    """Readings that come from elsewhere than this run's cameras."""

    name: str = Field(
        ..., pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="name of the source in tables and figures"
    )
    kind: Annotated[str, Known("sensor", ("table", "readings", "mice_rhythms", "mousestyles", "relsa"))] = Field(
        ..., description="table: any sensor's CSV, TSV or Parquet by the keys below; readings: this project's own"
    )
    path: str = Field(..., description="file, folder of parquet files, or registry:<name>")
    role: Literal["study", "healthy"] = Field(
        "study", description="study: joins the cages of this run; healthy: leave-one-out false alarms only"
    )
    time: str = Field("time", description="table: column of the times, ISO 8601, local where they have no offset")
    cage: str = Field("cage", description="table: column of the cage")
    animal: str | None = Field(None, description="table: column of the animal; null = the sensor sees the cage")
    values: list[SensorValue] = Field(
        default_factory=list, description="table: list of {name, column, unit}; the first is its activity"
    )
    resolution_s: float | None = Field(
        None, gt=0, description="table: seconds that a reading stands for; null = the usual step of the file"
    )

    @model_validator(mode="after")
    def _told(self) -> "Source":
        if self.kind == "table" and not self.values:
            raise ValueError(f"source {self.name}: a table needs values, a list of {{name, column, unit}}")
        if "activity" not in plugins.provided("sensor").get(self.kind, {"activity": ""}):
            raise ValueError(f"source {self.name}: the plugin of kind {self.kind} must name its activity")
        return self

    @property
    def activity(self) -> str:
        """The daily value that stands for activity."""
        known = {"readings": "night_distance", "mice_rhythms": "night_activity", "mousestyles": "all_distance",
                 "relsa": "all_activity"}  # fmt: skip
        own: str | None = plugins.provided("sensor").get(self.kind, {}).get("activity", known.get(self.kind))
        return own or f"night_{self.values[0].name}"


class Readings(Section):
    """Other sensors that enter beside the cameras."""

    sources: list[Source] = Field(default_factory=list, description="list of {name, kind, path, role}")
    temperature_fall: float = Field(
        2.0, gt=0, description="degrees under the first three days' mean at which the reading `temperature` is an event"
    )


class FeatureWeight(Section):
    """One daily feature of the detector."""

    name: str = Field(..., pattern=_DAILY, description="phase and feature, such as night_distance")
    worse: Literal["down", "up"] = Field(..., description="direction in which it moves when an animal is ill")
    scale: Literal["log", "share", "linear"] = Field(..., description="log: amounts; share: 0 to 1; linear: the rest")
    weight: float = Field(1.0, gt=0, description="weight in the score")
    least_spread: float = Field(
        0.01, ge=0, description="day-to-day spread of a healthy animal that is taken at least: 0.01 = 1 % of an amount"
    )


def first_amount(features: Sequence[FeatureWeight]) -> int | None:
    """Index of the first feature that is an amount and bad when it falls: activity, for rules and injected illness."""
    return next((k for k, f in enumerate(features) if f.scale == "log" and f.worse == "down"), None)


DEFAULT_FEATURES = [
    FeatureWeight(name="night_distance", worse="down", scale="log", weight=2.0),
    FeatureWeight(name="night_still_fraction", worse="up", scale="share", weight=1.0),
    FeatureWeight(name="night_still_outside_nest_fraction", worse="up", scale="share", weight=1.0),
    FeatureWeight(name="all_body_length", worse="down", scale="log", weight=1.0),
    FeatureWeight(name="night_hidden_fraction", worse="up", scale="share", weight=0.5),
]


class Classifier(Section):
    """The supervised classifier, which learns from cages that had an event."""

    min_events: int = Field(10, ge=4, description="cages with a clinical event below which nothing is learned")
    days_before: int = Field(3, ge=1, description="cage-days before an event that are examples of illness")
    folds: int = Field(5, ge=2, description="parts of the cages; each is judged by a model of the others")
    seed: int = Field(0, ge=0, description="of the boosting")


class Power(Section):
    """Illness that is injected into the study's own healthy days, to see what would be found with its noise."""

    falls: list[float] = Field([0.2, 0.3, 0.4, 0.5, 0.6], description="shares by which activity falls; [] = off")
    shapes: list[Literal["step", "ramp", "dss"]] = Field(
        ["step", "ramp", "dss"], description="at once, over three days, or as in the published colitis mice (five days)"
    )
    starts: int = Field(2, ge=1, le=50, description="healthy stretches of each cage into which illness is injected")

    @field_validator("falls")
    @classmethod
    def _shares(cls, falls: list[float]) -> list[float]:
        if any(not 0 < fall < 1 for fall in falls) or sorted(set(falls)) != falls:
            raise ValueError("falls must be shares between 0 and 1 in ascending order")
        return falls


RIVALS = ("ewma", "cusum", "conformal", "classifier", "rules")
Rival = Annotated[str, Known("detector", RIVALS)]


class Compare(Section):
    """Other detectors that are evaluated beside ours, on the same days, cages and budgets. They raise no alarms."""

    detectors: list[Rival] = Field(
        list(RIVALS), description="ewma, cusum (control charts), conformal, classifier, rules (one line each)"
    )
    classifier: Classifier = Field(Classifier(), description="the supervised one")
    power: Power = Field(Power(), description="what would have been found in the study's own healthy cages")


class Detector(Section):
    """How far a cage is from its own past, in one number per cage-day."""

    features: list[FeatureWeight] = Field(
        DEFAULT_FEATURES, min_length=1, description="daily features with direction, scale and weight"
    )
    baseline: Literal["trailing", "first"] = Field(
        "trailing", description="trailing: the last ordinary days; first: the first ones, fixed (before a treatment)"
    )
    baseline_days: int = Field(7, ge=1, description="days of the own baseline, whose median is the level")
    min_baseline_days: int = Field(5, ge=1, description="ordinary days before a cage is judged (warm-up)")
    lookback_days: int = Field(
        21, ge=2, description="how far back the baseline may reach; after so many odd days the new level is learned"
    )
    windows: list[int] = Field(
        [1, 2, 3], min_length=1, description="the last 1, 2, 3 days are compared with the baseline"
    )
    freeze_score: float = Field(2.0, gt=0, description="days with at least this score do not enter later baselines")
    prior_days: float = Field(
        10.0, ge=0, description="days of evidence that the healthy cages' spread counts against the cage's own"
    )
    cap: float = Field(6.0, gt=0, description="largest deviation of one feature that counts, in standard deviations")
    min_weight: float = Field(0.5, gt=0, le=1, description="share of the weights that must be there, else no_call")
    event_weight: dict[str, float] = Field(
        {"cage_change": 0.5, "treatment": 0.0},
        description="evidence that a day with such an event keeps: 1 all, 0 masked; such days are no baseline",
    )

    @field_validator("windows")
    @classmethod
    def _ascending(cls, windows: list[int]) -> list[int]:
        if sorted(set(windows)) != windows or windows[0] < 1:
            raise ValueError("windows must be days >= 1 in ascending order")
        return windows

    @model_validator(mode="after")
    def _fits(self) -> "Detector":
        if not self.min_baseline_days <= self.baseline_days <= self.lookback_days:
            raise ValueError("needs min_baseline_days <= baseline_days <= lookback_days")
        if len({f.name for f in self.features}) < len(self.features):
            raise ValueError("a feature is listed twice")
        return self


class Alarms(Section):
    """How many false alarms are accepted, and what counts as having seen it in time."""

    budget: float = Field(1.0, gt=0, description="false-alarm episodes per healthy cage-month that are accepted")
    budgets: list[float] = Field(list(BUDGETS), min_length=1, description="budgets for which results are tabled")
    merge_gap_days: int = Field(2, ge=0, description="alarms with at most so many quiet days between are one episode")
    persistence_days: int = Field(
        1,
        ge=1,
        le=14,
        description="judged days in a row that must be over the threshold; 1 = each alarms at once. Windows of several"
        " days remember an odd one, so set detector.windows to [1] if each day is to be odd by itself",
    )
    first_fit_days: int = Field(12, ge=1, description="days of recording before the first detector is fitted")
    refit_days: int = Field(7, ge=1, description="days from one fit to the next; each uses only what was before it")
    horizon_days: float = Field(
        7.0, gt=0, description="an alarm decided earlier than this before an event is a false one"
    )
    primary_event: Literal[
        "weight_loss_5pct", "weight_loss_10pct", "temperature_fall", "technician_note", "onset", "death"
    ] = Field("weight_loss_5pct", description="event that detection rate and lead time are given for in the summary")
    urgent_hours: float = Field(
        6.0, gt=0, description="hours hidden or motionless in the dark that raise an urgent welfare check at once"
    )
    incidence: float = Field(0.02, gt=0, le=1, description="true cases per cage-month for which the PPV is given")
    bootstrap: int = Field(2000, ge=100, description="bootstrap draws over cages for intervals")


class Dss(Section):
    """The published DSS colitis mice: detector fixed on healthy mice before the file is opened."""

    path: str = Field("registry:homecage/relsa_tm_dss.txt", description="RELSA text table of the DSS mice")
    healthy: str = Field(
        "registry:homecage/mice_rhythms_act_minutes.csv", description="healthy mice that fix detector and threshold"
    )
    budget: float = Field(0.25, gt=0, description="false-alarm episodes per healthy mouse-month of the fixed threshold")


def with_budget(alarms: Alarms) -> list[float]:
    """The tabled budgets and the chosen one, ascending."""
    return sorted({*alarms.budgets, alarms.budget})
