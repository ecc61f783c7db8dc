"""A player described for `coevo info`: its docstring, its spec, its capabilities, its options with their bounds."""

from __future__ import annotations

from dataclasses import fields
from inspect import getdoc
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from coevo.contract.capabilities import (
    BackTranslator,
    Breedable,
    Decoder,
    DecoderUser,
    DifferentiableDecoder,
    DifferentiableEncoder,
    Divisible,
    Encoder,
    Evolving,
    Growing,
    Interactive,
    LayerSource,
    Programmed,
    Reconstructor,
    Renderer,
    SelfEvaluating,
    ShaderRenderer,
    StripRenderer,
    Styled,
    Translator,
    VectorRenderer,
)
from coevo.contract.players import Artist, Critic, Options
from coevo.contract.works import CodeLayout
from coevo.errors import CoevoError
from coevo.plugin.registry import registry
from coevo.studio import Studio

CAPABILITIES: dict[str, tuple[type, ...]] = {
    "artist": (
        Encoder,
        DifferentiableEncoder,
        Decoder,
        DifferentiableDecoder,
        DecoderUser,
        LayerSource,
        Reconstructor,
        Translator,
        BackTranslator,
        Styled,
        Renderer,
        StripRenderer,
        VectorRenderer,
        ShaderRenderer,
        Programmed,
        Growing,
        Breedable,
        Evolving,
        SelfEvaluating,
        Divisible,
    ),
    "critic": (SelfEvaluating, Divisible, Interactive),
}


def describe_player(kind: Literal["artist", "critic"], name: str) -> dict[str, Any]:
    """A player as JSON values; its spec and capabilities are those that it has with default options.

    Raises:
        ConfigError: there is no such player, or it cannot be loaded.
    """
    player: type[Artist | Critic] = registry().load(kind, name)
    source = registry().source(kind, name)
    described: dict[str, Any] = {
        "name": player.name,
        "kind": kind,
        "plugin": source.plugin,
        "source": str(source),
        "about": getdoc(player) or "",
        "spec": None,
        "capabilities": None,
        "problem": "",
        "options": describe_options(kind, player.Options),
    }
    try:
        instance = player(player.Options(), Studio())
        described["spec"] = _spec(instance.spec())
        described["capabilities"] = [
            protocol.__name__ for protocol in CAPABILITIES[kind] if isinstance(instance, protocol)
        ]
    except ValidationError as error:
        missing = ", ".join(f"{kind}.{mistake['loc'][0]}" for mistake in error.errors() if mistake["loc"])
        described["problem"] = f"What it needs and gives follows from options that have no default: {missing}."
    except Exception as error:  # a plugin may raise anything; its options are described all the same
        text = str(error) if isinstance(error, CoevoError) else f"{type(error).__name__}: {error}"
        described["problem"] = f"What it needs and gives is not known with default options: {text}"
    return described


def describe_options(section: str, options: type[Options]) -> list[dict[str, Any]]:
    """The options of a section as JSON values: name, type, default, bounds and what they mean."""
    return [_option(section, key, field) for key, field in options.model_fields.items()]


def describe_dataset(name: str) -> dict[str, Any]:
    """A dataset as JSON values: where it comes from, and what its loader says of it and of its licence.

    Raises:
        ConfigError: there is no such dataset, or it cannot be loaded.
    """
    loader = registry().load("dataset", name)
    source = registry().source("dataset", name)
    about = (getdoc(loader) or "").split("\n\nReturns")[0].split("\n\nRaises")[0]
    return {"name": name, "kind": "dataset", "plugin": source.plugin, "source": str(source), "about": about}


def _spec(spec: Any) -> dict[str, Any]:
    """A spec's fields as JSON values."""
    return {part.name: _plain(getattr(spec, part.name)) for part in fields(spec)}


def _plain(value: Any) -> Any:
    if isinstance(value, CodeLayout):
        return [
            {"name": block.name, "size": block.size or None, "prior": block.prior, "role": block.role}
            for block in value  # a block of labels has no size yet: as many as the data has classes
        ]
    return list(value) if isinstance(value, tuple) else value


def _option(kind: str, key: str, field: FieldInfo) -> dict[str, Any]:
    default = "required" if field.default is PydanticUndefined else field.default
    return {
        "option": f"{kind}.{key}",
        "type": _type_name(field.annotation),
        "default": default if isinstance(default, int | float | str) else str(default),
        "bounds": ", ".join(filter(None, map(_bound, field.metadata))),
        "about": (field.description or "").replace("\n", " "),
    }


def _bound(constraint: Any) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    return ", ".join(f"{sign} {getattr(constraint, key)}" for key, sign in signs.items() if hasattr(constraint, key))


def _type_name(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " | ".join(map(str, get_args(annotation)))
    return getattr(annotation, "__name__", str(annotation)) if not get_args(annotation) else str(annotation)
