"""Settings of the recording (clock, lights, schedule) and of pose estimation."""

from datetime import UTC, datetime, time, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from presage.config.base import Section

_CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"


class Recording(Section):
    """When the lights go on and off, and how much of the day the cameras are asked to record."""

    time_zone: str = Field("UTC", description="IANA time zone of the facility; start times without an offset are in it")
    lights_on: str = Field(
        "07:00", pattern=_CLOCK, description="local time of lights-on, HH:MM: a cage-day begins (ZT0)"
    )
    lights_off: str = Field("19:00", pattern=_CLOCK, description="local time of lights-off, HH:MM")
    schedule_period_s: float = Field(
        1800.0, gt=0, le=86400, description="seconds from the start of one scheduled segment to the next"
    )
    schedule_length_s: float = Field(
        60.0, gt=0, le=86400, description="seconds that are recorded in each period; equal to the period = continuous"
    )
    latency_minutes: float = Field(
        60.0, ge=0, description="minutes from the end of the data to the decision: transfer and processing"
    )
    on_bad_segment: Literal["stop", "count"] = Field(
        "stop",
        description="unreadable, truncated or overlapping file: stop with its name, or leave it out and count it",
    )
    min_decoded: float = Field(
        0.98, gt=0, le=1, description="share of a video's declared frames that must decode, else it counts as truncated"
    )

    checksum: bool = Field(True, description="sha256 of each file in the segments table; reads every byte once more")

    @field_validator("lights_on", "lights_off", mode="before")
    @classmethod
    def _unquoted(cls, clock: Any) -> Any:
        """YAML reads an unquoted 19:00 as 1140 (sixty times nineteen)."""
        number = isinstance(clock, int) and not isinstance(clock, bool) and 0 <= clock < 1440
        return f"{clock // 60:02d}:{clock % 60:02d}" if number else clock

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{name!r} is no IANA time zone (such as Europe/Berlin)") from error
        return name

    @model_validator(mode="after")
    def _fits(self) -> "Recording":
        if self.schedule_length_s > self.schedule_period_s:
            raise ValueError("schedule_length_s is longer than schedule_period_s")
        if self.lights_on == self.lights_off:
            raise ValueError("lights_on equals lights_off")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The facility's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def lights_on_time(self) -> time:
        """Local time of lights-on."""
        return time.fromisoformat(self.lights_on)

    @property
    def duty(self) -> float:
        """Scheduled share of the day, 0 to 1."""
        return self.schedule_length_s / self.schedule_period_s


class Sampling(Section):
    """Which frames of a video are analysed. Frames in between are decoded, for others are built on them."""

    stride: int = Field(1, ge=1, description="every how many frames of a video one is analysed")
    fps: float | None = Field(
        None, gt=0, description="frames per second to analyse, by the nearest stride of each video; null = by stride"
    )
    record_s: float = Field(
        86400.0, gt=0, le=86400, description="seconds that are analysed of each period, counted from lights-on"
    )
    period_s: float = Field(86400.0, gt=0, le=86400, description="seconds from one analysed stretch to the next")

    @model_validator(mode="after")
    def _fits(self) -> "Sampling":
        if self.record_s > self.period_s:
            raise ValueError("record_s is longer than period_s")
        if self.fps is not None and self.stride != 1:
            raise ValueError("give stride or fps, not both")
        return self

    def stride_of(self, fps: float) -> int:
        """Frames from one analysed frame to the next in a video of ``fps`` frames per second."""
        return self.stride if self.fps is None else max(1, round(fps / self.fps))


class Clip(Section):
    """A short film of a recording with its pose drawn in."""

    cage: str = Field(description="cage")
    start: datetime = Field(
        description="when it begins, as 2026-05-01T20:00:00Z; without an offset it is local time of the facility"
    )
    seconds: int = Field(10, ge=1, le=600, description="how long it is")

    def name(self, zone: tzinfo = UTC) -> str:
        """Of its file: start in UTC and length. A start without an offset is local time of ``zone``."""
        start = self.start.replace(tzinfo=zone) if self.start.tzinfo is None else self.start
        return f"{start.astimezone(UTC):%Y%m%dT%H%M%SZ}_{self.seconds}s"


class Filters(Section):
    """Which points of a pose are believed, and what is made of the others. Every step is noted in the features."""

    min_parts: int = Field(2, ge=1, description="body parts over their cut that make an animal seen, else it is hidden")
    max_speed: float | None = Field(
        40.0,
        gt=0,
        description="animal's spans (how far body parts lie from its middle) per second; faster points go; null = off",
    )
    limbs: tuple[tuple[str, str], ...] = Field((), description="pairs of body parts whose distance cannot grow much")
    limb_factor: float = Field(2.0, gt=1, description="times its median at which a limb is too long")
    fill_gap_s: float = Field(0.0, ge=0, description="longest gap of a body part that a straight line fills; 0 = none")
    smooth_s: float = Field(0.0, ge=0, description="seconds of the Savitzky-Golay window; 0 = paths are not smoothed")
    smooth_order: int = Field(2, ge=1, le=5, description="order of the Savitzky-Golay polynomial")


class Faults(Section):
    """From when on a cage-day's recording counts as faulty: signs of a sick camera, not of a sick mouse."""

    coverage: float = Field(0.5, ge=0, le=1, description="usable share of the scheduled time below which it is")
    frozen: float = Field(0.05, ge=0, le=1, description="share of the recording in which the picture stood still")
    black: float = Field(0.1, ge=0, le=1, description="share of the recording that is dark, or of its frames blank")
    shift: float = Field(0.02, gt=0, description="share of the picture's width by which the picture moved")
    size: float = Field(0.25, gt=0, description="by which share an animal's length differs from the seven days before")


class PoseReference(Section):
    """Pose of one cage-day by somebody else, to compare with."""

    cage: str = Field(description="cage of the segments sheet")
    date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="its cage-day, which has one segment")
    path: str = Field(description="pose file of that segment, or registry:<name>")


# Keys that a trained model hangs on, and those that a pose hangs on: a change of the others reruns neither.
TRAINING = frozenset(
    {"engine", "start", "backbone", "output_stride", "input_width", "epochs", "batch_size", "learning_rate", "rotation"}
    | {"split", "test_share", "right_within", "calibration_share", "precision", "device"}
)
INFERENCE = frozenset(
    {"engine", "animals", "batch_size", "imported_likelihood_cut", "sampling", "precision", "compile", "device"}
)


class Pose(Section):
    """Where pose comes from: a model that is trained here, one that is at hand, or finished files in the sheet."""

    engine: Literal["dlc", "superanimal"] = Field(
        "dlc",
        description="dlc = DeepLabCut 3 trained on own labels; superanimal = its ready models of mice seen from above",
    )
    project: str | None = Field(
        None, description="folder of a labelled DeepLabCut project to train on; null = do not train"
    )
    model: str | None = Field(
        None,
        description="folder of a model: of an earlier run (homecage/pose_model), or with SuperAnimal checkpoints;"
        " null = train on project, or fetch the checkpoints from their hub",
    )
    animals: int = Field(1, ge=1, le=30, description="animals in a cage, for superanimal")
    start: str | None = Field(
        None, description="folder of an earlier model whose weights training starts from; null = random weights"
    )
    backbone: Literal["test_resnet", "resnet10t", "resnet18", "resnet50"] = Field(
        "test_resnet", description="timm network: 0.5, 5, 11 or 24 million parameters"
    )
    output_stride: Literal[8, 16] = Field(8, description="px of input per feature cell; 8 is finer and slower than 16")
    input_width: int = Field(160, ge=32, le=4096, description="px; frames are scaled to this width before the network")
    epochs: int = Field(45, ge=1, description="passes over the training frames")
    batch_size: int = Field(8, ge=1, description="frames per optimiser step, and per forward pass in inference")
    learning_rate: float = Field(5e-3, gt=0, description="peak of the one-cycle schedule (AdamW)")
    rotation: float = Field(
        180.0,
        ge=0,
        le=180,
        description="degrees; frames are turned by up to this much in training (180: camera overhead)",
    )
    split: Literal["auto", "by_video", "blocks"] = Field(
        "auto",
        description="test frames: whole videos, the last block of each, or by video where there are three or more",
    )
    test_share: float = Field(0.2, gt=0, lt=1, description="share of the labelled frames that is held out as test")
    right_within: float = Field(
        0.05, gt=0, lt=1, description="share of the frame's width within which a point counts as right (PCK and cuts)"
    )
    calibration_share: float = Field(
        0.95, gt=0, le=1, description="likelihood cuts are set so that this share of the accepted test points is right"
    )
    imported_likelihood_cut: float = Field(
        0.6, ge=0, le=1, description="cut for pose that comes finished, whose model cannot be calibrated here"
    )
    sampling: Sampling = Field(Sampling(), description="which frames of a video are analysed")
    faults: Faults = Field(Faults(), description="when a recording counts as faulty")
    filters: Filters = Field(Filters(), description="which points are believed, gaps and smoothing")
    precision: Literal["fp32", "bf16"] = Field("fp32", description="numbers in the network's forward pass")
    compile: bool = Field(False, description="compile the network first: minutes that pay on a GPU and long videos")
    reference: PoseReference | None = Field(
        None, description="published pose of one cage-day (cage, date, path) to compare with; null = none"
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto = GPU where there is one")

    @model_validator(mode="after")
    def _one_source(self) -> "Pose":
        if self.project is not None and self.model is not None:
            raise ValueError("give project (to train) or model (to use), not both")
        if self.project is not None and self.engine == "superanimal":
            raise ValueError("superanimal is not trained here: give model, or set engine: dlc for the project")
        if self.animals > 1 and self.engine == "dlc":
            raise ValueError("engine dlc finds one animal: use superanimal, or bring finished pose files")
        return self
