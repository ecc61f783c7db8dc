"""Networks of a run as files for other programs: ONNX, and torch's own .pt2. What is written was compared first."""

from __future__ import annotations

import io
import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from coevo.contract.capabilities import DifferentiableDecoder, DifferentiableEncoder
from coevo.contract.players import Player
from coevo.contract.works import Works
from coevo.errors import CoevoError, ConfigError, PairError
from coevo.extras import needed
from coevo.images import NETWORKS
from coevo.runs.opening import SavedRun
from coevo.storage.run_folder import RunFolder
from coevo.tools.output import write_output

Part = Literal["generator", "encoder", "critic"]
TOLERANCE = 1e-5  # of what a file computes, relative to the largest value if that is more than 1
TRIED = 4, 7  # works that it is exported with, and compared on
LARGEST = 1024  # works at once


class Network(nn.Module):
    """A function of a player as a module: its parameters are those of the player's networks."""

    def __init__(self, player: Player, function: Any):
        super().__init__()
        self.networks = nn.ModuleList(part for part in vars(player).values() if isinstance(part, nn.Module))
        self.function = function

    def forward(self, *inputs: Tensor) -> Tensor:
        value: Tensor = self.function(*inputs)
        return value


class Exported(NamedTuple):
    """What was written.

    Args:
        inputs: names of the inputs, with the shapes of one of each.
        output: the name of the output, and its shape.
        error: how far it was from what the run computes, at most.
    """

    inputs: dict[str, tuple[int, ...]]
    output: tuple[str, tuple[int, ...]]
    error: float


def write_network(run: RunFolder, part: Part, output: Path) -> Exported:
    """Write a network of a run, of any number of works at once, and compare what the file computes with the run's.

    Args:
        run: the run's folder.
        part: generator (codes → images), encoder (images → latents) or critic (images → rewards, of the game that it
            plays). Images are float32 [N, C, H, W] in [-1, 1].
        output: the file, .onnx or .pt2.

    Raises:
        ConfigError: a package is missing, or the file has another ending.
        PairError: the run has no such network, or it cannot be exported; nothing is written.
    """
    kind = output.suffix.lower()
    if kind not in NETWORKS:
        raise ConfigError(f"-o {output} should end with {' or '.join(NETWORKS)}.")
    if kind == ".onnx":
        needed("onnxscript", "onnx", f"-o {output}")
    saved = SavedRun(run, precision="fp32", device="cpu", compile=False)
    with saved.setup.studio.playing(), quiet():
        network, inputs, name = network_of(saved, part)
        try:
            content, error = exported(network, inputs, name, kind)
        except CoevoError:
            raise
        except Exception as failure:  # of torch's exporter, which has many
            said = next(iter(str(failure).strip().splitlines()), type(failure).__name__)
            raise PairError(f"The {part} of run {run.name!r} cannot be written as {kind}: {said}") from failure
        shape = tuple(network(*(each[:1] for each in inputs.values())).shape)
    if not error <= TOLERANCE:
        raise PairError(
            f"The {part} of run {run.name!r} cannot be written as {kind}: what the file computes is {error:.2g} away "
            "from what the run does, as of a network that draws random numbers."
        )
    write_output(output, content)
    return Exported({key: tuple(each.shape[1:]) for key, each in inputs.items()}, (name, shape[1:]), error)


def network_of(saved: SavedRun, part: Part) -> tuple[Network, dict[str, Tensor], str]:
    """A network, works to try it with by the names of its inputs, and the name of its output.

    Raises:
        PairError: there is none.
    """
    artist, studio, n = saved.artist, saved.setup.studio, sum(TRIED)
    images = torch.rand(n, *studio.image, generator=torch.Generator().manual_seed(0)) * 2 - 1
    if part == "generator":
        codes = artist.exhibit(n, seed=0).codes if artist.code.blocks else None
        if codes is None or not isinstance(artist, DifferentiableDecoder):
            raise PairError(f"Artist {artist.name!r} has no network that decodes codes, so there is no generator.")
        return Network(artist, artist.pictures), {"codes": codes.float()}, "images"
    if part == "encoder":
        if not isinstance(artist, DifferentiableEncoder):
            raise PairError(f"Artist {artist.name!r} has no encoder.")
        return Network(artist, artist.latents), {"images": images}, "latents"
    critic, spec = saved.critic, saved.setup.critic.spec()
    if not spec.gradients or spec.judges != "images":
        raise PairError(f"Critic {critic.name!r} has no network that judges images.")
    for network in vars(critic).values():
        if isinstance(network, nn.Module):
            network.eval()  # by running averages: a work's reward is its own, whatever else is in the batch
    if spec.labels == "required":
        labels = torch.arange(n) % max(1, len(studio.classes))
        return (
            Network(critic, lambda images, labels: critic.judge(Works(images, labels=labels), None)),
            {"images": images, "labels": labels},
            "rewards",
        )
    return Network(critic, lambda images: critic.judge(Works(images), None)), {"images": images}, "rewards"


@torch.no_grad()
def exported(network: Network, inputs: dict[str, Tensor], name: str, kind: str) -> tuple[bytes, float]:
    """A network as the content of a file, and how far it is from what the network computes, on other works."""
    some = {key: each[: TRIED[0]] for key, each in inputs.items()}
    others = tuple(each[TRIED[0] :] for each in inputs.values())
    right = network(*others).numpy()
    count = torch.export.Dim("n", max=LARGEST)
    program = torch.export.export(
        network, tuple(some.values()), dynamic_shapes={"inputs": tuple({0: count} for _ in some)}, strict=False
    )
    buffer = io.BytesIO()
    if kind == ".pt2":
        torch.export.save(program, buffer)
        buffer.seek(0)
        found = torch.export.load(buffer).module()(*others).numpy()
    else:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "network.onnx")
            torch.onnx.export(
                program,
                (),
                file,
                input_names=list(some),
                output_names=[name],
                dynamo=True,
                external_data=False,
                verbose=False,
            )
            buffer.write(file.read_bytes())
        session = needed("onnxruntime", "onnx", "What was written").InferenceSession(buffer.getvalue())
        given = {key: each.numpy() for key, each in zip(some, others, strict=True)}
        found = session.run(None, given)[0]
    scale = max(1.0, float(np.abs(right).max()))
    return buffer.getvalue(), float(np.abs(found - right).max()) / scale


@contextmanager
def quiet() -> Iterator[None]:
    """Within the block torch's exporter does not say what it does, and warns of nothing."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
