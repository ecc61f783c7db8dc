"""Pictures of a latent space: walks, rows that vary one code each, sums of works."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from conftest import SMALL, CommandLine
from PIL import Image

from coevo import CodeBlock, CodeLayout, ConfigError
from coevo.images.files import read_origin
from coevo.storage.run_folder import RunFolder
from coevo.tools.latent_space import LatentSpace, Term, interpolate, parse, projected

Z, KIND = CodeBlock("z", 3), CodeBlock("kind", 2, "categorical")
BOTH = CodeLayout((Z, KIND))


def test_a_walk_joins_two_codes_and_keeps_its_distance_from_the_origin() -> None:
    a, b = torch.tensor([2.0, 0, 0, 1, 0]), torch.tensor([0, 2.0, 0, 0, 1])
    walk = interpolate(a, b, torch.linspace(0, 1, 5), BOTH)
    assert torch.allclose(walk[0], a, atol=1e-6) and torch.allclose(walk[-1], b, atol=1e-6)
    assert torch.allclose(walk[:, :3].norm(dim=1), torch.full((5,), 2.0))
    assert torch.allclose(walk[2, 3:], torch.tensor([0.5, 0.5]))


def test_a_walk_from_a_code_to_itself_stands_still() -> None:
    a = torch.tensor([1.0, 2, 3])
    assert torch.allclose(interpolate(a, a, torch.linspace(0, 1, 4), CodeLayout((Z,))), a.expand(4, 3))


def test_a_sum_is_projected_to_where_codes_lie() -> None:
    samples = torch.tensor([[0, 3.0, 0, 1, 0], [5.0, 0, 0, 0, 1]])
    code = projected(torch.tensor([0.0, 0, 0.1, 2, -1]), samples, BOTH)
    assert torch.allclose(code, torch.tensor([0, 0, 4.0, 1, 0]))


@pytest.mark.parametrize(
    ("expression", "terms"),
    [
        ("3", [Term(1, (3,))]),
        ("3,7,9 - 1,2 + 4", [Term(1, (3, 7, 9)), Term(-1, (1, 2)), Term(1, (4,))]),
        ("- 1 + saved/a-b.png, 5", [Term(-1, (1,)), Term(1, (Path("saved/a-b.png"), 5))]),
    ],
)
def test_an_expression_is_parsed(expression: str, terms: list[Term]) -> None:
    assert parse(expression) == terms


@pytest.mark.parametrize("expression", ["", "   ", "3,", "1 - ", "0", "1001", ",", "3 + + 4"])
def test_other_text_is_refused(expression: str) -> None:
    with pytest.raises(ConfigError):
        parse(expression)


# on the command line


@pytest.fixture(scope="module")
def conditional(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A command line with a run `conditional` of a conditional GAN, and `info` of an InfoGAN."""
    command = CommandLine(tmp_path_factory.mktemp("conditional") / "runs")
    for name, recipe in (("conditional", "cgan"), ("info", "infogan")):
        answer = command("run", recipe, "--name", name, *SMALL, "--rounds", 3)
        assert answer.code == 0, answer.err
    return command


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def test_an_artist_without_a_latent_code_has_no_latent_space(coevo_command: CommandLine) -> None:
    coevo_command("run", "--artist", "biomorph", "--critic", "som", "--rounds", 1, "--batch", 6, "--name", "it")
    said = coevo_command.refuses("interpolate", "it")
    assert said == "coevo: Artist 'biomorph' of run 'it' has no latent code.\n"


def test_a_sheet_says_of_which_run_and_round_it_is(played: CommandLine) -> None:
    space = LatentSpace.of(RunFolder.open("small", played.runs))
    assert space.origin(seed=3) == "(run small, round 12, seed 3)"


def test_the_result_of_a_sum_fills_two_rows_with_works_around_it(played: CommandLine, tmp_path: Path) -> None:
    assert played("arithmetic", "small", "1,2,3,4,5 - 6", "-o", tmp_path / "sum.png").code == 0
    width, height = size(tmp_path / "sum.png")
    assert 0.6 < height / width < 0.9  # four rows of six


def test_interpolate_draws_a_row_a_walk_or_a_film(played: CommandLine, tmp_path: Path) -> None:
    assert played("interpolate", "small", "--rows", 2, "--steps", 5, "-o", tmp_path / "walk.png").code == 0
    width, height = size(tmp_path / "walk.png")
    assert width > 2 * height
    assert played("interpolate", "small", "--rows", 4, "--steps", 5, "-o", tmp_path / "walk.gif").code == 0
    with Image.open(tmp_path / "walk.gif") as film:
        assert film.n_frames == 8  # there and back


def test_traverse_varies_the_named_codes(conditional: CommandLine, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    assert conditional("traverse", "info", "--rows", 3, "-o", sheet).code == 0
    both = size(sheet)
    assert conditional("traverse", "info", "--code", "continuous", "--rows", 3, "-o", sheet).code == 0
    assert size(sheet)[1] < both[1]
    assert conditional("traverse", "conditional", "--code", "class", "-o", sheet).code == 0
    assert "it has: z, category, continuous" in conditional.refuses("traverse", "info", "--code", "colour", "-o", sheet)


def test_arithmetic_draws_terms_and_their_sum(played: CommandLine, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    assert played("arithmetic", "small", "-o", sheet).code == 0  # to choose from
    assert played("sample", "small", "-n", 2, "-o", tmp_path / "saved").code == 0
    saved = tmp_path / "saved" / "000001.png"
    assert played("arithmetic", "small", f"3,7,9 - 1,2 + {saved}", "-o", sheet).code == 0
    assert size(sheet)[1] > size(sheet)[0]  # three rows of terms, three of the result, of four works each
    assert "not a sum of works" in played.refuses("arithmetic", "small", "3 plus 4", "-o", sheet)
    assert "should end with .png" in played.refuses("arithmetic", "small", "3", "-o", tmp_path / "a.jpg")
    Image.new("L", (8, 8)).save(tmp_path / "foreign.png")
    assert "carries no" in played.refuses("arithmetic", "small", str(tmp_path / "foreign.png"), "-o", sheet)


def test_a_label_chooses_the_class(conditional: CommandLine, played: CommandLine, tmp_path: Path) -> None:
    assert conditional("sample", "conditional", "--label", "7", "-n", 4, "-o", tmp_path / "seven").code == 0
    for path in (tmp_path / "seven").iterdir():
        assert read_origin(path).works.codes[0, 8:].argmax() == 7
    assert "no class named '77'" in conditional.refuses(
        "sample", "conditional", "--label", "77", "-o", tmp_path / "x.png"
    )
    said = played.refuses("sample", "small", "--label", "7", "-o", tmp_path / "x.png")
    assert "is not conditional" in said and not (tmp_path / "x.png").exists()
