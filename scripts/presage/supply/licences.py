"""``make licences``: docs/licences.md, the licence of every locked package as its own metadata states it.

What is allowed without a look is a short list; everything else is named by hand with the reason why it may stay.
"""

import re
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from typing import NamedTuple

from packaging.requirements import Requirement

from presage.supply.environments import ROOT, canonical, locked

PAGE = ROOT / "docs" / "licences.md"

ALLOWED = {
    "0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "CNRI-Python", "ISC",
    "LLVM-exception", "MIT", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Unlicense", "Zlib",
}  # fmt: skip
"""Go with Apache-2.0 whatever is done with the package. MPL-2.0 binds only who changes its files."""

SPDX = {
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 3-Clause License": "BSD-3-Clause",
    "BSD License": "BSD",
    "FreeBSD": "BSD-2-Clause",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "NVIDIA Proprietary Software": "NVIDIA",
    "Other/Proprietary License": "NVIDIA",
    "LicenseRef-NVIDIA-Proprietary": "NVIDIA",
    "Python Software Foundation License": "PSF-2.0",
    "Simplified BSD": "BSD-2-Clause",
}
"""Short names of what metadata says in words. Only NVIDIA's packages say proprietary."""

SILENT = {
    "borzoi-pytorch": "Apache-2.0",
    "colorama": "BSD-3-Clause",
    "conda-inject": "MIT",
    "cuda-toolkit": "NVIDIA",
    "pyreadline3": "BSD-3-Clause",
    **{f"snakemake-interface-{kind}": "MIT" for kind in
       ("common", "logger-plugins", "report-plugins", "scheduler-plugins", "storage-plugins")},
    "snakemake-logger-plugin-rich": "MIT",
}  # fmt: skip
"""Packages whose metadata does not say; read from their licence file or repository. Two are for Windows alone."""

LOOKED_AT = {
    "deeplabcut": "LGPL-3.0: called as a library, in the pose environment alone; none of its code is copied",
    "dlclibrary": "LGPL-3.0: a part of DeepLabCut, as above",
    "docutils": "public domain, with parts under BSD, PSF and (one Emacs file, not imported) GPL; Snakemake's --report",
    "NVIDIA": "CUDA libraries, which PyTorch's GPU build loads: proprietary, free to use and to pass on with it",
}
"""Why a package, or all packages under a licence, may stay though the licence is not in :data:`ALLOWED`."""


HEAD = """\
# Licences of all dependencies

presage itself is Apache-2.0. Below is what each package of `requirements.lock` states about itself, written by
`make licences`; a test compares. *run*: needed to run presage; *develop*: only to test or lint it. Nothing under GPL,
AGPL or a non-commercial licence is imported. Enformer's published weights are read in an environment of their own, with
packages that are not in the lock: enformer-pytorch (MIT) and what it requires.
"""


class Package(NamedTuple):
    """A locked package: ``licence`` in SPDX terms, ``use`` = run (at run time) or develop."""

    name: str
    version: str
    licence: str
    use: str


def packages() -> list[Package]:
    """Every package of the lock, those that this platform does not install too."""
    running = closure(_project()["dependencies"])
    return [
        Package(name, pin.split(" ;")[0], licence(name), "run" if name in running else "develop")
        for name, pin in sorted(locked().items())
    ]


def licence(name: str) -> str:
    """What a package's metadata states: its expression, else its classifiers, else its text, in SPDX terms."""
    if name in SILENT:
        return SILENT[name]
    said = metadata(name)
    if "License-Expression" in said:
        stated = [said["License-Expression"]]
    else:
        classifiers = [line.split(" :: ")[-1] for line in said.get_all("Classifier", []) if line.startswith("License")]
        stated = [line for line in classifiers if line != "OSI Approved"]
        text = said["License"].strip() if "License" in said else ""
        stated = stated or [text.splitlines()[0] if text else "unknown"]
    return " AND ".join(dict.fromkeys(SPDX.get(one, one) for one in stated))


def why_allowed(package: Package) -> str | None:
    """Empty where the licence is on the list, the reason where somebody looked at it, None where it may not stay."""
    if all(part in ALLOWED for part in re.split(r" AND | OR | WITH |[()]", package.licence) if part):
        return ""
    return LOOKED_AT.get(package.name) or LOOKED_AT.get(package.licence)


def closure(requirements: Iterable[str]) -> set[str]:
    """Canonical names of what ``requirements`` install here, with all that those require."""
    todo, seen = [Requirement(line) for line in requirements], set()
    while todo:
        one = todo.pop()
        extras = one.extras or {""}
        key = (canonical(one.name), *sorted(extras))
        if key in seen or (one.marker and not any(one.marker.evaluate({"extra": extra}) for extra in extras)):
            continue
        seen.add(key)
        try:
            version(one.name)
        except PackageNotFoundError:
            continue
        for line in requires(one.name) or ():
            needed = Requirement(line)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                needed.marker = None
                todo.append(needed)
    return {key[0] for key in seen}


def page() -> str:
    """docs/licences.md."""
    rows = packages()
    lines = [
        HEAD,
        "Looked at by hand:",
        *(f"* **{name}**: {why}" for name, why in LOOKED_AT.items()),
        "",
        "| package | version | licence | use |",
        "| --- | --- | --- | --- |",
        *(f"| {one.name} | {one.version} | {one.licence} | {one.use} |" for one in rows),
    ]
    return "\n".join(lines) + "\n"


def _project() -> dict[str, list[str]]:
    found: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return found


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
