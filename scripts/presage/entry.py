"""The one wrapper of every rule's script: log, threads, staged outputs, and errors that a user can read.

A script is a docstring and a function ``run(job)``, which its last line hands to :func:`main`. Heavy packages are
imported inside ``run``, after the thread limits are set.
"""

import contextlib
import ctypes
import faulthandler
import logging
import os
import resource
import shutil
import signal
import site
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

from presage import plugins
from presage.errors import UserError, one_line

log = logging.getLogger("presage")

# The first and the last line of a job's log; presage.report.resources reads them.
ASKED = "asked for: threads %d, memory %d MB, time %d min, GPUs %d"
TOOK = "took: %.1f s, peak memory %d MB"


@dataclass(frozen=True)
class Job:
    """What a script sees of its rule.

    ``input``, ``params`` and ``wildcards`` are Snakemake's own. ``output`` (by name) and ``outputs`` (in order) point
    into ``folder``, a staging folder beside the outputs, whose content is moved into place only when ``run`` has
    returned. ``config`` is the run's configuration as it was given: what only a failing job needs to know is asked
    there, as a change of ``params`` makes every output anew. ``gpus`` counts what a cluster reserved; on the user's own
    machine nothing is reserved and it is 0.
    """

    rule: str
    input: Any
    output: SimpleNamespace
    outputs: list[Path]
    folder: Path
    params: Any
    wildcards: Any
    config: dict[str, Any]
    threads: int
    gpus: int

    def provenance(self, **more: Any) -> dict[str, Any]:
        """What every file's metadata and every result row names: rule, code hash, seed, whether simulated."""
        own = {"rule": self.rule, "code_hash": self.params.get("code", ""), "seed": self.params.get("seed")}
        return {**own, "simulated": bool(self.params.get("simulated", False)), **more}


def main(run: Callable[[Job], None], snakemake: Any) -> None:
    """Run ``run`` as the script of a rule: :func:`work` in a process of its own, which this one waits for.

    So a job that is killed for its memory, or that dies inside a native library, leaves one line and no staging folder,
    too. Does not return in the process that waits.
    """
    before = signal.pthread_sigmask(
        signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM)
    )  # until it is known who gets them
    child = os.fork()
    if child:
        _wait_for(child, snakemake, before)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    _die_with_parent()
    work(run, snakemake)


def work(run: Callable[[Job], None], snakemake: Any) -> None:
    """Run ``run`` here. When it fails: one line, exit code 1, and the traceback in the log."""
    _drop_foreign_site_packages()
    _limit_threads(int(snakemake.params.get("torch_threads", 1)))
    logfile = _logfile(snakemake)
    gpus = asked_gpus(snakemake.resources)
    started = time.monotonic()
    staging = Staging([str(path) for path in snakemake.output], snakemake.rule)
    try:
        _open_log(logfile)
        memory, minutes = (snakemake.resources.get(name) or 0 for name in ("mem_mb", "runtime"))
        log.info(ASKED, snakemake.threads, memory, minutes, gpus)
        staging.prepare()
        names = {name: snakemake.output.get(name) for name in snakemake.output.keys()}  # noqa: SIM118 (not a dict)
        single = {name: staging.path(path) for name, path in names.items() if isinstance(path, str)}
        outputs = [staging.path(path) for path in staging.final]
        plugins.use(snakemake.config.get("plugins", ()))
        run(
            Job(
                rule=snakemake.rule,
                input=snakemake.input,
                output=SimpleNamespace(**single),
                outputs=outputs,
                folder=staging.folder,
                params=snakemake.params,
                wildcards=snakemake.wildcards,
                config=snakemake.config,
                threads=snakemake.threads,
                gpus=gpus if "SLURM_JOB_ID" in os.environ else 0,
            )
        )
        staging.publish()
        log.info(TOOK, time.monotonic() - started, peak_mb())
    except Exception as error:
        full = staging.is_on_full_disk()
        staging.discard()
        log.error("%s\n%s", error, traceback.format_exc())
        sys.exit(_told(error, snakemake.rule, full and staging.base, f" (traceback in {logfile})" if logfile else ""))


def _told(error: Exception, rule: str, full: Path | bool, where: str) -> str:
    """The line that a user reads. ``full``: the folder whose disk is full, which libraries report as all kinds of
    things."""
    said = one_line(error)
    if full:
        return f"error in {rule}: No space left on device: {full} ({said[:200]}); free some space and run again{where}"
    if isinstance(error, UserError):
        return f"error: {error}"
    if isinstance(error, MemoryError):
        return f"error in {rule}: out of memory ({said[:200] or 'no more is told'}); {_MORE}{where}"
    return f"error in {rule}: {type(error).__name__}: {said[:500]}{where}"


_MORE = "give the job more memory (mem_mb), or run fewer jobs at a time"
_ENDED = {
    signal.SIGKILL: f"most often by the system, which had no memory left; {_MORE}",
    signal.SIGTERM: "it was cancelled; run again, and it goes on where it can",
}
_CRASHED = "a library crashed, most often on a damaged input; check the input files, the log says where it was"


def _wait_for(child: int, snakemake: Any, mask: Iterable[int]) -> NoReturn:
    """End as ``child`` ends. Where a signal ended it, say so in one line and remove what it left."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to both
    signal.signal(signal.SIGTERM, lambda number, _: os.kill(child, number))
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        os._exit(os.WEXITSTATUS(status))
    Staging([str(path) for path in snakemake.output], snakemake.rule).discard()
    number = signal.Signals(os.WTERMSIG(status))
    where = f" ({_logfile(snakemake)})" if _logfile(snakemake) else ""
    sys.exit(f"error in {snakemake.rule}: the job was ended by {number.name}: {_ENDED.get(number, _CRASHED)}{where}")


def _die_with_parent() -> None:
    """A job whose waiting process was killed must not write on beside the next attempt (Linux; elsewhere it may)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # 1: PR_SET_PDEATHSIG


class Staging:
    """A private folder beside a rule's outputs. Outputs appear in place complete, or not at all."""

    def __init__(self, outputs: list[str], rule: str) -> None:
        self.final = [Path(path) for path in outputs]
        parents = [str(path.parent.absolute()) for path in self.final]
        self.base = Path(os.path.commonpath(parents)) if parents else Path.cwd()
        stem = self.final[0].name if self.final else "none"
        self.folder = self.base / f".part-{rule}-{stem}"

    def prepare(self) -> None:
        """Remove what a killed attempt left, and make the folders."""
        self.discard()
        for path in self.final:
            self.path(path).parent.mkdir(parents=True, exist_ok=True)

    def path(self, final: str | Path) -> Path:
        """Where to write what shall become ``final``."""
        return self.folder / Path(final).absolute().relative_to(self.base)

    def publish(self) -> None:
        """Move everything into place. Raises ``FileNotFoundError`` when an output was not written."""
        for path in self.final:
            if not self.path(path).exists():
                raise FileNotFoundError(f"{path} was not written")
        for path in self.final:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            _readable(self.path(path))
            self.path(path).replace(path)
        self.discard()

    def is_on_full_disk(self) -> bool:
        """Whether less than 1 MiB is free where the outputs shall lie."""
        there = next((folder for folder in (self.base, *self.base.parents) if folder.exists()), Path("/"))
        return shutil.disk_usage(there).free < 1 << 20

    def discard(self) -> None:
        """Remove the staging folder and what is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _readable(path: Path) -> None:
    """Let others read what the umask lets them: some libraries write by way of a private temporary file."""
    mask = os.umask(0)
    os.umask(mask)
    for file in path.rglob("*") if path.is_dir() else (path,):
        if file.is_file() and not file.is_symlink():
            file.chmod(file.stat().st_mode | (0o444 & ~mask))


def asked_gpus(resources: Any) -> int:
    """GPUs that a job asks a cluster for: its resource ``gpu``, or what a site's ``gres`` says, as ``gpu:a100:2``."""
    parts = [part.split(":") for part in str(resources.get("gres") or "").split(",")]
    named = sum(int(part[-1]) if part[-1].isdigit() else 1 for part in parts if part[0] == "gpu")
    return named or int(resources.get("gpu") or 0)


def peak_mb() -> int:
    """Largest resident memory of this process so far [MB]: the kernel's count (``ru_maxrss`` may be the parent's)."""
    status = Path("/proc/self/status")
    if not status.is_file():  # no Linux: macOS, whose ru_maxrss is in bytes
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    return round(int(line.split()[1]) * 1024 / 1e6)


def _logfile(snakemake: Any) -> Path | None:
    return Path(snakemake.log[0]) if snakemake.log else None


def _open_log(path: Path | None) -> None:
    log.setLevel(logging.INFO)
    log.handlers.clear()
    log.addHandler(logging.NullHandler())
    logging.raiseExceptions = False  # a full disk is told once, by the job itself
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(path, mode="w", encoding="utf-8", errors="backslashreplace")
        handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        log.addHandler(handler)
        if handler.stream is not None:
            faulthandler.enable(handler.stream)  # where a native library crashed
    log.propagate = False
    logging.captureWarnings(True)


def _limit_threads(threads: int) -> None:
    """Fix the thread count of numerical libraries before they load: results must not depend on ``--cores``."""
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "OPENCV_FOR_THREADS_NUM",
    ):
        os.environ[name] = str(threads)
    os.environ.setdefault("MPLBACKEND", "Agg")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("ALBUMENTATIONS_NO_TELEMETRY", "1")
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")


def _drop_foreign_site_packages() -> None:
    """Under ``--sdm conda`` Snakemake appends the host's site-packages, which would hide what an environment lacks."""
    prefix = os.environ.get("CONDA_PREFIX")
    if not prefix or not Path(sys.prefix).resolve().is_relative_to(Path(prefix).resolve()):
        return
    own = {str(Path(p).resolve()) for p in site.getsitepackages()}
    sys.path[:] = [p for p in sys.path if "site-packages" not in p or str(Path(p).resolve()) in own]
