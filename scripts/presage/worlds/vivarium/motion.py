"""From what a mouse does in a minute to where its body parts are in every frame of a segment.

The camera looks straight down on a floor of 36 x 26 cm. The mouse moves in cm from the frame's top left corner; body
parts come out in px (x to the right, y down).
"""

from dataclasses import dataclass

import numpy as np

from presage.worlds.vivarium.behaviour import ASLEEP, EXPLORE, FEED, Minutes
from presage.worlds.vivarium.mice import Mouse

BODYPARTS = ("snout", "leftear", "rightear", "tailbase")
FRAME_CM = (40.0, 30.0)
WALL_CM = 2.0
NEST_CM = 4.5  # radius of the nest
WALK_CM_S = 7.0  # on the way to the nest or the hopper
NEAR_CM = 1.5  # from there it goes no further
RUN_S = 2.0  # how long moving and pausing last, in the mean


@dataclass(frozen=True)
class Scene:
    """One cage as its camera sees it."""

    width: int  # px
    height: int  # px
    nest: tuple[float, float]  # cm
    hopper: tuple[float, float]  # cm: where the mouse stands to feed

    @property
    def px_per_cm(self) -> float:
        return self.width / FRAME_CM[0]


def scene(width: int, rng: np.random.Generator) -> Scene:
    """A cage with the nest in one of the corners of the one side and the hopper at the other; frames are 4:3."""
    left = rng.random() < 0.5
    near, far = WALL_CM + NEST_CM, FRAME_CM[0] - WALL_CM - NEST_CM
    nest_y = WALL_CM + NEST_CM if rng.random() < 0.5 else FRAME_CM[1] - WALL_CM - NEST_CM
    hopper_y = float(rng.uniform(12, 18))
    nest_x, hopper_x = (near, far + 1) if left else (far, near - 1)
    nest = (nest_x + float(rng.uniform(0, 1)), nest_y + float(rng.uniform(-0.5, 0.5)))
    return Scene(width, width * 3 // 4, nest, (hopper_x, hopper_y))


@dataclass(frozen=True)
class Track:
    """True pose of some segments."""

    xy: np.ndarray  # float32 (segments, frames, bodyparts, 2), px
    hidden: np.ndarray  # bool (segments, frames)
    dark: np.ndarray  # bool (segments, frames)


def track(
    minutes: Minutes,
    dark: np.ndarray,
    mouse: Mouse,
    scene: Scene,
    starts: np.ndarray,
    frames: int,
    fps: float,
    rng: np.random.Generator,
) -> Track:
    """Pose in segments that start at second ``starts`` (segments,) of the clock: ``frames`` frames each, at ``fps``."""
    second = starts[:, None] + np.arange(frames) / fps
    at = np.minimum((second // 60).astype(np.int64), len(minutes.state) - 1)
    length = mouse.length_cm * minutes.length[at]
    centre, heading = _walk(minutes, scene, at, 1 / fps, rng)
    head = _head_turn(minutes.state[at], rng)
    xy = _into_floor(_body_parts(centre, heading, head, length)) * scene.px_per_cm
    return Track(xy.astype(np.float32), minutes.hidden[at], dark[at])


def _walk(
    minutes: Minutes, scene: Scene, at: np.ndarray, dt: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Body centre (segments, frames, 2) in cm and heading (segments, frames) in radians."""
    segments, frames = at.shape
    low, high = _inner_floor()
    goal = _goals(minutes, scene, at, rng)
    at_goal = np.isfinite(goal[:, 0]).all(1)
    position = np.where(at_goal[:, None], goal[:, 0], rng.uniform(low, high, (segments, 2)))
    heading = np.asarray(rng.uniform(-np.pi, np.pi, segments))
    moves = 1 - minutes.still[at]
    speed = minutes.speed[at] / np.maximum(moves, 0.05)
    moving = rng.random(segments) < moves[:, 0]
    centre, headings = np.empty((segments, frames, 2)), np.empty((segments, frames))
    for k in range(frames):
        moving = _toggle(moving, moves[:, k], min(dt / RUN_S, 1.0), rng)
        way, inward = goal[:, k] - position, np.array(FRAME_CM) / 2 - position
        distance = np.hypot(*way.T)
        travels = distance > NEAR_CM  # NaN, no goal, is False
        roam = heading + moving * rng.normal(0, 0.8 * dt**0.5, segments)
        heading = np.where(travels, _angle(way), roam)
        stride = dt * np.where(travels, np.fmin(WALK_CM_S, distance / dt), moving * speed[:, k])
        ahead = position + stride[:, None] * _unit(heading)
        blocked = ((ahead < low) | (ahead > high)).any(1) & ~travels & (stride > 0)
        heading = np.where(blocked, _angle(inward) + rng.normal(0, 0.7, segments), heading)
        position = np.clip(position + stride[:, None] * _unit(heading), low, high)
        centre[:, k], headings[:, k] = position, heading
    return centre, headings


def _goals(minutes: Minutes, scene: Scene, at: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Where the mouse wants to be, (segments, frames, 2) in cm; NaN where it roams or rests on the spot."""
    segments = len(at)
    goal = np.full((*at.shape, 2), np.nan)
    nest = np.array(scene.nest) + rng.normal(0, 0.8, (segments, 1, 2))
    hopper = np.array(scene.hopper) + rng.normal(0, 0.6, (segments, 1, 2))
    goal = np.where(minutes.nest[at][..., None], nest, goal)
    return np.where((minutes.state[at] == FEED)[..., None], hopper, goal)


def _toggle(moving: np.ndarray, p: np.ndarray, rate: float, rng: np.random.Generator) -> np.ndarray:
    """One step of a two-state chain of occupancy ``p`` (as in ``behaviour.switch``)."""
    u = rng.random(len(p))
    return (u < p * rate) | (moving & (u < 1 - (1 - p) * rate))


def _head_turn(state: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Angle (segments, frames) between head and body, radians: lively when active, curled up when asleep."""
    segments, frames = state.shape
    turn = np.empty((segments, frames))
    side = rng.choice([-1.0, 1.0], segments)
    now = np.asarray(rng.normal(0, 0.3, segments))
    lively = np.where(state == EXPLORE, 0.22, np.where(state == FEED, 0.1, 0.01))
    for k in range(frames):
        rest = np.where(state[:, k] == ASLEEP, 0.8 * side, 0.0)
        now = rest + 0.8 * (now - rest) + rng.normal(0, 1, segments) * lively[:, k]
        turn[:, k] = now
    return np.clip(turn, -1.2, 1.2)


def _body_parts(centre: np.ndarray, heading: np.ndarray, head: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Body parts (segments, frames, 4, 2) in cm, in the order of ``BODYPARTS``."""
    body, nose = _unit(heading), _unit(heading + head)
    across = np.stack([-nose[..., 1], nose[..., 0]], -1)  # to the animal's right, y pointing down
    size = length[..., None]
    neck = centre + 0.22 * size * body
    ears = neck + 0.07 * size * nose
    parts = [
        neck + 0.28 * size * nose,
        ears - 0.11 * size * across,
        ears + 0.11 * size * across,
        centre - 0.5 * size * body,
    ]
    return np.stack(parts, 2)


def _angle(way: np.ndarray) -> np.ndarray:
    return np.arctan2(way[..., 1], way[..., 0])


def _unit(angle: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(angle), np.sin(angle)], -1)


def _inner_floor() -> tuple[np.ndarray, np.ndarray]:
    """Corners between which a body's centre stays."""
    margin = WALL_CM + 1.5
    return np.full(2, margin), np.array(FRAME_CM) - margin


def _into_floor(parts: np.ndarray) -> np.ndarray:
    """Shift whole bodies so that no part lies in a wall."""
    low, high = np.full(2, WALL_CM + 0.3), np.array(FRAME_CM) - WALL_CM - 0.3
    below = np.maximum(low - parts.min(2), 0)
    above = np.minimum(high - parts.max(2), 0)
    return parts + (below + above)[:, :, None]
