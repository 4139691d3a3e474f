"""From what Snakemake was given to a checked :class:`~presage.config.root.Config`, with errors that name the key."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from presage import plugins
from presage.config.root import Config
from presage.errors import UserError


def load(given: Mapping[str, Any], demo: Path) -> Config:
    """Check ``given`` (Snakemake's config). Without a branch in it, the built-in world of ``demo`` is what runs.

    Its plugins are those of this process from now on.

    Raises :class:`UserError` naming the key, what is wrong, and for an unknown key the closest one that is known there,
    and where else there is one of its name.
    """
    merged = dict(given)
    if not {"sequence", "homecage"} & set(merged):
        merged = {**yaml.safe_load(demo.read_text(encoding="utf-8")), **merged}
    named = merged.get("plugins")
    plugins.use(named if isinstance(named, list) else ())
    try:
        return Config.model_validate(merged)
    except ValidationError as error:
        raise _explain(error) from None


def _explain(error: ValidationError) -> UserError:
    """The first problem of a pydantic error, in a user's words."""
    first = error.errors()[0]
    # In brackets: which of several forms was meant.
    *parts, last = first["loc"] or ("",)
    path = [str(part) for part in parts if not str(part).startswith("(")]
    path += [str(last)] if first["type"] == "extra_forbidden" or not str(last).startswith("(") else []
    where = ".".join(path) or "top level"
    if first["type"] == "extra_forbidden":
        *parents, key = path
        meant = [repr(near) for near in difflib.get_close_matches(key, known_keys(parents), n=1, cutoff=0.6)]
        meant += sorted(_places(key, Config), key=lambda place: place.count("."))[:3]
        hint = f"did you mean {' or '.join(meant)}?" if meant else "config/config.yaml lists every key"
        return UserError(f"config key {where}", "is not known", hint)
    message = first["msg"].removeprefix("Value error, ")
    value = first.get("input")
    shown = "" if isinstance(value, dict) else f" (got {value!r})"
    return UserError(
        f"config key {where}", f"{message[:1].lower()}{message[1:]}{shown}", "config/config.yaml explains it"
    )


def known_keys(parents: Iterable[str]) -> list[str]:
    """Keys of the section that ``parents`` lead to; empty where they lead nowhere."""
    model: type[BaseModel] | None = Config
    for name in parents:
        if model is None:
            return []
        field = model.model_fields.get(name)
        model = _section_of(field.annotation) if field else model
    return list(model.model_fields) if model else []


def _places(key: str, model: type[BaseModel], above: str = "") -> Iterator[str]:
    """Every place of a key of that name, in full: people leave out or mistake the section that it belongs to."""
    for name, field in model.model_fields.items():
        full = f"{above}.{name}" if above else name
        if name == key:
            yield full if above else f"{full} at the top level"
        annotation = field.annotation
        if inner := _section_of(annotation):
            # A section for each name that the user gives, as of variant sets.
            own = dict in [get_origin(part) for part in (annotation, *get_args(annotation))]
            yield from _places(key, inner, f"{full}.<name>" if own else full)


def _section_of(annotation: Any) -> type[BaseModel] | None:
    """The section class inside an annotation such as ``Section | None`` or ``list[Section]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((s for s in map(_section_of, get_args(annotation)) if s), None)
