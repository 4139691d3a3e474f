"""A stand-in for a GPU: a model whose job Slurm gave cards to runs on the CPU.

It proves where jobs land and which cards they are shown, not that CUDA works. As torch would, it refuses a job that was
promised cards and is shown none.
"""

import importlib.util
import os
import sys
from importlib.abc import MetaPathFinder

WHERE = "presage.device"


def device(given: int = 0) -> str:
    """For :func:`presage.device.device`: ``cpu``, if as many cards are shown as were promised."""
    import logging

    from presage.errors import UserError

    shown = [card for card in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if card]
    if len(shown) != given:
        raise UserError(f"{given} GPU(s) of this job", f"Slurm shows {shown}", "ask for them by the resource gpu")
    if given:
        logging.getLogger("presage").info("stand-in for a GPU: card %s", ",".join(shown))
    return "cpu"


class Patch(MetaPathFinder):
    """Puts :func:`device` in its place when the module is imported, and imports nothing by itself."""

    def find_spec(self, name, path, target=None):
        """The module's own specification, patched; nothing for any other module."""
        if name != WHERE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        run = spec.loader.exec_module

        def patched(module):
            run(module)
            module.device = device

        spec.loader.exec_module = patched
        return spec
