"""What a job asks a scheduler for: more where its inputs are larger, and twice as much at each new attempt.

A first attempt asks for what docs/cluster.md shows was enough; profiles/slurm retries what was ended for want of memory
or time. On the user's own machine nothing is reserved and nothing is tried again.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

MB = 10**6

Request = Callable[[Any, Iterable[str], int], int]  # of wildcards, input and attempt, as Snakemake calls it


def memory(base_mb: int, per_input: float = 0.0) -> Request:
    """Memory [MB]: ``base_mb`` and ``per_input`` times the size of the inputs, doubled at each further attempt."""
    return _request(base_mb, per_input)


def minutes(base: int, per_input_gb: float = 0.0) -> Request:
    """Run time [min]: ``base`` and ``per_input_gb`` for each GB of inputs, doubled at each further attempt."""
    return _request(base, per_input_gb / 1000)


def size_mb(paths: Iterable[str]) -> float:
    """Size of files, and of all files in folders [MB].

    Raises ``FileNotFoundError`` when one is not there yet; a dry run then shows the request as to be determined.
    """
    return sum(map(_bytes, map(Path, paths))) / MB


def _request(base: int, per_mb: float) -> Request:
    def asked(wildcards: Any, input: Iterable[str], attempt: int) -> int:
        size = size_mb(input) if per_mb else 0.0
        return round((base + per_mb * size) * 2 ** (attempt - 1))

    return asked


def _bytes(path: Path) -> int:
    if path.is_dir():
        return sum(child.stat().st_size for child in path.rglob("*") if child.is_file())
    return path.stat().st_size
