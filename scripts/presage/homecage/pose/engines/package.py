"""The DeepLabCut package as both engines and the training need it: quiet, offline, on the right device."""

import contextlib
import os
import random
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from presage.config.pose import Pose
from presage.errors import UserError

# Grey levels: an image whose standard deviation is below this shows nothing (dark, or a covered lens).
BLANK_STD = 2.0


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """DeepLabCut prints greetings and opens a plotting backend at import; its log lines go to the log alone."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield


def device(name: str) -> str:
    """``cpu`` or ``cuda`` for ``auto``, ``cpu`` or ``cuda``. Raises :class:`UserError` when there is no GPU to use."""
    import torch

    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("pose.device", "is cuda, but torch sees no GPU", "use auto or cpu, or start it on a GPU")
    return ("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name


def options(settings: Pose) -> dict[str, Any]:
    """DeepLabCut's own switches.

    Not its reading thread, which shares lists with the thread that predicts and may lose a frame between the two;
    :func:`presage.homecage.pose.stream.ahead` decodes beside the network instead.
    """
    return {"multithreading": {"enabled": False}, "compile": {"enabled": settings.compile}}


def hurry(network: Any, settings: Pose, where: str) -> None:
    """Make a network's forward pass faster, in place: channels last in memory (a third less time on a CPU), and
    bfloat16 where the settings ask for it.

    Not DeepLabCut's own autocast, whose results in bfloat16 cannot become NumPy arrays.
    """
    import torch

    network.to(memory_format=torch.channels_last)
    if settings.precision == "bf16":
        forward = network.forward

        def in_bf16(*values: Any, **more: Any) -> Any:
            with torch.autocast(where, torch.bfloat16):
                return _to_float32(forward(*values, **more))

        network.forward = in_bf16


def _to_float32(values: Any) -> Any:
    """Every tensor of nested dictionaries as float32."""
    return {key: _to_float32(value) for key, value in values.items()} if isinstance(values, dict) else values.float()


def seed_everything(seed: int) -> None:
    """DeepLabCut and its augmentations draw from all three global generators."""
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    torch.manual_seed(seed)


def name() -> str:
    """The package with its version, for a model's card."""
    return f"deeplabcut {version('deeplabcut')}"
