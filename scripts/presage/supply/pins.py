"""``make pins``: what conda solves for each environment, written beside its yaml so that others get the same bytes.

Snakemake takes ``envs/<name>.linux-64.pin.txt`` (conda's packages by URL and MD5) before the yaml, and runs
``envs/<name>.post-deploy.sh`` afterwards, which adds the environment's PyPI packages. Needs conda and its channels.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from presage.errors import UserError
from presage.supply.environments import ENVS

PLATFORM = "linux-64"


def pin(yaml: Path) -> list[Path]:
    """Solve ``yaml`` in a scratch folder and write its pins beside it; returns what was written.

    Raises :class:`UserError` when conda is not there or cannot solve it; pins that exist then stay as they were.
    """
    with tempfile.TemporaryDirectory(prefix="pins-") as scratch:
        prefix = f"{scratch}/env"
        _conda(yaml, "env", "create", "--quiet", "--file", str(yaml), "--prefix", prefix)
        explicit = _conda(yaml, "list", "--prefix", prefix, "--explicit", "--md5")
        packages = json.loads(_conda(yaml, "list", "--prefix", prefix, "--json"))
    written = [yaml.with_suffix(f".{PLATFORM}.pin.txt")]
    written[0].write_text(explicit, encoding="utf-8")
    script = yaml.with_suffix(".post-deploy.sh")
    script.unlink(missing_ok=True)
    if from_pypi := sorted(f"{one['name']}=={one['version']}" for one in packages if one["channel"] == "pypi"):
        lines = [
            "#!/usr/bin/env bash",
            "# Written by `make pins`: the packages from PyPI.",
            "set -euo pipefail",
            "python -m pip install --quiet --no-deps \\",
            *(f"  {requirement} \\" for requirement in from_pypi[:-1]),
            f"  {from_pypi[-1]}",
        ]
        script.write_text("\n".join(lines) + "\n", encoding="utf-8")
        written.append(script)
    return written


def _conda(yaml: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["conda", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise UserError("make pins", "conda is not on the PATH", "run it on a machine that has conda") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["conda said nothing"]
        raise UserError(yaml, f"conda {arguments[0]} failed: {said[-1]}", "`conda env create --file` says it all")
    return done.stdout


def main() -> None:
    """Pin every environment, or those named on the command line."""
    names = sys.argv[1:] or sorted(path.stem for path in ENVS.glob("*.yaml"))
    try:
        for name in names:
            print(*pin(ENVS / f"{name}.yaml"), sep="\n")
    except UserError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
