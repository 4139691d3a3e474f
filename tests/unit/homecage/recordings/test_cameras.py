"""A camera that moved, by pictures that were moved, of a real cage and of a drawn one."""

import cv2
import numpy as np
import pytest

from presage.homecage.recordings import cameras, video


@pytest.fixture
def cage():
    rng = np.random.default_rng(3)
    image = np.full((120, 160), 60, np.uint8)
    for _ in range(30):
        x, y = rng.integers(0, 150), rng.integers(0, 110)
        cv2.rectangle(image, (int(x), int(y)), (int(x) + 20, int(y) + 12), int(rng.integers(20, 250)), -1)
    return image


def moved(image, x, y):
    return cv2.warpAffine(image, np.float32([[1, 0, x], [0, 1, y]]), image.shape[::-1], borderMode=cv2.BORDER_REFLECT)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (3, 0), (-6, 4), (0, 12)])
def test_it_measures_how_far(cage, x, y):
    assert cameras.shift(cage, moved(cage, x, y)) == pytest.approx(np.hypot(x, y), abs=0.5)


def test_lamps_are_no_movement(cage):
    dark = (cage * 0.3 + 5).astype(np.uint8)
    assert cameras.shift(cage, dark) == pytest.approx(0, abs=0.5)


def test_another_scene_cannot_be_told(cage):
    rng = np.random.default_rng(0)
    assert cameras.shift(cage, rng.integers(0, 255, cage.shape).astype(np.uint8)) is None
    assert cameras.shift(cage, np.zeros_like(cage)) is None
    assert cameras.shift(cage, cage[:60]) is None


def test_a_picture_is_kept_in_little(cage):
    data = cameras.encode(cage)
    assert len(data) < 10_000
    assert cameras.shift(cage, cameras.decode(data)) == pytest.approx(0, abs=0.3)


def test_real_cage_with_a_mouse_in_it(real_data):
    """The mouse runs about for a minute; the picture's two halves lie on each other all the same."""
    clip = real_data / "pose/openfield-Pranav-2018-10-30/videos/m3v1mp4.mp4"
    frames = list(video.Frames(clip, 160, lambda i, _: i % 60 == 0))
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    first, second = (np.median(half, axis=0).astype(np.uint8) for half in (grey[:20], grey[20:]))
    assert cameras.shift(first, second) < 0.3
    assert cameras.shift(first, moved(second, 8, 0)) == pytest.approx(8, abs=1)
