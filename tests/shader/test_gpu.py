"""Drawing on a GPU without one: the kernel is compiled as C, and launched through a driver whose GPU is the processor.

What needs a GPU is skipped where there is none.
"""

from __future__ import annotations

import ctypes
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

import coevo.evolution.programs
import coevo_cppn.artist
import coevo_gp.artist
from coevo import Studio
from coevo.evolution.programs import ProgramPopulation
from coevo.native import SOURCES, native
from coevo.shader import Canvas, Expression, Instruction, Program, cuda, gpu, render
from coevo.shader.instructions import BUILT_IN
from coevo.shader.plan import Plan
from coevo_cppn.artist import CPPN
from coevo_gp.artist import GP

COMPILER = next(filter(shutil.which, ["cc", "gcc", "clang"]), None)


def nvrtc() -> ctypes.CDLL | None:
    try:
        return cuda.nvrtc()
    except OSError:
        return None


needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")


@pytest.fixture(scope="session")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> cuda.Kernel:
    """The kernel on the processor."""
    return built_in(tmp_path_factory.mktemp("driver"))


def built_in(folder: Path, *more: str) -> cuda.Kernel:
    if COMPILER is None:
        pytest.skip("there is no C compiler here")
    built = folder / "driver.so"
    flags = "-shared -fPIC -O2 -std=c11 -Wall -Wextra -Werror -Wno-attributes -ffp-contract=off -fno-math-errno -x c"
    source = Path(__file__).with_name("driver_on_cpu.c")
    subprocess.run([COMPILER, *shlex.split(flags), *more, str(source), "-o", str(built), "-lm"], check=True)
    return cuda.Kernel(ctypes.CDLL(str(built)), b"compiled already", (gpu.NEAR, gpu.FAR))


def drawn(kernel: cuda.Kernel, programs: Sequence[Program], height: int, width: int) -> np.ndarray:
    """Pictures of programs of any canvases, by the kernel alone."""
    images = torch.full((len(programs), len(programs[0]), height, width), torch.nan)
    gpu.draw(kernel, [Plan([program], height, width) for program in programs], images, stream=0)
    return images.numpy()


def drawn_alone(program: Program, height: int, width: int) -> np.ndarray:
    return render([program], height, width)[0]


def assert_same(there: np.ndarray, here: np.ndarray) -> None:
    """By machine code the very bits; by NumPy to a last bit, which decides the edges of floors and signs."""
    if native():
        np.testing.assert_array_equal(there, here)
    else:
        assert (np.abs(there - here) < 1e-4).mean() > 0.97


# A program as a list of instructions, whose arguments are values before them.
PROGRAMS = some.lists(some.tuples(some.sampled_from(BUILT_IN), *[some.integers(0, 1000)] * 3), min_size=1, max_size=60)
NUMBERS = (0.0, -1.5, 0.3, 7.0)


def program_of(code: list[Any], channels: int) -> Program:
    canvas = Canvas()
    values = [canvas.x, canvas.y, *map(canvas.constant, NUMBERS)]
    for instruction, *arguments in code:
        values.append(
            canvas.apply(instruction, *[values[-1 - a % len(values)] for a in arguments[: arity(instruction)]])
        )
    return [values[-1 - i] for i in range(channels)]


def arity(instruction: Instruction) -> int:
    one = {"negate", "absolute", "floor", "round", "root", "exp", "log", "sin", "cos", "tanh"}
    return 1 if instruction.name in one else 3 if instruction.name in ("select", "multiply-add", "noise") else 2


@settings(deadline=None, max_examples=100)
@given(some.lists(PROGRAMS, min_size=1, max_size=6), some.integers(1, 3), some.integers(1, 20), some.integers(1, 20))
def test_the_kernel_draws_what_the_processor_draws(
    kernel: cuda.Kernel, codes: list[list[Any]], channels: int, height: int, width: int
) -> None:
    programs = [program_of(code, channels) for code in codes]
    expected = [drawn_alone(program, height, width) for program in programs]
    assert_same(drawn(kernel, programs, height, width), np.stack(expected))


@pytest.mark.parametrize("instruction", BUILT_IN, ids=lambda instruction: instruction.name)
def test_every_instruction_takes_registers_and_numbers(kernel: cuda.Kernel, instruction: Instruction) -> None:
    canvas = Canvas()
    full = [canvas.x * 3 + canvas.y, canvas.x - canvas.y * 2, canvas.x * canvas.y]
    for constant in range(arity(instruction)):
        arguments: list[Expression | float] = [*full]
        arguments[constant] = 0.7
        program = [canvas.apply(instruction, *arguments[: arity(instruction)])]
        assert_same(drawn(kernel, [program], 16, 16)[0], drawn_alone(program, 16, 16))


def test_a_population_of_gp_is_drawn_by_few_launches(kernel: cuda.Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    artist = GP(GP.Options(population=40), Studio((3, 16, 16)))
    artist.build()
    programs = [artist.program(artist.genome(one), Canvas()) for one in artist.population]
    launches: list[tuple[Any, ...]] = []
    monkeypatch.setattr(kernel, "launch", count_calls(kernel.launch, launches))
    assert_same(drawn(kernel, programs, 16, 16), artist.works().pixels.numpy())
    assert len(launches) <= 4  # of up to 8, 16, 32, 64 registers
    assert sum(blocks for _, blocks, *_ in launches) == 40


@pytest.mark.parametrize("artist_of", [GP, CPPN])
def test_artists_draw_there(kernel: cuda.Kernel, monkeypatch: pytest.MonkeyPatch, artist_of: type[Any]) -> None:
    """The pictures of a population are those that the processor draws."""
    artist = artist_of(artist_of.Options(population=70), Studio((3, 16, 16)))
    artist.build()
    genomes = [artist.genome(one) for one in artist.population]
    by_processor = artist.draw(genomes, 12, 20)
    by_expressions = ProgramPopulation.draw(artist, genomes, 12, 20)

    launches: list[tuple[Any, ...]] = []
    monkeypatch.setattr(kernel, "launch", count_calls(kernel.launch, launches))
    for module in (coevo_gp.artist, coevo_cppn.artist, coevo.evolution.programs, gpu):
        monkeypatch.setattr(module, "draws_on", lambda device: True)
    monkeypatch.setattr(gpu, "kernel_of", lambda device: kernel)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "device", nullcontext)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: SimpleNamespace(cuda_stream=0))
    assert_same(artist.draw(genomes, 12, 20).numpy(), by_processor.numpy())
    assert_same(ProgramPopulation.draw(artist, genomes, 12, 20).numpy(), by_expressions.numpy())
    assert sum(blocks for _, blocks, *_ in launches) == 2 * 70


def count_calls(launch: Any, calls: list[Any]) -> Any:
    def counted(*arguments: Any) -> None:
        calls.append(arguments)
        launch(*arguments)

    return counted


def of_many_registers(waves: int) -> Program:
    canvas = Canvas()
    some = [(canvas.x * k + canvas.y).sin() for k in range(1, waves)]
    total = canvas.constant(0)
    for wave in (*some, *some[::-1]):
        total = total * 0.5 + wave
    return [total]


@pytest.mark.parametrize(("registers", "where"), [(150, gpu.NEAR), (300, gpu.FAR)])
def test_many_registers_are_kept_in_the_devices_memory(
    kernel: cuda.Kernel, monkeypatch: pytest.MonkeyPatch, registers: int, where: str
) -> None:
    launches: list[tuple[Any, ...]] = []
    monkeypatch.setattr(kernel, "launch", count_calls(kernel.launch, launches))
    monkeypatch.setattr(gpu, "MOST_FAR", 11 * registers * gpu.REGISTER // 2)  # of five blocks
    program = of_many_registers(registers)
    assert_same(drawn(kernel, [program, program], 30, 50), np.stack([drawn_alone(program, 30, 50)] * 2))
    blocks = 2 * 6
    assert [(name, many) for name, many, *_ in launches] == (
        [(where, blocks)] if where == gpu.NEAR else [(where, 5), (where, 5), (where, 2)]
    )


def test_the_drivers_refusal_is_told_in_its_words(kernel: cuda.Kernel) -> None:
    for blocks, shared in ((1, kernel.most_shared + 1), (0, 0)):
        with pytest.raises(RuntimeError, match=r"cuLaunchKernel failed: invalid argument \(1\)"):
            kernel.launch(gpu.NEAR, blocks, gpu.THREADS, shared, 0, [])
    with pytest.raises(RuntimeError, match=r"cuModuleGetFunction failed: named symbol not found \(500\)"):
        cuda.Kernel(kernel._driver, b"compiled already", ["unknown"])


def test_programs_with_instructions_of_plugins_are_drawn_by_the_processor(
    kernel: cuda.Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    canvas = Canvas()
    half = Instruction("half", lambda a, out: np.multiply(a, np.float32(0.5), out), lambda a: a / 2)
    simple, plugins = canvas.x * canvas.y, canvas.apply(half, canvas.x + canvas.y)
    launches: list[tuple[Any, ...]] = []
    monkeypatch.setattr(kernel, "launch", count_calls(kernel.launch, launches))
    programs = [[simple], [plugins], [simple * 2]]
    there = drawn(kernel, programs, 16, 16)
    assert [blocks for _, blocks, *_ in launches] == [2]  # of the simple ones
    assert_same(there, np.stack([drawn_alone(one, 16, 16) for one in programs]))


def test_no_pictures_are_no_launch(kernel: cuda.Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    launches: list[tuple[Any, ...]] = []
    monkeypatch.setattr(kernel, "launch", count_calls(kernel.launch, launches))
    gpu.draw(kernel, [], torch.empty(0, 3, 8, 8), stream=0)
    assert not launches


def test_waves_where_double_precision_is_slow(tmp_path: Path) -> None:
    """CUDA's own sine and cosine take the place of ours, here those of C."""
    canvas = Canvas()
    turns = (canvas.x * 300 + canvas.y) * 100
    kernel = built_in(tmp_path, "-DSLOW_DOUBLES")
    shown = drawn(kernel, [[turns.sin(), turns.cos()]], 16, 16)[0]
    np.testing.assert_allclose(shown, drawn_alone([turns.sin(), turns.cos()], 16, 16), atol=1e-6)


def test_a_processor_needs_no_kernel() -> None:
    assert not gpu.draws_on(torch.device("cpu"))
    with pytest.raises(ValueError, match="no kernel draws programs on cpu; ask `draws_on` first, and use `render` or"):
        gpu.render_on_gpu(torch.device("cpu"), [], (0, 3, 8, 8))


def test_a_missing_compiler_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "_beside_torch", lambda name: [])
    monkeypatch.setattr(torch.version, "cuda", "99.0")
    with pytest.raises(
        OSError, match=r"CUDA's compiler .*nvrtc.*99.* was found neither on the system nor beside torch"
    ):
        cuda.nvrtc()


def test_a_gpu_without_a_kernel_leaves_drawing_to_the_processor(
    kernel: cuda.Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a compiler that is found there is a kernel, without one a warning says so once."""
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "device", nullcontext)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (9, 0))
    monkeypatch.setattr(torch, "zeros", lambda *size, device: None)
    monkeypatch.setattr(cuda, "nvrtc", lambda: None)
    monkeypatch.setattr(cuda, "driver", lambda: kernel._driver)
    monkeypatch.setattr(gpu, "binary_of", lambda compiler, architecture: architecture.encode())
    first, second = torch.device("cuda", 0), torch.device("cuda", 1)
    gpu.kernel_of.cache_clear()
    try:
        assert gpu.draws_on(first)
        monkeypatch.setattr(cuda, "nvrtc", missing)
        assert gpu.draws_on(first)
        with pytest.warns(UserWarning, match="Programs are drawn by the processor, not by the GPU: no compiler"):
            assert not gpu.draws_on(second)
        assert not gpu.draws_on(second)
    finally:
        gpu.kernel_of.cache_clear()


def missing() -> None:
    raise OSError("no compiler")


@pytest.mark.parametrize("architecture", ["89", "90"])  # of slow and of fast double precision
def test_the_kernel_is_cuda(tmp_path: Path, architecture: str) -> None:
    if (compiler := nvrtc()) is not None:
        assert gpu.binary_of(compiler, architecture).startswith(b"\x7fELF")
    elif shutil.which("nvcc"):
        words = ["nvcc", "-cubin", f"-arch=sm_{architecture}", *gpu.OPTIONS, "-o", str(tmp_path / "kernel")]
        subprocess.run([*words, str(SOURCES / "kernel.cu")], check=True)
    else:
        pytest.skip("CUDA's compiler is not installed")


@pytest.mark.skipif(nvrtc() is None, reason="CUDA's compiler is not installed beside torch")
def test_what_cudas_compiler_says_is_told() -> None:
    compiler = nvrtc()
    assert compiler is not None
    with pytest.raises(RuntimeError, match=r"CUDA's compiler failed:\n.*error"):
        cuda.compiled(compiler, "unfinished", {}, [])


@needs_gpu
def test_a_gpu_draws_what_the_processor_draws() -> None:
    studio = Studio((3, 40, 56), device=torch.device("cuda"))
    artist = GP(GP.Options(population=200), studio)
    artist.build()
    there = artist.works().pixels
    assert there.device.type == "cuda"
    programs = [artist.program(artist.genome(one), Canvas()) for one in artist.population]
    here = np.stack([drawn_alone(program, 40, 56) for program in programs])
    assert (np.abs(there.cpu().numpy() - here) < 1e-4).mean() > 0.999
