"""The base of every configuration section: unknown keys are refused, every key carries a description."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A block of the configuration. Subclasses give each key ``Field(default, description=...)``."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, use_attribute_docstrings=False)
