"""Draw the cage and the mouse: frames, mp4 segments.

A picture of a mouse, not a photograph: enough texture, low light and noise that a network has to learn the animal, with
the true body parts known to the pixel.
"""

from pathlib import Path

import cv2
import numpy as np

from presage.worlds.vivarium.mice import Mouse
from presage.worlds.vivarium.motion import NEST_CM, WALL_CM, Scene

_SHIFT = 4  # sub-pixel bits of OpenCV's drawing functions
DAY_NOISE, NIGHT_NOISE = 2.0, 4.0  # SD of sensor noise, grey levels
_NIGHT_GAIN = 0.65  # infrared scenes are darker


class Painter:
    """Draws one mouse in one cage; the furniture is drawn once."""

    def __init__(self, scene: Scene, mouse: Mouse, noise: float, rng: np.random.Generator) -> None:
        self.scene, self.coat, self.length = scene, mouse.coat, mouse.length_cm * scene.px_per_cm
        self.background, self.nest = _furniture(scene, rng)
        shape = (scene.height, scene.width)
        self.grain = {dark: _grain(shape, noise * (NIGHT_NOISE if dark else DAY_NOISE), rng) for dark in (False, True)}
        self.rng = rng

    def frame(self, parts: np.ndarray, hidden: bool, dark: bool) -> np.ndarray:
        """The picture, uint8 (height, width, 3) BGR, of a mouse with body ``parts`` (4, 2) px."""
        grey = self.background.copy()
        coat = 0.9 * self.coat + 12 if dark else self.coat  # infrared evens out the coats a little
        if not hidden:
            _mouse(grey, parts.astype(float), self.length, coat)
            _blend(grey, self.nest, 0.25)  # some fibres lie over a mouse in its nest
        if dark:
            grey = cv2.convertScaleAbs(grey, alpha=_NIGHT_GAIN)
        grain = self.grain[dark]
        noisy = cv2.add(grey, grain[self.rng.integers(len(grain))], dtype=cv2.CV_8U)
        return cv2.merge([noisy] * 3) if dark else cv2.merge([cv2.convertScaleAbs(noisy, alpha=0.93), noisy, noisy])


def write_video(path: Path, painter: Painter, xy: np.ndarray, hidden: np.ndarray, dark: np.ndarray, fps: float) -> None:
    """One mp4 of the frames of one segment: ``xy`` (frames, 4, 2) px, ``hidden`` and ``dark`` (frames,)."""
    size = (painter.scene.width, painter.scene.height)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, size)
    if not writer.isOpened():
        raise OSError(f"OpenCV cannot write {path}")
    for parts, unseen, night in zip(xy, hidden, dark, strict=True):
        writer.write(painter.frame(parts, bool(unseen), bool(night)))
    writer.release()


def _furniture(scene: Scene, rng: np.random.Generator) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """The cage without the mouse, uint8 (height, width), and its nest material: picture and opacity 0-1, same shape."""
    shape, scale = (scene.height, scene.width), scene.px_per_cm
    tone = rng.uniform(140, 165)
    chips = cv2.GaussianBlur(rng.normal(0, 1, shape), (0, 0), 0.28 * scale)
    patches = cv2.GaussianBlur(rng.normal(0, 1, shape), (0, 0), 3 * scale)
    floor = tone + 9 * chips / chips.std() + 6 * patches / patches.std()
    wall = round(WALL_CM * scale)
    inside = np.zeros(shape)
    cv2.rectangle(inside, (wall, wall), (scene.width - wall - 1, scene.height - wall - 1), 1.0, -1)
    light = cv2.GaussianBlur(inside, (0, 0), 0.6 * scale)
    picture = floor * (0.75 + 0.25 * light) * inside + 70 * (1 - inside)
    cv2.rectangle(picture, (wall, wall), (scene.width - wall - 1, scene.height - wall - 1), 105.0, 1)
    _hopper(picture, scene)
    empty, nest = np.clip(picture, 0, 255).astype(np.uint8), _nest(scene, rng)
    _blend(empty, nest, 1.0)
    return empty, nest


def _hopper(picture: np.ndarray, scene: Scene) -> None:
    """A wire food hopper in the wall, and the spout of the bottle."""
    scale = scene.px_per_cm
    side = -1 if scene.hopper[0] < scene.width / scale / 2 else 1
    x = 0 if side < 0 else scene.width - round(3.2 * scale)
    top, bottom = (round((scene.hopper[1] + d) * scale) for d in (-4.5, 4.5))
    cv2.rectangle(picture, (x, top), (x + round(3.2 * scale), bottom), 95.0, -1)
    for y in range(top, bottom, max(2, round(0.8 * scale))):
        cv2.line(picture, (x, y), (x + round(3.2 * scale), y), 150.0, 1, cv2.LINE_AA)
    spout = (x + round(1.6 * scale) - side * round(1.8 * scale), bottom + round(1.5 * scale))
    cv2.circle(picture, spout, max(1, round(0.4 * scale)), 215.0, -1, cv2.LINE_AA)


def _nest(scene: Scene, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A loose ring of paper fibres, thin in the middle: paler than the bedding, darker than a white mouse."""
    shape, scale = (scene.height, scene.width), scene.px_per_cm
    picture, opacity = np.full(shape, 168.0), np.zeros(shape)
    centre = np.array(scene.nest)
    for _ in range(150):
        angle, radius = rng.uniform(0, 2 * np.pi), NEST_CM * np.sqrt(rng.uniform(0.05, 1.1))
        middle = centre + radius * np.array([np.cos(angle), np.sin(angle)])
        half = rng.uniform(0.5, 1.8) * np.array(
            [np.cos(angle + 1.6 + (t := rng.normal(0, 0.5))), np.sin(angle + 1.6 + t)]
        )
        one, other = _fixed((middle - half) * scale), _fixed((middle + half) * scale)
        cv2.line(picture, one, other, rng.uniform(160, 200), 1, cv2.LINE_AA, _SHIFT)
        cv2.line(opacity, one, other, 0.9, 1, cv2.LINE_AA, _SHIFT)
    y, x = np.mgrid[: shape[0], : shape[1]] / scale
    inside = np.clip(1.6 - np.hypot(x - centre[0], y - centre[1]) / NEST_CM * 1.3, 0, 0.8)
    return cv2.GaussianBlur(picture, (0, 0), 0.5), cv2.GaussianBlur(np.maximum(opacity, inside), (0, 0), 0.6)


def _blend(grey: np.ndarray, layer: tuple[np.ndarray, np.ndarray], strength: float) -> None:
    picture, opacity = layer
    share = strength * opacity
    grey[:] = (grey * (1 - share) + picture * share).astype(np.uint8)


def _mouse(grey: np.ndarray, parts: np.ndarray, length: float, coat: float) -> None:
    """Draw a mouse with body ``parts`` (4, 2) px whose stretched body is ``length`` px long."""
    snout, left, right, tail = parts
    neck = (left + right) / 2
    spine, nose = neck - tail, snout - neck
    reach = max(float(np.hypot(*spine)), 1.0)
    plump = np.sqrt(length * 0.79 / reach)  # a shorter back is a rounder one
    _tail(grey, parts, length, min(coat * 0.5 + 95, 190))
    across, ear = 0.17 * length * plump, coat + 50 if coat < 140 else coat - 95
    _ellipse(grey, tail + 0.50 * spine, (0.60 * reach, across), spine, max(coat * 0.8, 8))
    _ellipse(grey, tail + 0.46 * spine, (0.50 * reach, 0.85 * across), spine, coat)
    _ellipse(grey, tail + 0.42 * spine, (0.32 * reach, 0.4 * across), spine, min(coat * 1.06 + 5, 250))
    _ellipse(grey, neck + 0.28 * nose, (0.76 * float(np.hypot(*nose)), 0.115 * length), nose, coat)
    for place in (left, right):
        _ellipse(grey, place, (0.055 * length, 0.05 * length), nose, ear)
    _ellipse(grey, snout - 0.05 * nose, (0.03 * length, 0.03 * length), nose, ear)


def _tail(grey: np.ndarray, parts: np.ndarray, length: float, tone: float) -> None:
    """A thin curved tail; it bends away from where the head looks, so that it moves with the pose."""
    base, spine = parts[3], (parts[1] + parts[2]) / 2 - parts[3]
    nose = parts[0] - (parts[1] + parts[2]) / 2
    bend = np.arctan2(spine[0] * nose[1] - spine[1] * nose[0], spine @ nose)
    angle = np.arctan2(-spine[1], -spine[0]) + np.linspace(0, 1, 8) * (0.5 - 1.2 * bend)
    steps = 0.75 * length / 8 * np.stack([np.cos(angle), np.sin(angle)], 1)
    points = np.round((base + np.cumsum(np.r_[[[0, 0]], steps], 0)) * 2**_SHIFT).astype(np.int32)
    cv2.polylines(grey, [points], False, tone, max(1, round(0.04 * length)), cv2.LINE_AA, _SHIFT)


def _ellipse(grey: np.ndarray, centre: np.ndarray, axes: tuple[float, float], along: np.ndarray, tone: float) -> None:
    degrees = float(np.degrees(np.arctan2(along[1], along[0])))
    cv2.ellipse(grey, _fixed(centre), _fixed(axes), degrees, 0, 360, tone, -1, cv2.LINE_AA, _SHIFT)


def _fixed(point: np.ndarray | tuple[float, float]) -> tuple[int, int]:
    """OpenCV's fixed-point coordinates."""
    x, y = (round(float(v) * 2**_SHIFT) for v in point)
    return x, y


def _grain(shape: tuple[int, int], sd: float, rng: np.random.Generator, count: int = 24) -> np.ndarray:
    """A pool of sensor noise, int16 (count, height, width), blurred a little as by a lens."""
    white = rng.normal(0, 1, (count, *shape)).astype(np.float32)
    soft = np.stack([cv2.GaussianBlur(picture, (0, 0), 0.6) for picture in white])
    return np.round(soft * (sd / soft.std())).astype(np.int16)
