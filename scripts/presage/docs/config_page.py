"""docs/reference/config.md: every key of the configuration with type, default and meaning."""

import types
from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen, MultipleOf
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from presage.config.generate import scalar
from presage.config.root import Config, built_in
from presage.docs.markdown import code, page, table

INTRO = """
A study's YAML needs only the keys that differ from the defaults here. Keys are nested as the dots say:
`sequence.adapt.seeds` is the key `seeds` of `adapt` of `sequence`. `config/config.yaml` has the same keys as one
commented file, and `workflow/schemas/config.schema.json` as a JSON schema that editors can check against. An unknown
key stops the run and names its nearest neighbour.

The default is the one at that place of the built-in world's configuration; `required` has none. A key of a list or
mapping is written with `[]`: `sequence.adapt.runs[].rank` is the rank of one run.
"""
_WORDS = {str: "text", int: "integer", float: "number", bool: "true or false", type(None): "null"}
_LIMITS = {
    Ge: ("ge", ">="),
    Gt: ("gt", ">"),
    Le: ("le", "<="),
    Lt: ("lt", "<"),
    MultipleOf: ("multiple_of", "multiple of"),
}


def config_page() -> str:
    """The page as text."""
    whole = built_in()
    parts = []
    general = []
    for name, field in Config.model_fields.items():
        value = getattr(whole, name)
        if isinstance(value, BaseModel):
            rows = list(_rows(type(value), name, value))
            parts.append(f"## {name}\n\n{field.description}\n\n{_table(rows)}")
        else:
            general.append(_row(name, field, value))
    return page("Configuration keys", INTRO, f"## The run\n\n{_table(general)}", *parts)


def _table(rows: list[tuple[str, ...]]) -> str:
    return table(("key", "type", "default", "meaning"), rows)


def _rows(section: type[BaseModel], path: str, values: BaseModel | None) -> Iterator[tuple[str, ...]]:
    """Rows of a section; ``values`` are what its keys have by default, None where the section itself is optional."""
    for name, field in section.model_fields.items():
        value = getattr(values, name) if values is not None else field.get_default(call_default_factory=True)
        inner, many = _inner(field.annotation)
        key = f"{path}.{name}"
        if inner is None:
            yield _row(key, field, value)
        elif many:
            yield _row(key, field, value)
            yield from _rows(inner, f"{key}[]", None)
        elif isinstance(value, BaseModel):
            yield (code(key), "section", "", f"**{field.description or ''}**")
            yield from _rows(inner, key, value)
        else:  # null by default: its keys are told all the same
            yield _row(key, field, None)
            yield from _rows(inner, key, None)


def _row(key: str, field: FieldInfo, value: Any) -> tuple[str, ...]:
    shown = "required" if field.is_required() and value is not None and repr(value) == "PydanticUndefined" else None
    return (code(key), _type(field), shown or code(scalar(value)), field.description or "")


def _inner(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The section that a key holds, and whether it holds many of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    found = [
        (inner, many or get_origin(annotation) in (tuple, list, dict))
        for inner, many in map(_inner, get_args(annotation))
    ]
    return next(((inner, many) for inner, many in found if inner is not None), (None, False))


def _type(field: FieldInfo) -> str:
    """Type and limits in words."""
    limits = [
        f"{sign} {getattr(m, name)}"
        for m in field.metadata
        for kind, (name, sign) in _LIMITS.items()
        if isinstance(m, kind)
    ]
    if any(isinstance(m, MinLen) for m in field.metadata):
        limits.append("not empty")
    return ", ".join([_words(field.annotation), *limits])


def _words(annotation: Any) -> str:
    if annotation in _WORDS:
        return _WORDS[annotation]
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(code(str(value)) for value in inside)
    if origin is Annotated:
        return _words(inside[0])
    if origin in (Union, types.UnionType):
        return " or ".join(_words(one) for one in inside)
    if origin in (tuple, list):
        each = [one for one in inside if one is not Ellipsis]
        fixed = origin is tuple and Ellipsis not in inside
        return f"[{', '.join(map(_words, each))}]" if fixed and len(each) > 1 else f"list of {_words(each[0])}"
    if origin is dict:
        return f"mapping of {_words(inside[0])} to {_words(inside[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " or ".join(code(str(one.value)) for one in annotation)
    return str(getattr(annotation, "__name__", annotation))
