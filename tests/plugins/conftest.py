"""Plugins as a study names them: ``with_plugins("kron")`` makes tests/plugins/kron.py those of the process."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from presage import plugins

HERE = Path(__file__).parent


@pytest.fixture
def with_plugins() -> Iterator[Callable[..., None]]:
    """Use the named files; none afterwards."""
    yield lambda *names: plugins.use([str(HERE / f"{name}.py") for name in names])
    plugins.use(())
