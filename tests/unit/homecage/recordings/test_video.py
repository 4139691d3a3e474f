"""Frames one by one: numbers, order, decimation and size."""

import cv2
import numpy as np
import pytest

from presage.homecage.recordings import video


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
    frames = video.Frames(path)
    images = list(frames)
    assert frames.index == list(range(24)) and frames.decoded == 24
    assert np.allclose(frames.seconds, np.arange(24) / 12.5, atol=1e-3)
    assert np.allclose([image.mean() for image in images], 10 * np.arange(24), atol=4)


@pytest.mark.parametrize("stride", [1, 5, 23, 24, 100])
def test_stride_keeps_frame_numbers(tmp_path, stride):
    path = write(tmp_path / "a.mp4")
    frames = video.Frames(path, wanted=lambda frame, _: frame % stride == 0)
    images = list(frames)
    assert frames.index == list(range(0, 24, stride)) and frames.decoded == 24
    assert np.allclose([image.mean() for image in images], 10 * np.array(frames.index), atol=4)


def test_frames_by_their_time(tmp_path):
    frames = video.Frames(write(tmp_path / "a.mp4"), wanted=lambda _, seconds: 0.399 < seconds < 0.8)
    assert len(list(frames)) == 5 and frames.index == [5, 6, 7, 8, 9]


def test_frames_are_scaled_and_rgb(tmp_path):
    path = tmp_path / "red.avi"
    out = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 5, (64, 48))
    out.write(np.full((48, 64, 3), (0, 0, 200), np.uint8))
    out.release()
    [image] = video.Frames(path, width=32)
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
    for function in (video.info, video.survey, lambda p: next(iter(video.Frames(p)))):
        with pytest.raises(video.UnreadableVideo):
            function(tmp_path / "a.mp4")


def test_real_clip(real_data):
    clip = real_data / "pose/openfield-Pranav-2018-10-30/videos/m3v1mp4.mp4"
    assert (video.info(clip).width, video.info(clip).fps) == (640, pytest.approx(30, abs=0.1))
    assert video.survey(clip).frames == video.info(clip).frames == 2330
