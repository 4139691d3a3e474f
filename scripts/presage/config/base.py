"""The base of every configuration section: unknown keys are refused, every key carries a description."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import core_schema

from presage import plugins


@dataclass(frozen=True)
class Known:
    """Of a key that names something: what presage has under that name, or what a plugin of that kind provides."""

    kind: str
    built_in: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        check = plugins.one_of(self.kind, *self.built_in)
        return core_schema.no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        named = {"type": "string", "description": f"a {self.kind} of a plugin"}
        return {"anyOf": [{"enum": list(self.built_in)}, named]}


class Section(BaseModel):
    """A block of the configuration. Subclasses give each key ``Field(default, description=...)``.

    A block that is given in part keeps, for the rest, the defaults that ``config/config.yaml`` shows at that place,
    which may differ from those of its class: adapters are fitted with smaller batches than a trunk.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, use_attribute_docstrings=False)

    @model_validator(mode="before")
    @classmethod
    def _over_shown_defaults(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        shown = {
            name: field.default.model_dump(exclude_defaults=True)
            for name, field in cls.model_fields.items()
            if isinstance(field.default, Section) and isinstance(values.get(name), dict)
        }
        return {**values, **{name: {**default, **values[name]} for name, default in shown.items()}}
