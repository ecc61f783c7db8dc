"""From TOML files and `-o section.key=value` to typed options; every mistake is reported at once."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar, Literal

import tomli_w
from pydantic import BaseModel, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo

from coevo.coevolution.frozen import FrozenCritic
from coevo.contract.players import Artist, Critic, Options, Player
from coevo.data.datasets import DataOptions
from coevo.data.fingerprint import Fingerprint
from coevo.errors import CoevoError, ConfigError, unknown
from coevo.evolution.latent_population import LatentPopulation
from coevo.loop import Phase, checks
from coevo.plugin.faults import FAULTS, said_by
from coevo.plugin.own import ROLES, Role
from coevo.plugin.registry import Registry
from coevo.plugin.source import Source
from coevo.storage.run_folder import FORMAT
from coevo.studio import Studio
from coevo.version import CONTRACT_VERSION, __version__

Tree = dict[str, Any]


class RunOptions(Options):
    """Options of playing, saving and showing a run."""

    seed: int = Field(0, ge=0, lt=2**63)
    """Everything random follows from it."""
    rounds: int | None = Field(None, ge=1)
    """Stop after this many rounds."""
    minutes: float | None = Field(None, gt=0)
    """Stop after this many minutes."""
    batch: int = Field(64, ge=2, le=65536)
    """Works and real works in a step; by default as many as the critic prefers."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """The device for networks; auto takes the fastest of the machine."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """auto is bf16 if the device computes it in hardware and it saves time, else fp32. On a processor that is measured
    once for each network and kept in the cache; a run keeps what it began with."""
    compile: bool = False
    """Compile networks with torch.compile."""
    deterministic: bool = False
    """Use deterministic kernels only: bit for bit on CUDA too."""
    threads: int | None = Field(None, ge=1, le=1024)
    """Threads that compute networks on the CPU and draw programs; by default one a core. Say 1 for runs beside each
    other. Networks of another number differ in their last digits, so a run keeps it."""
    sync_batch_norm: bool = True
    """With --processes: normalise by the statistics of whole batches; false takes those of each process's part, which
    is sooner done."""
    resample: bool = False
    """Draw new works and real works for the artist's first step of a round (Goodfellow 2014, algorithm 1)."""
    log_every: int = Field(10, ge=1)
    """Rounds between two rows of metrics.jsonl."""
    sheet_every: int = Field(100, ge=1)
    """Rounds between two contact sheets in sheets/."""
    save_every: int = Field(100, ge=1)
    """Rounds between two checkpoints."""
    keep_checkpoints: int = Field(2, ge=1)
    """The number of checkpoints that are kept."""
    ancestral_opponents: bool = True
    """Keep critics and works of past rounds, ever more rarely, and let today's players meet them (coevo show)."""
    accepted: int = Field(4, ge=0, le=65536)
    """The best works of a round that fool the critic go to accepted.jsonl with their genomes: at most this many."""
    best: str | None = None
    """Keep the best checkpoint too: min:METRIC or max:METRIC of metrics.jsonl, such as min:artist.loss."""
    start: str | None = None
    """A run or a picture to start from (--from)."""
    critic_from: str | None = None
    """A run whose critic judges, and learns no more (--critic-from)."""
    agents: int = Field(1, ge=1, le=1024)
    """Pairs in a society, each with an artist and a critic of its own."""
    exchange: int | None = Field(None, ge=0, le=65536)
    """Works that each agent of a society shows to another in a round; 1 by default."""
    trackers: tuple[str, ...] = ()
    """Show the run in other tools too (--track): tensorboard, wandb, mlflow, trackio, or one of a plugin."""

    renamed: ClassVar[Mapping[str, str]] = {
        "fresh": "resample",
        "keep": "keep_checkpoints",
        "past": "ancestral_opponents",
        "accepts": "accepted",
        "tensorboard": "trackers",
    }

    @field_validator("trackers", mode="before")
    @classmethod
    def _names(cls, names: Any) -> Any:
        return tuple(filter(None, map(str.strip, names.split(",")))) if isinstance(names, str) else names

    @field_validator("best")
    @classmethod
    def _way_and_metric(cls, text: str | None) -> str | None:
        if text is not None and not text.startswith(("min:", "max:")):
            raise ValueError("should be min:METRIC or max:METRIC, such as min:artist.loss")
        return text


class PhaseOptions(Options):
    """One side's part of a round."""

    steps: int = Field(1, ge=1)
    """Steps of the phase; the most if a goal is given."""
    goal: float | None = Field(None, ge=0, le=1)
    """Share of works that fool the critic: the artist's phase ends above it, the critic's below it."""


class CriticPhaseOptions(PhaseOptions):
    """The critic's part of a round."""

    rounds: int | None = Field(None, ge=1)
    """The number of rounds in which it learns, the first ones, to stay as it is then; by default all."""


class ArtistPhaseOptions(PhaseOptions):
    """The artist's part of a round."""

    restart: bool = False
    """The artist starts anew each round (Machado 2008)."""


class Made(Options):
    """The versions that made a run, and what it found; written to config.toml, not chosen."""

    format: int = FORMAT
    coevo: str = __version__
    contract: int = CONTRACT_VERSION
    classes: tuple[str, ...] | None = None
    planes: tuple[str, ...] | None = None
    data: Fingerprint | None = None
    attribution: str | None = None
    threads: int | None = Field(None, ge=1, le=1024)
    artist: Source | None = None
    critic: Source | None = None


@dataclass(frozen=True)
class Config:
    """A run's resolved configuration: every option there is, typed, defaults filled in."""

    run: RunOptions
    data: DataOptions
    artist_class: type[Artist]
    artist: Options
    critic_class: type[Critic]
    critic: Options
    critic_phase: CriticPhaseOptions
    artist_phase: ArtistPhaseOptions
    latent_population: LatentPopulation.Options
    frozen: FrozenCritic.Options
    classes: tuple[str, ...] | None = None
    """Names of the labels of its data; None if the data was not read yet."""
    planes: tuple[str, ...] | None = None
    """Names of the planes of what works are made from; None if nothing is given, or the data was not read yet."""
    fingerprint: Fingerprint | None = None
    """What its data was when it started; None if it uses none, or an older version made it."""
    attribution: str | None = None
    """Who made its data and under what licence; None if its works need not name them"""
    threads: int | None = None
    """The number of threads that it started with; None if it did not start, or an older version made it."""
    sources: Mapping[str, Source] = field(default_factory=dict)
    """Where the class of the artist and that of the critic come from now."""
    made_with: Mapping[str, Source] = field(default_factory=dict, compare=False)
    """The same when the run started; empty if it did not start, or if an older version made it."""
    given: frozenset[str] = field(default=frozenset(), compare=False)
    """The options that the user chose for a new run, such as "artist.latent": each of them must have an effect."""

    def phases(self, critic_learns: bool) -> tuple[Phase, ...]:
        """The phases of a round; a critic that never learns has none."""
        artist = Phase("artist", **self.artist_phase.model_dump())
        return (Phase("critic", **self.critic_phase.model_dump()), artist) if critic_learns else (artist,)

    def tree(self) -> Tree:
        """The same as nested dicts, as written to config.toml."""
        classes = {**self.sources, **self.made_with}
        made = Made(
            classes=self.classes,
            planes=self.planes,
            data=self.fingerprint,
            attribution=self.attribution,
            threads=self.threads,
            **classes,
        )
        return {
            "run": self.run.model_dump(exclude_none=True),
            "data": self.data.model_dump(exclude_none=True),
            "artist": {"name": self.artist_class.name, **self.artist.model_dump(exclude_none=True)},
            "critic": {"name": self.critic_class.name, **self.critic.model_dump(exclude_none=True)},
            "phases": {
                "critic": self.critic_phase.model_dump(exclude_none=True),
                "artist": self.artist_phase.model_dump(exclude_none=True),
            },
            "latent_population": self.latent_population.model_dump(exclude_none=True),
            "frozen": self.frozen.model_dump(exclude_none=True),
            "made": made.model_dump(exclude_none=True),
        }

    def toml(self) -> str:
        return tomli_w.dumps(self.tree())

    def changed(self, **changes: Any) -> Config:
        """The same with other options of [run]. Raises ConfigError with a line for every mistake."""
        mistakes: list[str] = []
        run = validated(RunOptions, "run", {**self.run.model_dump(), **changes}, mistakes)
        if mistakes:
            raise ConfigError(mistakes)
        return replace(self, run=run)


SECTIONS = ("run", "data", "artist", "critic", "phases", "latent_population", "frozen")
RENAMED_SECTIONS = {"breeder": "latent_population"}


def resolve(tree: Mapping[str, Any], registry: Registry, given: frozenset[str] = frozenset()) -> Config:
    """Typed options out of a tree of sections. Raises ConfigError with a line for every mistake."""
    mistakes: list[str] = []
    for name in tree:
        if name in RENAMED_SECTIONS:
            mistakes.append(f"Section {name} is now called {RENAMED_SECTIONS[name]}.")
        elif name not in (*SECTIONS, "recipe", "made"):
            mistakes.append(unknown("section", name, SECTIONS))
    sections = {name: tree.get(name, {}) for name in SECTIONS}
    for name, section in sections.items():
        if not isinstance(section, Mapping):
            raise ConfigError(f"{name} should be a table of options, not {section!r}.")
    run = validated(RunOptions, "run", sections["run"], mistakes)
    data = validated(DataOptions, "data", sections["data"], mistakes)
    artist_class, artist = _player("artist", sections["artist"], registry, mistakes)
    critic_class, critic = _player("critic", sections["critic"], registry, mistakes)
    phases = dict(sections["phases"])
    critic_phase = validated(CriticPhaseOptions, "phases.critic", phases.pop("critic", {}), mistakes)
    artist_phase = validated(ArtistPhaseOptions, "phases.artist", phases.pop("artist", {}), mistakes)
    bred = validated(LatentPopulation.Options, "latent_population", sections["latent_population"], mistakes)
    frozen = validated(FrozenCritic.Options, "frozen", sections["frozen"], mistakes)
    made = validated(Made, "made", tree.get("made", {}), mistakes)
    mistakes += [unknown("phase", name, ("critic", "artist")) for name in phases]
    if mistakes:
        raise ConfigError(mistakes)
    spec: Any = checks.specified(critic_class(critic, Studio()))
    if "batch" not in run.model_fields_set:
        run = run.model_copy(update={"batch": spec.batch})
    if spec.pretraining:
        once = {"steps": spec.pretraining, "rounds": 1}
        chosen = critic_phase.model_fields_set
        critic_phase = critic_phase.model_copy(update={key: n for key, n in once.items() if key not in chosen})
    return Config(
        run=run,
        data=data,
        artist_class=artist_class,
        artist=artist,
        critic_class=critic_class,
        critic=critic,
        critic_phase=critic_phase,
        artist_phase=artist_phase,
        latent_population=bred,
        frozen=frozen,
        classes=made.classes,
        planes=made.planes,
        fingerprint=made.data,
        attribution=made.attribution,
        threads=made.threads,
        sources={role: registry.source(role, str(sections[role]["name"])) for role in ROLES},
        made_with={role: source for role in ROLES if (source := getattr(made, role))},
        given=given,
    )


def option_fields(tree: Mapping[str, Any], registry: Registry) -> Iterator[tuple[str, FieldInfo]]:
    """All options that a run of these sections has: their names, such as critic.width, and what they are."""
    models: dict[str, type[BaseModel]] = {
        "run": RunOptions, "data": DataOptions, "phases.critic": CriticPhaseOptions,
        "phases.artist": ArtistPhaseOptions, "latent_population": LatentPopulation.Options,
        "frozen": FrozenCritic.Options,
    }  # fmt: skip
    for role in ROLES:
        if name := tree.get(role, {}).get("name"):
            models[role] = registry.load(role, str(name)).Options
    for section, model in models.items():
        yield from ((f"{section}.{name}", field) for name, field in model.model_fields.items())


def _player(kind: Role, section: Mapping[str, Any], registry: Registry, mistakes: list[str]) -> tuple[Any, Any]:
    options = dict(section)
    name = options.pop("name", None)
    if name is None:
        mistakes.append(f"No {kind} is named; say --{kind} with one of: {', '.join(registry.offers(kind))}.")
        return None, None
    try:
        player: type[Player] = registry.load(kind, str(name))
    except ConfigError as error:
        mistakes += error.mistakes
        return None, None
    return player, validated(player.Options, kind, options, mistakes)


def validated(model: type[BaseModel], section: str, values: Mapping[str, Any], mistakes: list[str]) -> Any:
    """The options of a section, checked. Of wrong ones it is None, and `mistakes` gets a sentence for each."""
    if not isinstance(values, Mapping):
        mistakes.append(f"{section} should be a table of options, not {values!r}.")
        return None
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        renamed: Mapping[str, str] = getattr(model, "renamed", {})
        for problem in error.errors():
            name = ".".join(map(str, problem["loc"]))
            where = f"{section}.{name}"
            if name in renamed:
                mistakes.append(f"Option {where} is now called {section}.{renamed[name]}.")
            elif problem["type"] == "extra_forbidden":
                mistakes.append(unknown("option", where, (f"{section}.{key}" for key in model.model_fields)))
            elif problem["type"] == "missing":
                mistakes.append(f"{where} has no default; give it by -o {where}=VALUE.")
            else:
                mistakes.append(f"{where} {expected(problem)}, but got {problem['input']!r}.")
    except CoevoError as error:  # a validator that says more than pydantic can
        mistakes += [f"{section}: {line}" for line in str(error).splitlines()]
    return None


BOUNDS = {"greater_than_equal": "at least", "greater_than": "more than", "less_than_equal": "at most",
          "less_than": "less than"}  # fmt: skip
TYPES = {"int": "a whole number", "float": "a number", "bool": "true or false", "string": "text", "tuple": "a list"}


def expected(problem: Mapping[str, Any]) -> str:
    """What a value should be, by pydantic's report of it: "should be at least 1"."""
    kind, context = problem["type"], problem.get("ctx", {})
    if kind in BOUNDS:
        (bound,) = context.values()
        return f"should be {BOUNDS[kind]} {bound}"
    if kind == "literal_error":
        return f"should be {context['expected'].replace(chr(39), '')}"
    if (name := kind.split("_")[0]) in TYPES:
        return f"should be {TYPES[name]}"
    message: str = problem["msg"].removeprefix("Value error, ")
    return message[0].lower() + message[1:]


def parse_assignment(text: str) -> Tree:
    """`artist.latent=64` as a tree; the value is read as TOML where it is TOML, else as text."""
    path, equals, value = text.partition("=")
    keys = path.strip().split(".")
    if not equals or len(keys) < 2 or not all(keys):
        raise ConfigError(f"-o expects SECTION.OPTION=VALUE, such as artist.latent=64; got {text!r}.")
    try:
        leaf: Any = tomllib.loads(f"value = {value}")["value"]
    except (ValueError, KeyError, RecursionError):
        leaf = value.strip()
    for key in reversed(keys):
        leaf = {key: leaf}
    return leaf


def merge(*trees: Mapping[str, Any]) -> Tree:
    """Nested dicts laid over each other, later ones on top. A player of another name takes no options
    from the layers below it."""
    merged: Tree = {}
    for tree in trees:
        for key, value in tree.items():
            below = merged.get(key)
            if isinstance(value, Mapping) and isinstance(below, dict):
                if key != "data" and "name" in value and "name" in below and not is_same(value["name"], below["name"]):
                    below = {}
                merged[key] = merge(below, value)
            else:
                merged[key] = merge(value) if isinstance(value, Mapping) else value
    return merged


def is_same(one: Any, other: Any) -> bool:
    """Whether two names are of one player: "dcgan" is "gan:dcgan", and "sky:cloud" is not "sea:cloud"."""
    (owner, _, its), (others_owner, _, others) = (str(name).rpartition(":") for name in (one, other))
    return its == others and (owner == others_owner or not owner or not others_owner)


def leaves(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The values of nested dicts by their dotted names: {"artist.latent": 64}."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        inner = leaves(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
        flat |= inner
    return flat


FLAGS = {"data.name": "--data", "data.dir": "--data-dir", "run.start": "--from", "run.critic_from": "--critic-from"} | {
    f"data.{key}": f"--{key}" for key in ("size", "channels")
} | {f"run.{key}": f"--{key}" for key in ("batch", "agents", "device", "precision", "compile", "threads")}  # fmt: skip


def typed(name: str, value: Any = None) -> str:
    """An option as it is typed in the command line, with a value if one is given."""
    flag = FLAGS.get(name)
    if value is None:
        return flag or name
    said = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return f"{flag} {said}" if flag else f"-o {name}={said}"


def read_toml(path: Path) -> Tree:
    """A TOML file as a tree. Raises ConfigError if it is missing or not TOML."""
    try:
        return parse_toml(path.read_text("utf-8"), path)
    except OSError as error:
        raise ConfigError(f"Cannot read the config {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: it is not text in UTF-8.") from error


def parse_toml(text: str, path: Path) -> Tree:
    """The content of a TOML file as a tree. Raises ConfigError, which names the file, if it is not TOML."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers too long to read, and brackets too deep
        raise ConfigError(f"{path} is not valid TOML: {error}.") from error


def read_recipe(name: str, registry: Registry) -> Tree:
    """A recipe's TOML as a tree, its [recipe] table included. A player that its own plugin offers is that plugin's.

    Raises:
        ConfigError: there is no such recipe, or it cannot be read.
    """
    package, _, file = registry.find("recipe", name).path.partition(":")
    owner = registry.owner("recipe", name)
    try:
        tree = tomllib.loads(files(package).joinpath(file).read_text("utf-8"))
    except FAULTS as error:
        raise ConfigError(f"Recipe {name!r} of plugin {owner!r} cannot be read: {said_by(error)}") from error
    for role in ROLES:
        section: Any = tree.get(role)
        player = section.get("name") if isinstance(section, dict) else None
        if isinstance(player, str) and registry.problem(role, player) and registry.has(role, f"{owner}:{player}"):
            section["name"] = f"{owner}:{player}"
    return tree


def recipe_picture(name: str, registry: Registry) -> bytes | None:
    """The picture of a recipe: the .webp beside its file, if there is one.

    Raises:
        ConfigError: there is no such recipe.
    """
    package, _, file = registry.find("recipe", name).path.partition(":")
    try:
        return files(package).joinpath(f"{file.removesuffix('.toml')}.webp").read_bytes()
    except FAULTS:
        return None


def assignments(texts: Sequence[str]) -> Tree:
    """All -o options as one tree; every one that cannot be read is a line of the ConfigError."""
    trees, mistakes = [], []
    for text in texts:
        try:
            trees.append(parse_assignment(text))
        except ConfigError as error:
            mistakes += error.mistakes
    if mistakes:
        raise ConfigError(mistakes)
    return merge(*trees)
