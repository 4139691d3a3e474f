"""Which body parts a pose will have, and whether those that the settings name are among them.

Asked before any job as well as within them, so nothing heavy is imported.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from presage.config.distress import Features
from presage.config.pose import Filters
from presage.errors import UserError, damaged

MODEL_FILES = ("card.json", "snapshot.pt", "pytorch_config.yaml")


def named(features: Features | None = None, filters: Filters | None = None) -> dict[str, list[str]]:
    """Body parts by the configuration key that names them."""
    found = {}
    if features is not None:
        found["homecage.features.length_parts"] = list(features.length_parts)
    if filters is not None:
        found["homecage.pose.filters.limbs"] = [part for limb in filters.limbs for part in limb]
    return found


def check(bodyparts: Sequence[str], wanted: Mapping[str, Sequence[str]], source: str = "the pose") -> None:
    """Raise :class:`UserError` when ``source`` (whose ``bodyparts`` may be none) lacks one that a key names."""
    for key, parts in wanted.items():
        missing = [part for part in dict.fromkeys(parts) if part not in bodyparts]
        if bodyparts and missing:
            raise UserError(
                f"config key {key}",
                f"names {', '.join(missing)}, which {source} lacks",
                f"choose from {', '.join(bodyparts)}",
            )


def of_table(path: str | Path) -> list[str]:
    """Body parts in the header of DeepLabCut's CSV table; none where it is another file, which its own job tells."""
    try:
        with Path(path).open(encoding="utf-8", newline="") as table:
            for row in islice(csv.reader(table), 4):  # scorer, individuals, bodyparts, coords
                if row and row[0] == "bodyparts":
                    return list(dict.fromkeys(row[1:]))
    except (OSError, ValueError, csv.Error):
        pass
    return []


def project_config(project: str | Path) -> dict[str, Any]:
    """``config.yaml`` of a single-animal DeepLabCut project, which lists ``bodyparts``.

    Raises :class:`UserError` when it is missing, no YAML, of a multi-animal project, or lists none.
    """
    project = Path(project)
    file = project / "config.yaml"
    try:
        config = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(file, "does not exist", "name the folder of a DeepLabCut project") from None
    except (OSError, ValueError, yaml.YAMLError):  # a date that is none is a ValueError
        raise UserError(file, "is no YAML text", "restore the project's config.yaml") from None
    if isinstance(config, dict) and config.get("multianimalproject"):
        raise UserError(project, "is a multi-animal project", "train it in DeepLabCut and bring its pose files")
    if not isinstance(config, dict) or not isinstance(config.get("bodyparts"), list):
        raise UserError(file, "lists no bodyparts", "restore the project's config.yaml")
    return config


def model_card(folder: str | Path) -> dict[str, Any]:
    """``card.json`` of a model folder that training wrote. Raises :class:`UserError` where one of its files is not."""
    for name in MODEL_FILES:
        if not (Path(folder) / name).exists():
            raise UserError(Path(folder) / name, "does not exist", "name a model folder that train wrote")
    with damaged(Path(folder) / "card.json", "name a model folder that train wrote"):
        return dict(json.loads((Path(folder) / "card.json").read_text(encoding="utf-8")))
