"""The documentation is true: names, options, commands, links, code and figures are those of the project."""

from __future__ import annotations

import importlib
import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import fields
from math import prod
from pathlib import Path
from typing import Any

import click
import pytest

import coevo
from coevo.cli import main
from coevo.contract import capabilities
from coevo.contract.players import Artist, ArtistSpec, Critic, CriticSpec, Player
from coevo.contract.works import CodeBlock, CodeLayout, Works
from coevo.data.datasets import DataOptions
from coevo.plugin import hookspecs
from coevo.plugin.registry import registry
from coevo.runs.config import RunOptions, assignments, merge, read_recipe, resolve
from coevo.studio import Studio

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG", "benchmarks/README")]
PAGES += sorted(page for page in (ROOT / "docs").rglob("*.md") if not {"generated", "_build"} & set(page.parts))
LAYOUT = (ROOT / "docs" / "explanation" / "layout.md").read_text()
CONTRACT = (ROOT / "docs" / "reference" / "plugins.md").read_text()
METRICS = (ROOT / "docs" / "reference" / "metrics.md").read_text()
EXAMPLE = ROOT / "docs" / "example-plugin" / "coevo_sunrise"
HOOKS = [name for name in vars(hookspecs) if name.startswith("coevo_")]
KINDS: list[Any] = ["artist", "critic"]


def title(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a page in a language."""
    return [code for name, code in re.findall(r"^```(\w*)\n(.*?)^```", text, re.M | re.S) if name == language]


def players(kind: Any) -> dict[str, type[Player]]:
    return {name: registry().load(kind, name) for name in registry().offers(kind)}


# links


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    plain = (re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", page.read_text(), flags=re.S)):
        if target.startswith("http"):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=title)
def test_every_file_and_name_of_the_code_exists(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLE.parent)
    text = page.read_text()
    for file in re.findall(r"`((?:coevo|plugins|tests|docs|benchmarks)/[\w./-]*)`", text):
        assert (ROOT / file).exists(), file
    for name in re.findall(
        r"\b(?:coevo|coevo_\w+)(?:\.\w+)+", re.sub(r"```(toml|console|\n).*?```", "", text, flags=re.S)
    ):
        if not name.endswith((".py", ".toml")):
            assert is_importable(name), name


def is_importable(name: str) -> bool:
    """Whether a dotted name is a module, or an attribute of one."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for part in parts[end:]:
            found = getattr(found, part, None)
        return found is not None
    return False


def test_every_page_is_linked_from_another() -> None:
    texts = {page: page.read_text() for page in PAGES}
    linked = {
        (page.parent / target).resolve()
        for page, text in texts.items()
        for target in re.findall(r"\]\(([^)#\s]+)", text)
    }
    assert [title(page) for page in PAGES if page.resolve() not in linked and page.name != "README.md"] == []


def test_the_index_of_decisions_lists_every_heading() -> None:
    index = (ROOT / "docs" / "decisions" / "index.md").read_text()
    for page in (ROOT / "docs" / "decisions").glob("0*.md"):
        for number, heading in enumerate(re.findall(r"^## (.*)$", page.read_text(), re.M), 1):
            assert heading.startswith(f"{int(page.name[:2])}.{number} ")
            assert f"- [{heading}]({page.name}#" in index


# commands


def sessions(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """The words of every `$ coevo …` line of a page, and the lines that it prints."""
    for block in blocks(text, "console"):
        for line in block.removeprefix("$ ").split("\n$ "):
            command, *output = line.splitlines()
            words = shlex.split(command, comments=True)
            if words[0] == "coevo":
                yield words[1:], output


def is_refused(output: list[str]) -> bool:
    return bool(output) and output[0].startswith("coevo: ")


def parsed(words: list[str]) -> tuple[click.Command, dict[str, Any]]:
    """A command, and what its arguments are."""
    context = click.Context(main)
    name, *rest = words
    command = main.get_command(context, name)
    assert command, f"there is no command {name}"
    return command, command.make_context(name, rest).params


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_every_command_can_be_typed(page: Path) -> None:
    """Commands, their options, and the options of players and runs exist, and values are within their bounds."""
    for words, output in sessions(page.read_text()):
        examples = {"sunrise": "dcgan", "horizon": "dcnn", "./siren.py:Siren": "dcgan"}
        words = [examples.get(word, word) for word in words]
        command, given = parsed(words)
        if command.name == "run" and not is_refused(output) and {"--config", "--critic-from"}.isdisjoint(words):
            sections = {key: {"name": given[key]} for key in KINDS if given[key]}
            recipe = read_recipe(given["recipe"], registry()) if given["recipe"] else {}
            resolve(merge(recipe, sections, assignments(given["options"])), registry())


@pytest.mark.parametrize("page", PAGES, ids=title)
def test_every_option_that_is_named_exists(page: Path) -> None:
    """`artist.latent`, `critic.game=hinge`: some player has the option."""
    known = {
        "artist": {name for player in players("artist").values() for name in player.Options.model_fields},
        "critic": {name for player in players("critic").values() for name in player.Options.model_fields},
        "run": set(RunOptions.model_fields),
        "data": set(DataOptions.model_fields),
    }
    for section in KINDS:
        known[section] |= set(re.findall(rf"`{section}\.(\w+)`", METRICS))
    known["artist"] |= set(vars(Artist)) | {"breed", "code"}
    text = re.sub(r"```console.*?```", "", page.read_text(), flags=re.S)
    if page.name == "CHANGELOG.md":
        text = text.split("### Changed")[0]
    if page.name == "metrics.md":
        text = re.sub(r"(?m)^\|.*", "", text)  # its table names metrics
    for section, name in re.findall(r"[` ](artist|critic|run|data)\.(\w+)(?==|`| \d)", text):
        assert name in known[section], f"{section}.{name}"


# code


def excerpts(page: Path) -> list[tuple[str, str]]:
    """The blocks of a page that stand in a file, and the file: `<!-- file: … -->`, and a block."""
    return re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", page.read_text(), re.S)


@pytest.mark.parametrize("page", [page for page in PAGES if excerpts(page)], ids=title)
def test_code_that_stands_in_a_file_is_the_same_there(page: Path) -> None:
    for file, block in excerpts(page):
        assert block in (ROOT / file).read_text(), f"not in {file}:\n{block}"


@pytest.mark.parametrize("name", ["artist", "critic"])
def test_a_tutorial_shows_every_line_of_its_file(name: str) -> None:
    shown = excerpts(ROOT / "docs" / "tutorials" / f"{name}.md")
    lines = {line for file, block in shown if file.endswith(f"{name}.py") for line in block.splitlines()}
    module = EXAMPLE / f"{name}.py"
    code = module.read_text().split('"""\n', 1)[1]  # the rest after its own docstring
    assert [line for line in code.splitlines() if line not in lines] == []


@pytest.fixture
def of_the_contract_page() -> dict[str, Any]:
    """The names that the Python blocks of the contract page define."""
    uses = ["adversarial.games", "adversarial.critic", "evolution.programs", "interactive.ui", "interactive.commands"]
    for module in uses:
        importlib.import_module(f"coevo.{module}")
    names: dict[str, Any] = {"coevo": coevo, "prod": prod, "torch": importlib.import_module("torch")}
    names |= {"random": importlib.import_module("random")}
    names |= vars(importlib.import_module("coevo.interactive.commands"))
    for block in blocks(CONTRACT, "python"):
        if "import conform" not in block:
            exec(textwrap.dedent(block), names)
    return names


@pytest.mark.slow
def test_the_players_of_the_contract_page_conform(of_the_contract_page: dict[str, Any]) -> None:
    from coevo.testing import conform

    conform("critic", of_the_contract_page["Wide"])
    conform("artist", of_the_contract_page["Stripes"])


def test_the_game_and_functions_of_the_contract_page_work(of_the_contract_page: dict[str, Any]) -> None:
    torch, canvas = of_the_contract_page["torch"], importlib.import_module("coevo.shader").Canvas()
    game = of_the_contract_page["Exponential"]()
    assert game.critic_loss(torch.zeros(3), torch.zeros(3)).item() == 2
    assert of_the_contract_page["WAVES"]["wave"].meaning(canvas, canvas.x)


# the contract


def table(*heads: str) -> list[list[str]]:
    """The rows of a table of the contract page, by the heads of its columns."""
    body = re.search(r"\| " + r" \| ".join(map(re.escape, heads)) + r" \|\n\|[-|]+\n((?:\|.*\n)+)", CONTRACT)
    assert body, heads
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in body[1].splitlines()]


def section(heading: str) -> str:
    return re.split(r"\n##+ ", CONTRACT.split(f"\n### {heading}\n", 1)[1])[0]


def named(cells: list[str]) -> list[str]:
    """The names within backticks, without arguments."""
    return [name for cell in cells for name in re.findall(r"`(\w+)[^`]*`", cell)]


def spec_rows(kind: str) -> dict[str, str]:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", section(kind).split("The fields of")[1], re.M)
    return dict(rows)


@pytest.mark.parametrize(("kind", "spec"), [("Artist", ArtistSpec), ("Critic", CriticSpec)])
def test_the_contract_page_has_the_fields_of_a_spec_with_their_defaults(kind: str, spec: Any) -> None:
    rows = spec_rows(kind)
    assert list(rows) == [field.name for field in fields(spec)]
    for field in fields(spec):
        told = rows[field.name].strip("`").strip('"')
        assert told == ("empty" if isinstance(field.default, CodeLayout) else str(field.default)), field.name


@pytest.mark.parametrize(("kind", "player"), [("Artist", Artist), ("Critic", Critic)])
def test_the_contract_page_has_the_required_methods(kind: str, player: Any) -> None:
    rows = re.findall(r"^\| `(\w+)\(.*?\)` \|", section(kind).split("The fields of")[0], re.M)
    public = {name for name, value in vars(player).items() if callable(value) and not name.startswith("_")}
    assert len(rows) == 5 and set(rows) == public


def test_the_contract_page_has_what_players_share() -> None:
    rows = named([row[0] for row in table("of every player", "default", "meaning")])
    assert set(rows) == {name for name in vars(Player) if not name.startswith("_")}


def test_the_contract_page_has_the_protocols_and_their_methods() -> None:
    protocols = {name: value for name, value in vars(capabilities).items() if getattr(value, "_is_protocol", False)}
    protocols.pop("Protocol", None)
    rows = {
        named([row[0]])[0]: set(named([row[1]])) for row in table("protocol", "methods and attributes", "who has it")
    }
    assert rows.keys() == protocols.keys()
    for name, protocol in protocols.items():
        methods = {method for method in vars(protocol) if not method.startswith("_")}
        assert rows[name] == methods | set(vars(protocol).get("__annotations__", {})), name


def test_the_contract_page_has_the_fields_and_accessors_of_works() -> None:
    rows = table("field", "accessor", "value")
    assert named([row[0] for row in rows]) == [field.name for field in fields(Works)]
    accessors = [name for name, value in vars(Works).items() if isinstance(value, property)]
    assert named([row[1] for row in rows]) == accessors


def test_the_contract_page_has_codes_and_the_studio() -> None:
    codes = section("Codes")
    assert re.findall(r"^\| `(\w+)` \|", codes, re.M) == [field.name for field in fields(CodeBlock)]
    public = {name for name in vars(CodeLayout) if not name.startswith("_")} - {"blocks"}
    assert set(re.findall(r"`\.(\w+)", codes)) == public
    rows = named([row[0] for row in table("of the studio", "meaning")])
    assert set(rows) == {name for name in dir(Studio()) if not name.startswith("_")}


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_docstring_a_row_and_a_test(hook: str) -> None:
    assert getattr(hookspecs, hook).__doc__
    assert f"| `{hook}` |" in CONTRACT
    tests = [path for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)]
    assert any(hook in path.read_text() for path in tests)


def test_the_contract_page_names_no_hook_that_is_gone() -> None:
    assert set(re.findall(r"\| `(coevo_\w+)` \|", CONTRACT)) == set(HOOKS)


# pages that list things


def test_every_folder_is_on_the_page_of_the_layout() -> None:
    tree = next(block for block in blocks(LAYOUT, "") if block.startswith("coevo/"))
    named_there = set(re.findall(r"^ *(\S+?)/? +\S", tree, re.M))
    packages = {path.parent.name for path in (ROOT / "coevo").glob("*/__init__.py")}
    plugins = {path.parent.name for path in (ROOT / "plugins").glob("*/__init__.py")}
    modules = {path.name for path in (ROOT / "coevo").glob("*.py") if not path.name.startswith("__")}
    assert named_there >= packages | plugins | modules
    assert {name for name in named_there if name.startswith("coevo_")} == plugins


def test_every_recipe_is_on_the_page_of_recipes() -> None:
    page = (ROOT / "docs" / "recipes" / "papers.md").read_text()
    assert [name for name in registry().offers("recipe") if f"`{name}`" not in page] == []


def test_every_figure_of_the_results_stands_in_an_experiment() -> None:
    """The headlines come from the trials; a figure that stands in no trial is a slip."""

    def figures(text: str) -> set[str]:
        return {number.strip(".,") for number in re.findall(r"\d[\d.,]*", re.sub(r"\]\(.*?\)", "", text))}

    results = (ROOT / "docs" / "results.md").read_text()
    trials = "".join(page.read_text() for page in (ROOT / "docs" / "experiments").glob("*.md"))
    rows = "".join(line for line in results.splitlines(True) if line.startswith("| "))
    assert figures(rows) <= figures(trials)


def test_the_changelog_has_every_renamed_option() -> None:
    """A table of old and new names, by section, as the `renamed` tables have them."""
    renamed = {("run", *pair) for pair in RunOptions.renamed.items()}
    renamed |= {("data", *pair) for pair in DataOptions.renamed.items()}
    for kind in KINDS:
        for player in players(kind).values():
            renamed |= {(kind, *pair) for pair in player.Options.renamed.items()}
    changelog = (ROOT / "CHANGELOG.md").read_text()
    rows = re.findall(r"^\| `(artist|critic|run|data)\.(\S+?)` \| (.*?) \|", changelog, re.M)
    listed = {(kind, old, new.replace("`", "").replace(f"{kind}.", "")) for kind, old, new in rows}
    assert renamed - listed == set()
