"""CPPNs: networks computed by hand, invariants of NEAT, species, genomes of PicBreeder."""

from __future__ import annotations

import json
import zipfile
from math import cos, exp, sin
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import CommandLine
from hypothesis import given, settings
from hypothesis import strategies as some
from PIL import Image
from standins import PICBREEDER_GENOME as GENOME

from coevo import ConfigError, DataError, Genome, Studio, Works
from coevo.images.files import read_origin
from coevo.native import Draws
from coevo.shader import Canvas, render
from coevo.testing.kit import conform
from coevo_cppn import breeding, drawing
from coevo_cppn.artist import CPPN
from coevo_cppn.breeding import columns, offspring_of, random_networks, species, texts
from coevo_cppn.machine import Networks
from coevo_cppn.neat import distances, innovation, mate, minimal, mutate, offspring, with_node
from coevo_cppn.network import COLOURS, FORM, INPUTS, Network, network, packed, parse
from coevo_cppn.picbreeder import read_genome


def grown_network(seed: int, times: int, colour: bool = False) -> Network:
    draws = Draws(seed)
    return offspring(minimal(colour, draws), None, draws, times)


def at(net: Network, x: float, y: float) -> list[float]:
    """The outputs at one point, as a picture of two pixels has it."""
    canvas = Canvas()
    outputs = [output.moved(x, y) for output in net.value(canvas)]
    return render([outputs], 2, 2)[0, :, 0, 0].tolist()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"population": 5, "species": 2, "novelty": 0.3},
        {"refine": 0.05, "outputs": "ink"},
        {"initial_mutations": 30},
    ],
)
def test_cppns_conform(options: dict[str, Any]) -> None:
    conform("artist", CPPN, options)


# networks


def test_a_network_computes_weighted_sums_and_activations() -> None:
    links = {
        ("x", "a"): 1.5,
        ("bias", "a"): -0.5,
        ("a", "ink"): 0.75,
        ("d", "b"): 0.5,
        ("y", "b"): 1.0,
        ("b", "ink"): 0.25,
    }
    net = network({"a": "sin", "b": "cos", "ink": "sigmoid"}, links, ["ink"])
    x, y = 0.3, -0.4
    total = 0.75 * sin(1.5 * x - 0.5) + 0.25 * cos(0.5 * 1.4 * 0.5 + y)
    assert at(net, x, y) == pytest.approx([2 / (1 + exp(-total)) - 1], abs=1e-6)


def test_outputs_are_painted_as_picbreeder_does() -> None:
    ink = network({"ink": "identity"}, {("x", "ink"): 2.0}, ["ink"])
    shown = render([ink.picture(Canvas())], 2, 5)[0, 0, 0]
    assert shown.tolist() == [1, 1, -1, 1, 1]  # |ink| up to 1, of x = -1, -½, 0, ½, 1
    links = {("bias", "hue"): -1.0 + 1 / 3, ("bias", "saturation"): 1.0, ("bias", "brightness"): -1.0}
    green = network(dict.fromkeys(COLOURS, "identity"), links, COLOURS)
    np.testing.assert_allclose(render([green.picture(Canvas())], 2, 2)[0, :, 0, 0], [-1, 1, -1], atol=1e-5)


@settings(deadline=None, max_examples=50)
@given(some.integers(0, 2**32), some.booleans())
def test_a_network_is_parsed_as_it_is_written(seed: int, colour: bool) -> None:
    net = grown_network(seed, 20, colour)
    assert parse(net.text()) == net


@pytest.mark.parametrize(
    ("nodes", "links", "why"),
    [
        ({"ink": "sin", "a": "sin"}, [["a", "ink", 1], ["ink", "a", 1]], "is part of a cycle"),
        ({"ink": "tan"}, [], "activation 'tan'; known are identity"),
        ({"ink": "sin"}, [["z", "ink", 1]], "from 'z' to 'ink', and one of them does not exist"),
        ({"ink": "sin"}, [["x", "ink", 1e9]], "beyond ±1000"),
        ({"ink": "sin"}, [["x", "ink", 1], ["x", "ink", 2]], "a link occurs twice"),
        ({"a": "sin"}, [], "its output 'ink' is not a node"),
        ({"ink": "sin"}, [["x", "ink"]], r'it should be JSON like {"outputs"'),
    ],
)
def test_text_that_is_not_a_network_is_refused_with_the_reason(nodes: Any, links: Any, why: str) -> None:
    with pytest.raises(DataError, match=why):
        parse(json.dumps({"outputs": ["ink"], "nodes": nodes, "links": links}))


@pytest.mark.parametrize("text", ["", "[1, 2]", "{}", '{"nodes": {}}', "{" * 100_000])
def test_other_text_is_met_with_what_a_network_is(text: str) -> None:
    with pytest.raises(DataError, match=r'is not a network; it should be JSON like {"outputs": \["ink"\]') as raised:
        parse(text)
    assert len(str(raised.value)) < 200 and ("…" in str(raised.value)) == (len(text) > 60)


def test_the_network_that_the_message_shows_is_one() -> None:
    assert parse(FORM.removeprefix("JSON like ")).outputs == ("ink",)


# NEAT


SEEDS = some.lists(some.integers(0, 2**64 - 1), min_size=1, max_size=6)


@settings(deadline=None, max_examples=40)
@given(SEEDS, some.booleans(), some.sampled_from([0, 0.4, 1, 2.5]), some.integers(1, 30), some.integers(12, 40))
def test_machine_code_breeds_as_python_does(
    seeds: list[int], colour: bool, mutations: float, generations: int, max_links: int
) -> None:
    one, other = grown_network(seeds[0], 10, colour), grown_network(seeds[-1], 3)
    nets = [one, other, *random_networks(seeds, colour, 8, max_links)]
    for generation in range(generations):
        draws = Draws(generation)
        pairs = [(draws.choice(nets), draws.choice([*nets, None])) for _ in nets]
        its_seeds = [draws.bits() for _ in nets]
        nets = offspring_of(pairs, its_seeds, mutations, max_links)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(breeding, "machine_code", lambda: None)
            assert offspring_of(pairs, its_seeds, mutations, max_links) == nets
    assert texts(nets) == [net.text() for net in nets]
    assert [parse(text) for text in texts(nets)] == nets


def test_without_a_compiler_the_same_is_bred(monkeypatch: pytest.MonkeyPatch) -> None:
    def bred() -> list[list[str]]:
        it = artist(population=12, species=4, channels=3)
        for _ in range(5):
            it.learn(it.make(12, None), torch.arange(12.0))
        return [[one.text for one in it.population], [str(it.species(it.works(), 4))]]

    natively = bred()
    for module in (breeding, drawing):
        monkeypatch.setattr(module, "machine_code", lambda: None)
    assert bred() == natively


@settings(deadline=None, max_examples=30)
@given(SEEDS, some.sampled_from([(1, False), (3, False), (3, True)]), some.integers(0, 60))
def test_machine_code_plans_the_pictures_that_canvases_have(
    seeds: list[int], kind: tuple[int, bool], mutations: int
) -> None:
    channels, colour = kind
    nets = random_networks(seeds, colour, mutations, 200)
    canvas = Canvas()
    expected = render([drawing.program(net.picture(canvas), channels) for net in nets], 9, 13)
    np.testing.assert_array_equal(drawing.render_networks(nets, channels, 9, 13), expected)
    alone = np.empty_like(expected)
    for plan, shown in zip(drawing.plans(nets, channels, 9, 13), alone, strict=True):
        plan.draw(shown.reshape(channels, -1), 0, 9 * 13)
    np.testing.assert_array_equal(alone, expected)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(drawing, "machine_code", lambda: None)
        np.testing.assert_array_equal(drawing.render_networks(nets, channels, 9, 13), expected)


@pytest.mark.parametrize("weight", [0.0, -0.0, 1e-6, -3e-6, 1.2e-5, 0.1, 2.999999, 1000.0, 999.999999, 0.1234567, 1e-9])
def test_weights_are_written_without_loss(weight: float) -> None:
    net = packed({"ink": "sin"}, {("x", "ink"): weight})
    assert texts([net]) == [net.text()]
    assert str(parse(net.text()).links["x", "ink"]) == str(weight)


@settings(deadline=None)
@given(some.lists(some.text(max_size=12), unique=True, max_size=5), some.lists(some.floats(-1000, 1000), min_size=5))
def test_networks_keep_any_name_and_any_weight(names: list[str], weights: list[float]) -> None:
    names = [name for name in names if name not in (*INPUTS, "ink") and name.isprintable()]
    chain = list(zip(["x", *names], [*names, "ink"], strict=True))
    links = dict(zip(chain, weights, strict=False))
    net = network({"hue": "cos", **dict.fromkeys(names, "sin"), "ink": "sin"}, links, ["ink"])
    assert (dict(net.links), list(net.nodes)) == (links, list(dict.fromkeys(["hue", *names, "ink"])))
    assert texts([net, net]) == [net.text()] * 2
    assert parse(net.text()) == net
    child = offspring_of([(net, net)], [3], 30)[0]
    assert list(child.nodes)[: len(net.nodes)] == list(net.nodes)


def breed_for_long(children: int) -> None:
    """Networks stay valid: without cycles, within bounds."""
    draws = Draws(1)
    nets = random_networks(range(20), False, 0, 40)
    for _ in range(children // 20):
        pairs = [(draws.choice(nets), draws.choice(nets)) for _ in range(20)]
        nets = offspring_of(pairs, [draws.bits() for _ in range(20)], 1, 40)
        for child in nets:
            assert network(child.nodes, child.links, child.outputs) == child  # raises if it is not valid
            assert all(source in (*INPUTS, *child.nodes) for source, _ in child.links)
            assert max(map(abs, child.links.values()), default=0) <= 3
            assert len(child.links) <= 40


def test_thousands_of_variations_have_no_cycles_and_unique_innovations() -> None:
    breed_for_long(4000)


@pytest.mark.slow
def test_a_hundred_thousand_variations_have_no_cycles_and_unique_innovations() -> None:
    breed_for_long(100_000)


def test_a_new_node_splits_a_link_and_is_named_after_it() -> None:
    draws = Draws(2)
    net = network({"ink": "sin"}, {("x", "ink"): 0.7}, ["ink"])
    once = with_node(net, draws)
    assert once is not None
    name = innovation("x", "ink")
    assert once.links == {("x", name): 1.0, (name, "ink"): 0.7}
    assert with_node(net, draws).nodes.keys() == once.nodes.keys()  # type: ignore[union-attr] # the same innovation, the same name
    whole = packed(once.nodes, {**once.links, ("x", "ink"): 0.1}, once.outputs)
    again = next(n for n in (with_node(whole, draws) for _ in range(50)) if n and ("x", "ink") not in n.links)
    assert innovation("x", "ink", 1) in again.nodes  # and another name if that exists


def test_an_offspring_has_the_structure_of_its_mother_and_the_weights_of_either() -> None:
    draws = Draws(3)
    mother = network({"ink": "sin"}, {("x", "ink"): 1.0, ("y", "ink"): 1.0}, ["ink"])
    father = network({"ink": "cos"}, {("x", "ink"): 2.0, ("d", "ink"): 2.0}, ["ink"])
    children = [mate(mother, father, draws) for _ in range(50)]
    assert all(child.links.keys() == mother.links.keys() for child in children)
    assert {child.links["x", "ink"] for child in children} == {1.0, 2.0}
    assert {child.links["y", "ink"] for child in children} == {1.0}
    assert {child.nodes["ink"] for child in children} == {"sin", "cos"}


def test_networks_stop_growing_at_their_bound() -> None:
    draws = Draws(5)
    assert len(offspring(minimal(False, draws), None, draws, 300, 12).links) == 12


def test_species_hold_what_is_alike() -> None:
    kinds = [grown_network(seed, 40) for seed in (1, 2, 3)]
    draws = Draws(4)
    litter = [mutate(kind, draws) for kind in kinds for _ in range(5)]
    itself, child, another = distances_from_the_first([kinds[0], litter[0], kinds[1]])
    assert itself == 0
    assert child < another
    found = species(litter, 3)
    assert sorted(i for kind in found for i in kind) == list(range(15))
    assert all(len({i // 5 for i in kind}) == 1 for kind in found)  # a species is one litter


def distances_from_the_first(nets: list[Network]) -> list[float]:
    """By hand: eq. 1 of the paper, of links by their names."""
    found = []
    for net in nets:
        shared = [abs(weight - net.links[link]) for link, weight in nets[0].links.items() if link in net.links]
        larger, smaller = sorted((len(net.links), len(nets[0].links)), reverse=True)
        found.append((larger + smaller - 2 * len(shared)) / larger + 0.4 * sum(shared) / max(1, len(shared)))
    return found


@settings(deadline=None, max_examples=20)
@given(some.integers(0, 2**32))
def test_distances_are_those_of_the_paper(seed: int) -> None:
    nets = [grown_network(seed + i % 3, 4 * i) for i in range(6)]
    networks = Networks(nets)
    counts = np.array([net.link_count for net in nets])
    rows = np.repeat(np.arange(6), counts)
    found = distances(columns(networks), rows, networks.link_array["weight"], counts, 0)
    assert found.tolist() == pytest.approx(distances_from_the_first(nets))
    natively = species(nets, 4)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(breeding, "machine_code", lambda: None)
        assert species(nets, 4) == natively


def artist(size: int = 16, channels: int = 1, **options: Any) -> CPPN:
    studio = Studio((channels, size, size), batch=8)
    studio.reseed()
    it = CPPN(CPPN.Options(**options), studio)
    it.check()
    it.build()
    return it


def test_weights_are_learned_by_gradient() -> None:
    it = artist(refine=0.02, initial_mutations=0, population=4, mutation=0.0)
    net = network({"ink": "identity"}, {("x", "ink"): 0.5, ("bias", "ink"): 0.9}, ["ink"])
    it.seed_population(Works(genomes=(Genome("a", (), net.text()),) * 4))
    target = render([(Canvas().x * 0.5 + 0.25,)], 16, 16)[0]
    errors = []
    for _ in range(40):
        works = it.make(4, None)
        rewards = -(works.pixels - torch.from_numpy(target)).square().mean((1, 2, 3)) - 1
        errors.append(-rewards.max().item() - 1)
        it.learn(works, rewards)
    assert errors[-1] < errors[0] / 20


def test_networks_that_paint_in_colour_need_pictures_in_colour() -> None:
    with pytest.raises(ConfigError, match=r"needs pictures in colour; set data\.channels=3"):
        artist(outputs="colour")
    assert artist(channels=3).make(8, None).pixels.shape == (8, 3, 16, 16)
    with pytest.raises(DataError, match="paints in colour, and the pictures are grey"):
        artist().deserialize(grown_network(1, 3, colour=True).text())


# PicBreeder


def test_the_skull_looks_as_picbreeder_drew_it(real_data: Path) -> None:
    genome, net = read_genome(real_data / "picbreeder" / "skull.zip")
    assert genome.id == "576-289"
    assert genome.parents == ("576-215",)
    assert (len(net.hidden), len(net.links)) == (18, 57)
    picture = render([net.picture(Canvas())], 256, 256)
    np.testing.assert_array_equal(drawing.render_networks([net], 1, 256, 256), picture)
    drawn = (picture[0, 0] + 1) * 127.5
    with Image.open(real_data / "picbreeder" / "skull.png") as picture:
        there = np.asarray(picture.convert("L"), np.float32)
    assert np.abs(drawn - there).mean() <= 1


def test_the_skull_is_imported_redrawn_and_bred(coevo_command: CommandLine, real_data: Path, tmp_path: Path) -> None:
    png, large, picks = tmp_path / "skull.png", tmp_path / "large.png", tmp_path / "picks"
    assert (
        coevo_command("import", "picbreeder", real_data / "picbreeder" / "skull.zip", "-o", png, "--size", 64).code == 0
    )
    assert read_origin(png).works.genomes[0].id == "576-289"  # type: ignore[index]
    assert coevo_command("render", png, "--size", 200, "-o", large).code == 0
    with Image.open(large) as picture:
        assert picture.size == (200, 200)
    assert read_origin(large) == read_origin(png)
    picks.write_text("1\n\n")
    words = (
        "run",
        "picbreeder",
        "--from",
        png,
        "--plain",
        "--picks",
        picks,
        "--size",
        16,
        "--batch",
        4,
        "--name",
        "sk",
    )
    assert coevo_command(*words).code == 0
    assert "576-289" in coevo_command("lineage", "sk", "--json").out
    assert "was imported as '576-289'" in coevo_command("lineage", png).err
    child = json.loads(coevo_command("lineage", "sk", "--json").out)[-1]["id"]
    assert coevo_command("export", "sk", child, "--alone", "-o", tmp_path / "child.png").code == 0
    assert child in coevo_command("lineage", tmp_path / "child.png").out


def test_a_genome_is_read_from_bare_xml(tmp_path: Path) -> None:
    (tmp_path / "g.xml").write_text(GENOME)
    genome, net = read_genome(tmp_path / "g.xml")
    assert (genome.id, genome.parents) == ("1-2", ())
    assert net.links == {("x", "ink"): 1.5}


BOMB = '<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><data><genome>&b;</genome></data>'
OUTSIDE = '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><data><genome>&a;</genome></data>'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (BOMB, "DTDForbidden|not a genome"),
        (OUTSIDE, "not a genome"),
        ("<data/>", "it has no <genome>"),
        ("no xml", "not a genome of PicBreeder"),
        (GENOME.replace("sin(x)", "tan(x)"), "activation 'tan'"),
        (GENOME.replace('id="2"/><weight', 'id="9"/><weight'), "a link ends at node 0-9, which does not exist"),
        (GENOME.replace("1.5", "much"), "could not convert"),
        (GENOME.replace('label="x"', 'label="z"'), "its input 'z' is not one of x, y, d, bias"),
    ],
)
def test_a_damaged_or_hostile_genome_is_one_sentence(
    text: str, why: str, coevo_command: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "g.xml").write_text(text)
    answer = coevo_command("import", "picbreeder", tmp_path / "g.xml", "-o", tmp_path / "x.png")
    assert answer.code == 2
    assert len(answer.err.splitlines()) == 1
    assert not (tmp_path / "x.png").exists()
    with pytest.raises(DataError, match=why):
        read_genome(tmp_path / "g.xml")


def test_a_zip_holds_one_genome_and_no_more_than_that(tmp_path: Path) -> None:
    path = tmp_path / "g.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", GENOME)
        archive.writestr("b", GENOME)
    with pytest.raises(DataError, match="holds 2 files; a PicBreeder zip holds one genome"):
        read_genome(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../bomb", b" " * 5_000_000)
    with pytest.raises(DataError, match="holds more than 4,000,000 bytes"):
        read_genome(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_genome(tmp_path / "nothing.zip")


def test_a_name_that_cannot_be_printed_is_refused() -> None:
    links = [["x", "\ud800", 0.5], ["\ud800", "ink", 1.0]]
    text = json.dumps({"outputs": ["ink"], "nodes": {"ink": "sin", "\ud800": "sin"}, "links": links})
    with pytest.raises(DataError, match=r"is not a network: the name '\\ud800' of a node has characters"):
        parse(text)
