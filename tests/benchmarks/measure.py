"""What a command costs: wall time, and the largest memory that it and its children hold at one moment."""

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_PAUSE = 0.05  # seconds between two looks at the memory
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Cost(NamedTuple):
    """``rss_mb``: resident memory summed over the process tree (pages that processes share count in each)."""

    seconds: float
    rss_mb: float
    output: str


def run(command: list[str], environment: dict[str, str] | None = None) -> Cost:
    """Run a command to its end. Raises :class:`RuntimeError` with its output when it fails."""
    peak = 0
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=errors, env=environment)
        ended = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not ended.wait(_PAUSE):
                peak = max(peak, tree_rss(process.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        code = process.wait()
        seconds = time.perf_counter() - began
        ended.set()
        watcher.join()
        output.seek(0)
        errors.seek(0)
        text = output.read()
        if code:
            raise RuntimeError(f"{' '.join(command)} failed:\n{text}{errors.read()}")
    return Cost(seconds, peak / 1e6, text)


def by_turns(
    commands: Mapping[str, list[str]], repeats: int, environment: dict[str, str] | None = None
) -> dict[str, list[Cost]]:
    """The costs of rival commands, each run ``repeats`` times, taking turns: a slow minute falls on all of them."""
    found: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, costs in found.items():
            costs.append(run(commands[name], environment))
    return found


def tree_rss(root: int) -> int:
    """Bytes that a process and all below it hold (Linux: read from /proc)."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:  # ended between the listing and the look
            continue
        children.setdefault(parent, []).append(int(folder.name))
    total, todo = 0, [root]
    while todo:
        pid = todo.pop()
        todo += children.get(pid, [])
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
        except OSError:
            continue
    return total
