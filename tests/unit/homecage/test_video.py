"""Frames one by one: numbers, order, decimation and size."""

import cv2
import numpy as np
import pytest

from presage.homecage import video


def write(path, n=24, fps=12.5, size=(64, 48)):
    """Frame i is uniformly grey 10 i."""
    out = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), fps, size)
    for i in range(n):
        out.write(np.full((size[1], size[0], 3), 10 * i, np.uint8))
    out.release()
    return path


def test_every_frame_once_in_order(tmp_path):
    path = write(tmp_path / "a.mp4")
    header = video.info(path)
    assert (header.width, header.height, header.fps, header.frames) == (64, 48, 12.5, 24)
    assert video.survey(path).frames == 24
    numbers, images = zip(*video.frames(path))
    assert numbers == tuple(range(24))
    assert np.allclose([image.mean() for image in images], 10 * np.arange(24), atol=4)


@pytest.mark.parametrize("stride", [1, 5, 23, 24, 100])
def test_stride_keeps_frame_numbers(tmp_path, stride):
    path = write(tmp_path / "a.mp4")
    got = list(video.frames(path, stride=stride))
    assert [i for i, _ in got] == list(range(0, 24, stride))
    assert np.allclose([image.mean() for _, image in got], [10 * i for i, _ in got], atol=4)


def test_frames_are_scaled_and_rgb(tmp_path):
    path = tmp_path / "red.avi"
    out = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 5, (64, 48))
    out.write(np.full((48, 64, 3), (0, 0, 200), np.uint8))
    out.release()
    [(_, image)] = video.frames(path, width=32)
    assert image.shape == (24, 32, 3)
    assert image[..., 0].mean() > 150 > 50 > image[..., 2].mean()


def test_points_go_with_the_image():
    """A bright spot is found where rescale_points says it went."""
    image = np.zeros((48, 64, 3), np.uint8)
    image[20:24, 40:44] = 255  # centre of mass at (41.5, 21.5)
    small = video.scaled(image, 32)[..., 0].astype(float)
    y, x = np.indices(small.shape)
    centre = [(small * x).sum() / small.sum(), (small * y).sum() / small.sum()]
    assert np.allclose(video.rescale_points(np.array([41.5, 21.5]), (64, 48), (32, 24)), centre, atol=0.02)
    back = video.rescale_points(video.rescale_points(np.array([3.0, 7.0]), (64, 48), (32, 24)), (32, 24), (64, 48))
    assert np.allclose(back, [3.0, 7.0])


def test_what_is_no_video_is_said_so(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"not a video")
    for function in (video.info, video.survey, lambda p: next(video.frames(p))):
        with pytest.raises(video.UnreadableVideo):
            function(tmp_path / "a.mp4")


def test_real_clip(real_data):
    clip = real_data / "pose/openfield-Pranav-2018-10-30/videos/m3v1mp4.mp4"
    assert (video.info(clip).width, video.info(clip).fps) == (640, pytest.approx(30, abs=0.1))
    assert video.survey(clip).frames == video.info(clip).frames == 2330
