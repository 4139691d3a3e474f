"""The record of a run, ``record.json`` beside ``summary.json``: all that is needed to make the run again.

``python -m presage.record results/demo/record.json`` tells what has changed since: commit, code, packages, inputs.
``python -m presage.record results/demo/record.json --again FOLDER`` makes the run again in ``FOLDER`` and compares it
file by file. The new folder shows all else of the working directory by links, so that paths, which some tables hold,
stay what they were. Both exit with 1 where anything differs that may not.
"""

import argparse
import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from presage import __version__
from presage.errors import UserError
from presage.provenance import SCRIPTS, closure_hash, file_hash

ROOT = SCRIPTS.parent
COMMAND = "PRESAGE_COMMAND"  # set by the Snakefile, as a job does not see the command line that it serves
MAY_DIFFER = {
    "logs/*": "what was said",
    "benchmarks/*": "how long it took",
    "figures/fig2_adapters.*": "what the adapters cost, from benchmarks",
    "index.html": "shows that figure",
    "record.json": "who ran it, when and how: the file that this module writes",
}
"""All that may differ between two runs of one record, by its place in the run's folder. All else has the same bytes."""


def describe(run: str | Path, config: Mapping[str, Any], given: Iterable[str]) -> dict[str, Any]:
    """The record of the run in folder ``run``: resolved ``config``, and SHA-256 of ``given`` files and of results."""
    return {
        "presage": __version__,
        "command": os.environ.get(COMMAND, ""),
        **surroundings(),
        "config": dict(config),
        "inputs": {path: path_hash(Path(path)) for path in given},
        "results": result_hashes(Path(run)),
    }


def surroundings() -> dict[str, Any]:
    """Commit and what is changed beside it, the code of every script, Python, machine, packages and environments."""
    packages = {one.metadata["Name"].lower(): one.version for one in importlib.metadata.distributions()}
    return {
        "commit": _git("rev-parse", "HEAD"),
        "changed_files": _git("status", "--porcelain", "--untracked-files=no").splitlines(),
        "code": {path.stem: closure_hash(path) for path in sorted(SCRIPTS.glob("*.py"))},
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "packages": dict(sorted(packages.items())),
        "environments": {path.name: file_hash(path) for path in sorted((ROOT / "envs").glob("*.yaml"))},
    }


def result_hashes(run: Path) -> dict[str, str]:
    """SHA-256 of every file of a run but those that may differ, by its place in the run; a zarr store counts as one."""
    found: dict[str, str] = {}
    for folder, folders, files in os.walk(run):
        here = Path(folder)
        stores = [name for name in folders if name.endswith(".zarr")]
        folders[:] = [name for name in folders if name not in stores and not name.startswith(".")]
        for path in (here / name for name in (*stores, *files)):
            place = path.relative_to(run).as_posix()
            if not may_differ(place):
                found[place] = path_hash(path)
    return dict(sorted(found.items()))


def may_differ(place: str) -> bool:
    """Whether a file at ``place`` in a run's folder is among those of :data:`MAY_DIFFER`."""
    return any(fnmatch(place, pattern) for pattern in MAY_DIFFER)


def path_hash(path: Path) -> str:
    """SHA-256 of a file; of a folder, over the names and hashes of its files; ``absent`` where there is neither."""
    if path.is_file():
        return file_hash(path)
    if not path.is_dir():
        return "absent"
    total = hashlib.sha256()
    for file in sorted(one for one in path.rglob("*") if one.is_file()):
        total.update(f"{file.relative_to(path).as_posix()}\0{file_hash(file)}\0".encode())
    return total.hexdigest()


def changes(record: Mapping[str, Any]) -> list[str]:
    """What is not as it was when ``record`` was made, one line each. Environments count where conda makes them."""
    now = surroundings()
    now["inputs"] = {path: path_hash(Path(path)) for path in record["inputs"]}
    lines = [
        f"{key}: was {record[key]}, is {now[key]}" for key in ("commit", "python", "machine") if record[key] != now[key]
    ]
    for key in ("code", "packages", "environments", "inputs"):
        lines += [f"{key}: {difference}" for difference in differences(record[key], now[key])]
    return lines


def differences(was: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Keys whose values differ, with both, in order."""
    return [
        f"{key} was {was.get(key, 'absent')}, is {now.get(key, 'absent')}"
        for key in sorted({*was, *now})
        if was.get(key) != now.get(key)
    ]


def make_again(record: Mapping[str, Any], folder: Path, cores: int) -> Path:
    """Run ``record``'s configuration in ``folder``; returns the new run's folder.

    Raises :class:`UserError` when the folder is there already, the results' path is absolute, or the run fails.
    """
    results = Path(record["config"]["results"])
    if results.is_absolute():
        raise UserError("config key results", f"{results} is absolute: a second run would take its place", "move it")
    if folder.exists():
        raise UserError(folder, "is there already", "name a new folder for --again")
    folder.mkdir(parents=True)
    folder = folder.resolve()
    for entry in Path.cwd().iterdir():
        if entry.name not in (results.parts[0], ".snakemake") and entry.resolve() != folder:
            (folder / entry.name).symlink_to(entry.resolve())
    config = folder / "record_config.json"
    config.write_text(json.dumps(record["config"]), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", str(cores)]
    command += ["--directory", str(folder), "--configfile", str(config)]
    if subprocess.run(command, check=False).returncode:
        raise UserError(folder, "could not be filled", "read what Snakemake said above")
    return folder / results / record["config"]["run"]


def main() -> None:
    """Tell what has changed; with ``--again``, make the run again and compare."""
    parser = argparse.ArgumentParser(prog="python -m presage.record", description="Check or repeat a run by its record")
    parser.add_argument("record", type=Path, help="record.json of a run")
    parser.add_argument("--again", type=Path, metavar="FOLDER", help="make the run again, with its results in FOLDER")
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    try:
        record = read(given.record)
        found = changes(record)
        print("\n".join(found) or "commit, code, packages and inputs are as they were")
        if given.again:
            found = differences(record["results"], result_hashes(make_again(record, given.again, given.cores)))
            print("\n".join(found) or f"all {len(record['results'])} files have the same bytes")
    except UserError as error:
        sys.exit(f"error: {error}")
    sys.exit(1 if found else 0)


def read(path: Path) -> dict[str, Any]:
    """The record in a file. Raises :class:`UserError` where there is none."""
    hint = "name the record.json of a finished run"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(path, "does not exist", hint) from None
    except ValueError:
        record = None
    if not isinstance(record, dict) or not {"config", "inputs", "results", "code"} <= set(record):
        raise UserError(path, "is no record of a run", hint)
    return record


def _git(*words: str) -> str:
    """What git says of this checkout; nothing where there is no git or no repository."""
    try:
        command = ["git", "-C", str(ROOT), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip("\n")
    except (OSError, subprocess.CalledProcessError):
        return ""


if __name__ == "__main__":
    main()
