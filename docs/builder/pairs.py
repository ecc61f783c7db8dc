"""Every artist before every critic: the pair plays five rounds and resumes exactly, or is refused with its reason.

    python docs/builder/pairs.py [ARTIST ...]       decides those pairs anew, or all, and writes docs/recipes/pairs.md

A pair is decided three times: where the critic judges images; where it judges codes, or the codes of a trained artist
are bred for it; and with labels, where either side can be given them. It is a quarter of an hour of work, so the page
and its pictures are kept; the slow tests hold them to what pairs do.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

DOCS = Path(__file__).parents[1]
PAGE = DOCS / "recipes" / "pairs.md"
PICTURES = DOCS / "recipes" / "pairs"
DECISIONS = PICTURES / "decisions.json"
PLAYS, NOTHING = "plays", "–"
Variant = Literal["images", "codes", "labels"]
VARIANTS: tuple[Variant, ...] = ("images", "codes", "labels")
TRAINERS = "dcnn", "none", "latent", "alae"
"""Critics that train an artist whose codes are to be bred."""
ROUNDS, FIRST = 5, 3  # of a whole run, and of one that is resumed
SIDE = 40  # px of a picture on the page

SMALL: dict[str, tuple[str, ...]] = {
    "dbn": ("artist.hidden=[64]",),  # one machine, which has the labels from the first round on
    "gp": ("artist.max_depth=3",),
    "pix2pix": ("data.given=edges", "artist.width=4"),
    "cyclegan": ("data.given=digits", "artist.width=4", "artist.blocks=1"),
    "unit": ("data.given=digits", "artist.width=4", "artist.blocks=1"),
    "spade": ("data.given=edges", "artist.width=4"),
    "nca": ("artist.min_steps=4", "artist.max_steps=6"),
    "dcgan": ("artist.width=4",),
    "biggan": ("artist.width=4",),
    "infogan": ("artist.width=4",),
}
"""What makes artists small enough, and gives them what they work from."""
SMALL_CRITICS: dict[str, tuple[str, ...]] = {
    "taste": ("critic.likes=symmetry",),
    "dcnn": ("critic.width=4",),
    "biggan": ("critic.width=4",),
    "patch": ("critic.width=4",),
    "classifier": ("critic.steps=3",),
}
LABELLED = {"artist.conditional": "true", "critic.conditioning": "projection"}
"""Options that give a side the labels."""

Words = list[str]


def words_of(artist: str, critic: str, variant: Variant) -> Words:
    """The command that plays a pair, without its length."""
    options = [*SMALL.get(artist, ()), *SMALL_CRITICS.get(critic, ())]
    options += [f"{option}={value}" for option, value in label_options(artist, critic).items() if variant == "labels"]
    words = ["run", "--artist", artist, "--critic", critic, "--size", "32", "--threads", "1", "-o", "run.log_every=1"]
    words += [word for option in options for word in ("-o", option)]
    return words + ([] if critic == "human" else ["--batch", "6"])


def label_options(artist: str, critic: str) -> dict[str, str]:
    """The options by which this pair is given labels; empty if it has none."""
    from coevo.plugin.registry import registry

    options = {
        f"{kind}.{key}"
        for kind, name in (("artist", artist), ("critic", critic))
        for key in registry().load(kind, name).Options.model_fields
    }
    return {option: value for option, value in LABELLED.items() if option in options}


class Commands:
    """`coevo ...` within this process, with a runs folder of its own."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __call__(self, *words: str) -> str:
        """Empty if the command succeeded, else what it said."""
        from click.testing import CliRunner

        from coevo.cli import main

        result = CliRunner().invoke(main, list(words), env={"COEVO_RUNS": str(self.folder)})
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        said = re.sub(r"coevo: (Read [\d,]+ pictures .*)?", "", result.stderr)  # what was read is said before
        return " ".join(said.split()) if result.exit_code else ""


def decide(artist: str, critic: str, variant: Variant, picture: Path | None = None, resumes: bool = True) -> str:
    """Play a pair for five rounds at once, and for three and then two.

    Args:
        artist: its name.
        critic: its name.
        variant: what is judged, or that labels are given.
        picture: where to draw four works.
        resumes: play it for three and two rounds too.

    Returns:
        "plays", the reason why it is refused, or a dash where there is nothing to decide.

    Raises:
        AssertionError: the resumed run differs from the whole one.
    """
    if not is_asked(artist, critic, variant):
        return NOTHING
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        coevo = Commands(folder)
        words = words_of(artist, critic, variant)
        if artist == "ppgn" or (variant == "codes" and not spec("critic", critic).gradients):
            if refusal := train(coevo, *(("vae", ["none"]) if artist == "ppgn" else (artist, TRAINERS))):
                return refusal
            words += ["--from", "trained"]
        long, short, rest = (picked(folder, rounds) for rounds in (ROUNDS, FIRST, ROUNDS - FIRST))
        asked = critic == "human"
        if refusal := coevo(*words, "--name", "whole", *(["--picks", long] if asked else ["--rounds", str(ROUNDS)])):
            return refusal
        if resumes:
            assert not coevo(*words, "--name", "twice", *(["--picks", short] if asked else ["--rounds", str(FIRST)]))
            assert not coevo("resume", "twice", *(["--picks", rest] if asked else ["--rounds", str(ROUNDS)]))
            whole, twice = kept(folder / "whole"), kept(folder / "twice")
            assert whole == twice, f"{artist} × {critic}: {[part for part in whole if whole[part] != twice.get(part)]}"
        if picture:
            draw(folder / "whole", picture)
    return PLAYS


def is_asked(artist: str, critic: str, variant: Variant) -> bool:
    """Whether a variant of a pair means anything."""
    judge = spec("critic", critic)
    if variant == "labels":
        return bool(label_options(artist, critic))
    if variant == "images":
        return bool(judge.judges == "images")
    can_be_bred = artist != "ppgn" and bool(spec("artist", artist).code) and not judge.gradients and critic != "none"
    return bool(judge.judges == "codes" or can_be_bred)


def spec(kind: Any, name: str) -> Any:
    """What a player needs and gives."""
    from coevo.plugin.registry import registry
    from coevo.studio import Studio

    player = registry().load(kind, name)
    return player(player.Options(**({"likes": "symmetry"} if name == "taste" else {})), Studio()).spec()


def train(coevo: Commands, artist: str, critics: Sequence[str]) -> str:
    """Train an artist for some rounds, as the run `trained`; the reason why none of the critics can, or nothing."""
    refusal = ""
    for critic in critics:
        words = words_of(artist, critic, "images")
        if not (refusal := coevo(*words, "--name", "trained", "--rounds", "20")):
            return ""
    return refusal


def picked(folder: Path, rounds: int) -> str:
    """A file of picks: the first work, in every round."""
    path = folder / f"{rounds}.picks"
    path.write_text("1\n" * rounds)
    return str(path)


def kept(run: Path) -> Mapping[str, str]:
    """Checksums of what a run keeps: its log and its newest checkpoint, or its individuals if a person is asked."""
    if (run / "session.db").exists():
        with sqlite3.connect(run / "session.db") as database:
            rows = database.execute("SELECT number, parents, genome FROM individuals ORDER BY number").fetchall()
        return {"individuals": hashlib.sha256(repr(rows).encode()).hexdigest()}
    newest = max((run / "checkpoints").glob("*.safetensors"))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (run / "metrics.jsonl", newest)}


def draw(run: Path, picture: Path) -> None:
    """Four works of a run, as a small picture."""
    import torch
    from PIL import Image
    from torch.nn.functional import interpolate

    import coevo

    images = coevo.load(run).artist.exhibit(4, seed=0).pixels[:, :3]
    small = interpolate(images, (SIDE // 2, SIDE // 2), mode="area")
    rows = torch.cat([torch.cat(list(small[:2]), 2), torch.cat(list(small[2:]), 2)], 1)
    pixels = rows.add(1).mul(127.5).round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
    Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels).save(picture, "WEBP", quality=60)


# the page


def decisions_of(artist: str) -> dict[str, str]:
    """The decisions about an artist, by "artist × critic, variant"."""
    from coevo.plugin.registry import registry

    found = {}
    for critic in registry().offers("critic"):
        for variant in VARIANTS:
            picture = PICTURES / f"{artist}-{critic}-{variant}.webp"
            found[key(artist, critic, variant)] = answer = decide(artist, critic, variant, picture)
            if answer != PLAYS:
                picture.unlink(missing_ok=True)
    return found


def key(artist: str, critic: str, variant: Variant) -> str:
    return f"{artist} × {critic}, {variant}"


def decide_all(artists: list[str]) -> Iterator[str]:
    """Decide the pairs of artists on all cores, and write the page; the artists' names, as they are done."""
    from coevo.plugin.registry import registry

    decided = json.loads(DECISIONS.read_text()) if DECISIONS.exists() else {}
    PICTURES.mkdir(exist_ok=True)
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), max_tasks_per_child=1) as pool:
        for artist, found in zip(artists, pool.map(decisions_of, artists), strict=True):
            decided.update(found)
            yield artist
    pairs = [(one, two) for one in registry().offers("artist") for two in registry().offers("critic")]
    ordered = {
        name: decided[name] for one, two in pairs for kind in VARIANTS if (name := key(one, two, kind)) in decided
    }
    DECISIONS.write_text(json.dumps(ordered, indent=0, ensure_ascii=False) + "\n")
    PAGE.write_text(page(ordered))


TITLES: dict[Variant, str] = {
    "images": "The critic judges images.",
    "codes": "The critic judges latent codes; or codes of a trained artist are bred for it, by `--from`.",
    "labels": "Artist, critic or both are given the class of each work: `artist.conditional`, `critic.conditioning`.",
}


def page(decided: Mapping[str, str]) -> str:
    """The page: a table for each variant, and the reasons."""
    reasons: dict[str, int] = {}
    tables = [f"## {kind.capitalize()}\n\n{about}\n\n{table(decided, kind, reasons)}" for kind, about in TITLES.items()]
    answers = list(decided.values())
    playing, nothing = answers.count(PLAYS), answers.count(NOTHING)
    refused = len(answers) - playing - nothing
    parts = [
        "# Every artist before every critic",
        f"{playing} pairs play. A picture shows four works after five rounds: a proof, no art. Each was played for "
        "five rounds, and again for three and then two, and both ended with the same bytes. "
        f"{refused} are refused, for the reason that the number stands for; a dash means that there is nothing to "
        "decide. `python docs/builder/pairs.py` writes this page, and a test plays the pairs to see that it is true.",
        *tables,
        "## Reasons",
        "\n".join(f"{number}. {reason}" for reason, number in reasons.items()),
    ]
    return "\n\n".join(parts) + "\n"


def table(decided: Mapping[str, str], variant: Variant, reasons: dict[str, int]) -> str:
    """A row for every artist; a cell is a picture, or the number of a reason. Without rows and columns of dashes."""
    artists, critics = (list(dict.fromkeys(re.split(" × |, ", pair)[side] for pair in decided)) for side in (0, 1))
    some = {(one, two): decided[key(one, two, variant)] for one in artists for two in critics}
    artists = [one for one in artists if any(some[one, two] != NOTHING for two in critics)]
    critics = [two for two in critics if any(some[one, two] != NOTHING for one in artists)]
    lines = ["| artist | " + " | ".join(critics) + " |", "|---" * (len(critics) + 1) + "|"]
    for one in artists:
        cells = [cell(one, two, variant, some[one, two], reasons) for two in critics]
        lines.append(f"| `{one}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def cell(artist: str, critic: str, variant: Variant, answer: str, reasons: dict[str, int]) -> str:
    if answer == PLAYS:
        return f"![{artist} × {critic}](pairs/{artist}-{critic}-{variant}.webp)"
    if answer == NOTHING:
        return NOTHING
    return str(reasons.setdefault(general(answer, artist, critic), len(reasons) + 1))


def general(answer: str, artist: str, critic: str) -> str:
    """A refusal without the names of its players, which the table has."""
    text = answer.split(f"'{artist}' cannot work with critic '{critic}': ")[-1]
    for role, name in (("artist", artist), ("critic", critic)):
        text = re.sub(rf"\b(?:an )?{role} '{re.escape(name)}'", f"the {role}", text, flags=re.I)
        text = re.sub(rf"(^|\band |, so )'?{re.escape(name)}'? ", rf"\1the {role} ", text)  # where a clause begins
    return text[:1].upper() + text[1:]


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    from coevo.plugin.registry import registry

    for number, name in enumerate(decide_all(sys.argv[1:] or list(registry().offers("artist"))), 1):
        print(f"{number:3} {name}", flush=True)
