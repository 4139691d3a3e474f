"""What the conda environments ask for and what the lock pins, by PyPI names.

Standard library only, for the stand-in conda of the tests reads it too.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ENVS = ROOT / "envs"
LOCK = ROOT / "requirements.lock"

PYPI = {"matplotlib-base": "matplotlib", "pytables": "tables", "pytorch-gpu": "torch"}
"""Names on PyPI of what conda calls otherwise."""

DISTRIBUTION = {
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "cycler": "matplotlib",  # a part of it in all but name
    "pyBigWig": "pybigwig",
    "pydantic_core": "pydantic",  # comes with it, in the one version that fits
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Packages whose import name is another."""


def asked(text: str) -> dict[str, str]:
    """Version by PyPI name in the ``text`` of an environment: its lines ``- name=version`` and ``- name==version``."""
    named: dict[str, str] = dict(re.findall(r"^ +- ([\w.-]+)==?([\w.]+)$", text, re.M))
    named.pop("python", None)
    return {canonical(PYPI.get(name, name)): version for name, version in named.items()}


def locked(text: str | None = None) -> dict[str, str]:
    """Version by PyPI name in the lock, with its marker (``1.2 ; sys_platform == 'linux'``) where it has one."""
    found = re.findall(r"^([a-z0-9._-]+)==([^\\\n]+)", LOCK.read_text("utf-8") if text is None else text, re.M)
    return {canonical(name): pin.strip() for name, pin in found}


def distribution(module: str) -> str:
    """Canonical PyPI name of the package that ``import module`` needs."""
    top = module.split(".")[0]
    return canonical(DISTRIBUTION.get(top, top))


def canonical(name: str) -> str:
    """PyPI's own spelling of a name."""
    return re.sub(r"[-_.]+", "-", name).lower()
