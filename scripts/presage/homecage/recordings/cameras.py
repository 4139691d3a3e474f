"""Is the camera still where it was, and does it still see? Signs of a sick camera, which are none of a sick mouse."""

import cv2
import numpy as np

WIDTH = 160  # px of the background images that are compared
LEAST_RESPONSE = 0.1  # of the phase correlation: below it, the two images do not show the same place


def encode(grey: np.ndarray) -> bytes:
    """A background image uint8 [height, width] as a small JPEG."""
    good, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, 80])
    assert good
    return data.tobytes()


def decode(data: bytes) -> np.ndarray:
    """The image again, uint8 [height, width]."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    return image


def shift(before: np.ndarray, after: np.ndarray) -> float | None:
    """How far the second of two grey images lies from the first, px of these images; None where it cannot be told.

    Phase correlation of their edges (Kuglin & Hines 1975), so that lamps that go on or off are no movement.
    """
    if before.shape != after.shape:
        return None
    a, b = _edges(before), _edges(after)
    if not a.any() or not b.any():
        return None
    window = cv2.createHanningWindow(before.shape[::-1], cv2.CV_32F)
    (x, y), response = cv2.phaseCorrelate(a, b, window)
    # No finer than means something: the transform's last digits hang on how memory happens to be aligned.
    return round(float(np.hypot(x, y)), 3) if response >= LEAST_RESPONSE else None


def _edges(grey: np.ndarray) -> np.ndarray:
    """Strength of the edges, in units of its own mean: neither brightness nor contrast matters."""
    image = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1.0)
    strength = cv2.magnitude(cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1))
    mean = float(strength.mean())
    return strength / mean if mean > 0.5 else np.zeros_like(strength)
