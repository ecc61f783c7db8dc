"""Code and pages speak the field's language: words and turns of phrase that were replaced do not come back."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PATTERNS = (
    "coevo/**/*.py",
    "plugins/**/*.py",
    "plugins/**/*.toml",
    "docs/**/*.md",
    "docs/**/*.py",
    "README.md",
    "CONTRIBUTING.md",
)
BUILT = {"generated", "_build"}  # folders of the site, whose words are those of its sources
FILES = sorted(path for pattern in PATTERNS for path in ROOT.glob(pattern) if not BUILT & set(path.parts))

WORDS = {
    r"\bhang\b|\b_?hung\b": "save_contact_sheet",
    r"\bbooks\b": "run_state",
    r"\bsit\b": "attach_session",
    r"\bWitness\b": "RecordingCritic",
    r"\bthawed\b": "state without its constant part",
    r"\babroad\b": "qualified ids",
    r"\badopt(s|ed)?\b": "seed_population",
    r"\bwelcomes?\b": "immigrate",
    r"\.aside\(": "studio.paused",
    r"\bbirths\b|\bborn\b": "new_ids",
    r"\bmemo\b": "ctx",
    r"\bFaces?\b|coevo_faces|(?<!\")--face": "UI",
    r"\.(asks|who)\b|\basks *[:=]": "Interactive, user",
    r"\bflaws?\b": "problem",
    r"(?<![.\w])gallery\b": "memory of accepted works, or sheets",
    r"\b[Pp]anel\b|\bfades?\b(?=[:=])": "past critics, past_decay",
    r"\bSAYS\b": "MESSAGES",
    r"\bstrangers?\b|\bguests?\b": "random genomes, immigrants",
    r"\bdef child\(|\.child\(": "offspring",
    r"\bcouples?\b|(?<!\")\bbreeders?\b": "mating pairs, parents",
    r"\bin_turn\b|\bgathered\(": "interleave, farthest-first clusters",
    r"\bspell(s|ed|ing)?\b": "serialize",
    r"\brenumbered\b": "with_constants",
    r"\binward\b|\boutward\b": "to_latent, from_latent",
    r"\btold\b(?! (apart|from))": "given, labelled",
    r"\.still\(\)": "inference mode",
    r"\bglimpse\b|\bblind\b(?!.watchmaker)": "augmented or noisy input",
    r"\bdreams\b|\bwhims?\b|\bdice\b": "samples, noise, generator",
    r"\bsingly\b": "batch_independent",
    r"\b(options|artist|critic)\.(halve|rate|deviation|blur|smooth|apart|every|flip|clip|gp)\b": "renamed options",
    r"\bevenly\(|\bBlank\b": "stratified, NoData",
    r"\bindifferent\b": "constant rewards",
    r"\bso many\b": "a number with a name",
    r"\bwhat comes back\b": "reconstruction",
    r"\ba person answers\b|\basks nobody\b": "interactive",
    r"\bis not there; this machine\b": "not available here",
    r"\bis there already\b": "already exists",
    r"\b[Nn]obody was accepted\b": "no works accepted",
    r"\bOf an artist that\b|\bof labels also\b": "If the artist ...",
    r"\bthe advice names\b": "the advice is given to",
}
"""Patterns that have no honest use here, and what is said in their place."""

ALLOWED = {
    "coevo/runs/migrations.py": ".*",  # old names are the subject of these three
    "coevo/latent_models/moved.py": ".*",
    "plugins/coevo_aae/upgrade.py": ".*",
    "coevo/interactive/session_db.py": "born",  # a column of a session's database
    "coevo/storage/run_folder.py": "gallery",  # a folder of runs of format 1
    "coevo/cli/display.py": "[Pp]anel",  # rich's
    "coevo/plugin/hookspecs.py": "coevo_faces",  # the old name of a hook, which still works
    "coevo/plugin/registry.py": "coevo_faces",
    "docs/reference/plugins.md": "coevo_faces",
    "plugins/coevo_aesthetics/recipes/evolved-art.toml": "gallery",  # the paper's own word
    "plugins/coevo_aesthetics/gallery.py": "gallery",  # Greenfield's
    "plugins/coevo_aesthetics/__init__.py": "gallery",
    "plugins/coevo_swarm/__init__.py": "gallery",
    "plugins/coevo_swarm/recipes/swarm-art.toml": "gallery",
    "docs/recipes/papers.md": "gallery",
    "docs/explanation/layout.md": "gallery",  # the name of a critic
    "docs/recipes/pairs.md": "gallery",
    "docs/how-to/notebook.md": "gallery",  # of published works
    "docs/families/browser.md": "gallery",  # of kept pictures
    "README.md": "gallery",  # the place of published works
    **dict.fromkeys(
        (
            f"plugins/coevo_web/{file}.py"  # where works are published
            for file in (
                "__init__",
                "app",
                "command",
                "gallery",
                "gallery_site",
                "server",
                "routes/sessions",
                "routes/works",
                "widget",
            )
        ),
        "gallery",
    ),
}
"""Words that have an honest use in a file after all."""
OLD_NAMES = {"renamed", "renamed_state", "moved", "RENAMED_SECTIONS"}


@cache
def text_of(path: Path) -> list[str]:
    """The lines of a file, without the tables of old names."""
    lines = path.read_text("utf-8").splitlines()
    if path.suffix == ".py":
        for node in ast.walk(ast.parse("\n".join(lines))):
            targets = (
                node.targets
                if isinstance(node, ast.Assign)
                else [node.target]
                if isinstance(node, ast.AnnAssign)
                else []
            )
            if any(isinstance(target, ast.Name) and target.id in OLD_NAMES for target in targets):
                for number in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                    lines[number - 1] = ""
    return lines


def test_patterns_match_the_words_that_are_out() -> None:
    for text in ("so many steps", "is told", "def hang(", "Witness(", "a stranger", "critic.smooth=0.1", "the gallery"):
        assert any(re.search(pattern, text) for pattern in WORDS), text
    for text in ("told apart", "blind-watchmaker", "renamed", "standard deviation", "asks a person"):
        assert not [pattern for pattern in WORDS if re.search(pattern, text)], text


@pytest.mark.parametrize("pattern", WORDS, ids=WORDS.values())
def test_a_word_that_was_replaced_does_not_come_back(pattern: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in FILES
        for number, line in enumerate(text_of(path), 1)
        for word in re.findall(f"({pattern})", line)[:1]
        if not re.fullmatch(ALLOWED.get(str(path.relative_to(ROOT)), ""), word if isinstance(word, str) else word[0])
    ]
    assert not found, f"say {WORDS[pattern]}:\n" + "\n".join(found)
