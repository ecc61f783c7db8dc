"""Speed on a GPU: images/s of `dcgan` × `dcnn` in fp32, bf16 and compiled. Without a GPU it measures nothing."""

from __future__ import annotations

import statistics
import time

import torch

from coevo.data.batches import DatasetBatches
from coevo.data.datasets import DataOptions, digits
from coevo.loop import coevolve
from coevo.studio import Studio
from coevo_gan.dcgan import DCGAN
from coevo_gan.dcnn import DCNN

WIDTH, ROUNDS, REPEATS = 64, 100, 5


def speed(batch: int, precision: str, compiled: bool) -> float:
    """Images/s, the median of some stretches after a warm-up."""
    device = torch.device("cuda")
    strict = precision == "fp32"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = not strict
    studio = Studio((1, 32, 32), device=device, precision=precision, compile=compiled, batch=batch)  # type: ignore[arg-type]
    artist = DCGAN(DCGAN.Options(width=WIDTH), studio)
    critic = DCNN(DCNN.Options(width=WIDTH, norm="auto", r1=0.0), studio)  # compiled networks have no R1
    studio.reseed()
    artist.build()
    critic.build(artist)
    data = DatasetBatches(digits(DataOptions()), batch, 0, (1, 1), device)
    turns = coevolve(artist, critic, data)
    speeds = []
    for stretch in range(REPEATS + 1):
        torch.cuda.synchronize()
        begun = time.perf_counter()
        for _ in range(2 * ROUNDS):
            next(turns)
        torch.cuda.synchronize()
        if stretch:
            speeds.append(ROUNDS * batch / (time.perf_counter() - begun))
    return statistics.median(speeds)


def main() -> None:
    if not torch.cuda.is_available():
        print("benchmarks/gpu.py: no GPU here, so nothing was measured.")
        return
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, width {WIDTH}, 32 px")
    for batch in (64, 256, 1024):
        plain = speed(batch, "fp32", False)
        print(f"batch {batch}, fp32: {plain:.0f} images/s")
        for precision, compiled in (("bf16", False), ("fp32", True), ("bf16", True)):
            fast = speed(batch, precision, compiled)
            print(
                f"batch {batch}, {precision}{', compiled' * compiled}: {fast:.0f} images/s, {fast / plain:.2f} of fp32"
            )


if __name__ == "__main__":
    main()
