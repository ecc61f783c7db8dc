"""Works and the layout of latent codes."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
import torch

from coevo import CodeBlock, CodeLayout, Genome, PairError, Works

LAYOUT = CodeLayout((CodeBlock("z", 4), CodeBlock("class", 3, "categorical", "label"), CodeBlock("w", 2, "uniform")))


def test_missing_parts_are_named_beside_those_that_are_there() -> None:
    works = Works(codes=torch.zeros(2, 3), labels=torch.tensor([0, 1]))
    assert works.latents.shape == (2, 3) and works.classes.tolist() == [0, 1]
    with pytest.raises(PairError, match="These works have no images; they have codes, labels"):
        _ = works.pixels
    with pytest.raises(PairError, match="no genomes"):
        _ = works.individuals
    with pytest.raises(PairError, match="they have nothing"):
        _ = Works().latents


def test_the_length_is_that_of_any_part() -> None:
    assert len(Works(images=torch.zeros(5, 1, 4, 4))) == 5
    assert len(Works(genomes=(Genome("1", (), "x"),))) == 1
    assert len(Works()) == 0


def test_works_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Works().images = torch.zeros(1)  # type: ignore[misc]


def test_detached_works_keep_their_genomes_and_lose_gradients_and_ctx() -> None:
    codes = torch.zeros(2, 3, requires_grad=True)
    genomes = (Genome("1", (), "x"), Genome("2", ("1",), "y"))
    plain = Works(images=codes * 2, codes=codes, genomes=genomes, ctx=object()).detach()
    assert plain.genomes == genomes and plain.ctx is None
    assert not plain.pixels.requires_grad and not plain.latents.requires_grad


def test_some_of_the_works() -> None:
    works = Works(codes=torch.arange(6.0).reshape(3, 2), genomes=tuple(Genome(i, (), i) for i in "abc"))
    assert [genome.id for genome in works[1:].individuals] == ["b", "c"]
    some = works[torch.tensor([2, 0])]
    assert some.latents.tolist() == [[4, 5], [0, 1]]
    assert [genome.id for genome in some.individuals] == ["c", "a"]


def test_what_works_were_made_from_goes_with_them() -> None:
    works = Works(torch.zeros(3, 1, 4, 4), given=torch.arange(3.0).view(3, 1, 1, 1).requires_grad_())
    assert works[1:].conditions.flatten().tolist() == [1, 2]
    assert not works.detach().conditions.requires_grad and "given [3, 1, 1, 1]" in repr(works)
    with pytest.raises(PairError, match="no given; they have codes"):
        _ = Works(codes=torch.zeros(2, 3)).conditions


def test_works_show_themselves_in_a_notebook() -> None:
    png = Works(images=torch.zeros(3, 1, 8, 8))._repr_png_()
    assert png is not None and png.startswith(b"\x89PNG")
    assert Works(codes=torch.zeros(2, 3))._repr_png_() is None


def test_a_layout_knows_its_columns() -> None:
    assert LAYOUT.size == 9 and len(LAYOUT) == 3
    codes = torch.arange(18.0).reshape(2, 9)
    parts = LAYOUT.split(codes)
    assert {name: part.shape[1] for name, part in parts.items()} == {"z": 4, "class": 3, "w": 2}
    assert torch.equal(torch.cat(list(parts.values()), 1), codes)
    assert torch.equal(codes[:, LAYOUT.slices["w"]], codes[:, 7:])


def test_labels_are_found_by_their_role_and_not_by_a_name() -> None:
    assert LAYOUT.label == slice(4, 7)
    assert CodeLayout((CodeBlock("class", 3, "categorical"),)).label is None
    labelled = LAYOUT.with_labels(torch.ones(2, 9), torch.tensor([2, 0]))
    assert labelled[:, 4:7].tolist() == [[0, 0, 1], [1, 0, 0]]
    assert (labelled[:, :4] == 1).all() and (labelled[:, 7:] == 1).all()
    with pytest.raises(PairError, match="no block of labels; its blocks are z"):
        CodeLayout((CodeBlock("z", 2),)).with_labels(torch.ones(2, 2), torch.tensor([0, 1]))


def test_an_artist_without_a_code_has_an_empty_layout() -> None:
    assert not CodeLayout() and CodeLayout().size == 0
