"""Write ``config/config.yaml`` (every key, its default, a comment) and the JSON schema from the sections.

Run ``python -m presage.config.generate`` with ``scripts`` on the path (``make config``); a test fails
while they differ.
"""

import json
import textwrap
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from presage.config.root import Config, built_in

ROOT = Path(__file__).resolve().parents[3]
CONFIG_YAML = ROOT / "config" / "config.yaml"
SCHEMA_JSON = ROOT / "workflow" / "schemas" / "config.schema.json"

HEADER = """\
# Every key of presage with its default. Generated from scripts/presage/config (`make config`): do not edit.
# A study needs only the keys that differ; leave out `sequence` or `homecage` to run the other branch alone.
# Paths are relative to the working directory; `registry:NAME` is a file of resources/registry.tsv.
"""


def config_yaml() -> str:
    """The built-in world's full configuration as commented YAML."""
    return HEADER + "".join(_section(built_in(), 0))


def schema_json() -> str:
    """The JSON schema of a study's YAML."""
    return json.dumps(Config.model_json_schema(), indent=1, sort_keys=True) + "\n"


def _section(section: BaseModel, depth: int) -> list[str]:
    pad, lines = "  " * depth, []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if not depth:
            lines.append("\n")
        comment = field.description or (type(value).__doc__ or "").split("\n")[0]
        lines += [f"{pad}# {part}\n" for part in textwrap.wrap(comment, 118 - len(pad))]
        if isinstance(value, BaseModel):
            lines.append(f"{pad}{name}:\n")
            lines += _section(value, depth + 1)
        else:
            lines.append(f"{pad}{name}: {scalar(value)}\n")
    return lines


def scalar(value: Any) -> str:
    """A leaf in YAML's flow style, on one line."""
    plain = json.loads(json.dumps(value, default=_plain))
    return (
        yaml.safe_dump(plain, default_flow_style=True, width=10**6, sort_keys=False)
        .removesuffix("\n")
        .removesuffix("\n...")
    )


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json", exclude_defaults=True) if isinstance(value, BaseModel) else str(value)


def main() -> None:
    """Write both files."""
    CONFIG_YAML.write_text(config_yaml(), encoding="utf-8")
    SCHEMA_JSON.parent.mkdir(parents=True, exist_ok=True)
    SCHEMA_JSON.write_text(schema_json(), encoding="utf-8")


if __name__ == "__main__":
    main()
