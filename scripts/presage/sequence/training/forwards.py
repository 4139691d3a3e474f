"""Changing how modules compute for the time of a fit, from outside: their files and their tensors stay as they are."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

Forward = Callable[..., Any]


@contextmanager
def replaced(modules: Iterable[nn.Module], wrap: Callable[[nn.Module, Forward], Forward]) -> Iterator[None]:
    """Inside, ``module.forward`` of each module is ``wrap(module, its own forward)``."""
    before = [(module, module.__dict__.get("forward"), module.forward) for module in modules]
    for module, _, forward in before:
        module.forward = wrap(module, forward)
    try:
        yield
    finally:
        for module, own, _ in reversed(before):
            if own is None:
                del module.forward
            else:
                module.forward = own
