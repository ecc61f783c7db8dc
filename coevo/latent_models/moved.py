"""Options of older versions whose change is more than a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import model_validator

from coevo.contract.players import Options
from coevo.errors import ConfigError


class MovedOptions(Options):
    """Options that answer an old name with a sentence that says where it has gone."""

    moved: ClassVar[Mapping[str, str]] = {}
    """Old names of options and the sentences."""

    @model_validator(mode="before")
    @classmethod
    def _answer_moved(cls, values: Any) -> Any:
        known = {*cls.model_fields, *cls.renamed}
        if sentences := [cls.moved[name] for name in values if name in cls.moved and name not in known]:
            raise ConfigError(sentences)
        return values
