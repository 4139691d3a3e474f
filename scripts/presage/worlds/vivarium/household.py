"""One cage from beginning to end: who lives in it, who falls ill, what is done to it, what was recorded."""

import zlib
from dataclasses import dataclass

import numpy as np

from presage.config.vivarium import Vivarium
from presage.worlds.vivarium import behaviour, husbandry, illness, mice
from presage.worlds.vivarium.behaviour import Minutes
from presage.worlds.vivarium.clock import Clock
from presage.worlds.vivarium.husbandry import Care
from presage.worlds.vivarium.illness import Course
from presage.worlds.vivarium.mice import Mouse

# (cage, animal, minute, kind, value, note)
Event = tuple[str, str | None, float, str, float | None, str | None]

RACKS = 3  # a lost day takes one rack of cages
LOSS = 0.05  # of the weight, that makes an event


@dataclass(frozen=True)
class Difficulty:
    """Factors on the depth of illness, on day-to-day and sensor noise, and on lost camera time."""

    effect: float
    noise: float
    faults: float


DIFFICULTIES = {"standard": Difficulty(1.0, 1.0, 1.0), "hard": Difficulty(0.6, 1.5, 3.0)}


@dataclass(frozen=True)
class Plan:
    """What is decided about a cage before anything happens."""

    cage: str
    number: int  # within its population
    group: str  # single, group or video
    role: str  # calibrate or evaluate
    animals: int
    ill: bool  # the first of its animals falls ill
    strain: int


@dataclass(frozen=True)
class Household:
    """Everything that is true of one cage; lists run over its animals."""

    plan: Plan
    clock: Clock
    mice: list[Mouse]
    courses: list[Course]
    lives: list[Minutes]
    care: Care
    weights: list[np.ndarray]  # g (weighings,)
    works: np.ndarray  # bool (minutes,): the camera records
    lost: tuple[int, ...]  # cage-days lost as a whole
    end: int  # minute at which the recording ends

    def animal(self, k: int) -> str | None:
        """Its name in tables; none where the cage is the animal."""
        return self.mice[k].name if len(self.mice) > 1 else None


def plans(settings: Vivarium) -> tuple[list[Plan], list[Plan]]:
    """Colony and video cages. Half of the healthy single cages of each set the threshold and are never evaluated."""
    kinds = [("single", 1, False)] * settings.healthy + [("single", 1, True)] * settings.ill
    kinds += [("group", 3 + k % 3, True) for k in range(settings.group_ill)]
    kinds += [("group", 3 + k % 3, False) for k in range(settings.group_healthy)]
    colony = _plans(settings.colony_cages, kinds, settings.healthy // 2, settings.strains)
    kinds = [("video", 1, False)] * settings.video_healthy + [("video", 1, True)] * settings.video_ill
    return colony, _plans(settings.video_cages, kinds, settings.video_healthy // 2, settings.strains)


def _plans(cages: list[str], kinds: list[tuple[str, int, bool]], calibrating: int, strains: int) -> list[Plan]:
    return [
        Plan(cage, k, group, "calibrate" if k < calibrating else "evaluate", animals, ill, k % strains)
        for k, (cage, (group, animals, ill)) in enumerate(zip(cages, kinds, strict=True))
    ]


def live(plan: Plan, settings: Vivarium, clock: Clock, room: np.ndarray, lost: tuple[int, ...], seed: int) -> Household:
    """Simulate one cage, from a generator of its own, so that adding cages changes no other cage.

    ``room`` (days,): log level of each day that all cages share; ``lost``: cage-days without camera.
    """
    rng, hard = rng_of(seed, plan.cage), DIFFICULTIES[settings.difficulty]
    care = husbandry.care(
        clock, settings.cage_change_days, settings.weigh_days, plan.number % settings.cage_change_days, rng
    )
    animals, courses, lives, weights = [], [], [], []
    for k in range(plan.animals):
        mouse = mice.draw(f"{plan.cage}.{k + 1}", plan.strain, hard.noise, rng)
        course = illness.healthy(clock.minutes)
        if plan.ill and k == 0:
            course = illness.draw(settings.course, _onset(plan, settings, clock, rng), clock.minutes, hard.effect, rng)
        animals.append(mouse)
        courses.append(course)
        lives.append(behaviour.simulate(mouse, clock, course, room, care.disturbed, care.nestless, rng))
        weights.append(husbandry.weigh(mouse, course, care.weighings, clock, rng))
    ends = [husbandry.end_point(w, care.weighings) for w in weights]
    end = min((e for e in ends if e is not None), default=clock.minutes)
    works = husbandry.camera(clock, min(0.9, settings.missing_share * hard.faults), np.array(lost, int), rng)
    works[end:] = False
    return Household(plan, clock, animals, courses, lives, care, weights, works, lost, end)


def rng_of(seed: int, name: str) -> np.random.Generator:
    """A generator that depends on ``seed`` and ``name`` alone."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def events(home: Household, technician: list[tuple[float, float]], seed: int) -> list[Event]:
    """What a person or a scale records of a cage."""
    cage, end = home.plan.cage, home.end
    rows: list[Event] = []
    for minute in home.care.changes[home.care.changes < end]:
        rows.append((cage, None, minute, "cage_change", None, None))
        rows.append((cage, None, minute, "weighing", None, "by hand"))
    for day in home.lost:
        rows.append((cage, None, home.clock.zt0[day], "camera_fault", 24.0, "hours lost"))
    for k, weights in enumerate(home.weights):
        loss = husbandry.loss_of_weight(weights)
        low = np.flatnonzero((loss >= LOSS) & (home.care.weighings <= end))
        if len(low):
            note = "share of the first weighings' mean"
            rows.append(
                (cage, home.animal(k), home.care.weighings[low[0]], "weight_loss_5pct", round(loss[low[0]], 4), note)
            )
        if end < home.clock.minutes and home.end == husbandry.end_point(weights, home.care.weighings):
            rows.append((cage, home.animal(k), end, "death", None, "humane end point"))
    return rows + technician_note(home, technician, seed)


def technician_note(
    home: Household, technician: list[tuple[float, float]], seed: int, factor: float = 1.0
) -> list[Event]:
    """The first note of a technician ``factor`` times as likely to make one; none where they never do."""
    cage = home.plan.cage
    severity = np.max([course.severity for course in home.courses], axis=0)
    table = [(at, min(1.0, chance * factor)) for at, chance in technician]
    # Looks have a generator of their own: another table of sensitivities changes no mouse.
    look = husbandry.technician_look(home.clock, severity, home.care, table, home.end, rng_of(seed, f"look at {cage}"))
    return [] if look is None else [(cage, None, look[0], "technician_note", None, "looked unwell")]


def onsets(home: Household) -> list[Event]:
    """What nobody knows: when illness began, and how deep it will be."""
    return [
        (home.plan.cage, home.animal(k), course.onset, "onset", float(course.severity.max()), "peak severity")
        for k, course in enumerate(home.courses)
        if course.onset is not None
    ]


def crossing(course: Course) -> int | None:
    """Minute at which illness itself has taken 5 % of the weight, without the noise of days and scales."""
    low = np.flatnonzero(course.weight <= 1 - LOSS)
    return int(low[0]) if len(low) else None


def _onset(plan: Plan, settings: Vivarium, clock: Clock, rng: np.random.Generator) -> float:
    """Minute of onset, uniform over the days on which illness may begin."""
    days = len(clock.dates)
    if plan.group == "video":
        first = min(settings.video_onset_day, days - 1)
        last = first + 1
    else:
        first = min(settings.onset_from_day, days - 1)
        last = max(first + 1, days - settings.onset_before_end_days)
    return float(rng.uniform(clock.zt0[first], clock.zt0[last]))
