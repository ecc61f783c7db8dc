"""Growth: a rule is applied to every cell of a grid for some steps, or steers agents that paint it.

`coevo/native/automaton.c` has the same loops in machine code.
"""

from __future__ import annotations

import ctypes
from ctypes import c_float, c_int64, c_void_p
from functools import cache, lru_cache

import numpy as np

from coevo.native import address, native
from coevo.shader.machine import SCRATCH, job
from coevo.shader.plan import Plan, arena
from coevo_ca.neighbourhood import CHANNELS

STARTS = "cell", "blob", "scatter", "noise"
SCATTERED = 16  # cells of a scattered start
PEN_DOWN = -0.5  # and above
MOVES = slice(CHANNELS, CHANNELS + 2)  # of what steers an agent: after its colour
PEN = CHANNELS + 2


@lru_cache(32)
def first_state(start: str, height: int, width: int) -> np.ndarray:
    """The state [3, height, width] from which a picture grows: -1 everywhere, but for one white cell in the middle, a
    blob of noise there, a few cells in bright colours, or noise all over."""
    state = np.full((CHANNELS, height, width), -1, np.float32)
    grain = (2 * noise(state.size).reshape(state.shape) - 1).astype(np.float32)
    y, x = np.mgrid[:height, :width]
    if start == "cell":
        state[:, height // 2, width // 2] = 1
    elif start == "blob":
        inside = (x - width // 2) ** 2 + (y - height // 2) ** 2 < (min(height, width) / 8) ** 2
        state[:, inside] = grain[:, inside]
    elif start == "scatter":
        there = first_cells(SCATTERED, height, width)
        state.reshape(CHANNELS, -1)[:, there] = np.sign(grain.reshape(CHANNELS, -1)[:, :SCATTERED])
    else:
        state[:] = grain
    state.flags.writeable = False  # it is kept
    return state


def first_cells(agents: int, height: int, width: int) -> np.ndarray:
    """The scattered cells where agents start, int64 [agents], counted along the rows; more agents start beside them."""
    return np.asarray((noise(agents) * (height * width)).astype(np.int64))


def noise(n: int) -> np.ndarray:
    """n numbers from 0 to 1, 1 excluded, that look random and are always the same."""
    return hashed(np.arange(1, n + 1, dtype=np.uint64))


def hashed(numbers: np.ndarray) -> np.ndarray:
    """What looks random and depends on a number alone: uint64 of any shape → float64 from 0 to 1, 1 excluded.

    Reference: splitmix64 (Steele, Lea & Flood 2014).
    """
    with np.errstate(over="ignore"):
        z = numbers * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(((z ^ (z >> np.uint64(31))) >> np.uint64(40)).astype(np.float64) * 2.0**-24)


def times(steps: int) -> np.ndarray:
    """The clock at each step, from -1 at the first to 1 at the last."""
    return np.linspace(-1, 1, steps, dtype=np.float32)


def grown(plan: Plan, start: np.ndarray, inertia: float, steps: int) -> np.ndarray:
    """The state of an automaton after some steps: inertia · state + (1 - inertia) · rule, again and again.

    Args:
        plan: of a rule. It reads the planes of the state, and then the clock.
        start: the first state [3, height, width].
        inertia: the share of its state that a cell keeps; 0 for the rule alone.
        steps: how many.

    Returns:
        [4, height, width]: the last state, and the clock at 1.
    """
    channels, *size = start.shape
    states = np.empty((2, channels + 1, *size), np.float32)
    states[0, :channels] = start
    clock, library = times(steps), machine_code()
    if library is not None and not plan.code.plugins:
        frame = plan.frame(states[0], states[1, :channels].reshape(channels, -1))
        its = job(plan.code.steps, frame, arena(plan.registers + SCRATCH))
        library.coevo_automaton(ctypes.byref(its), address(states), channels, inertia, address(clock), steps)
    else:
        for step in range(steps):
            now, after = states[step % 2], states[1 - step % 2]
            now[channels] = clock[step]
            plan.draw_from(now, after[:channels].reshape(channels, -1))
            if inertia:
                after[:channels] += np.float32(inertia) * (now[:channels] - after[:channels])
    last = np.array(states[steps % 2])
    last[channels] = 1
    return last


def painted(plan: Plan, start: np.ndarray, cells: np.ndarray, steps: int) -> np.ndarray:
    """The colours [3, height, width] that agents leave after some steps.

    Args:
        plan: of what steers an agent: it shows its colour, how far it moves to the right and below (rounded, so by a
            cell at most: what is shown is from -1 to 1), and its pen, which is down from -0.5 on. It reads the planes
            of the colours, then the clock, and last the number of the agent that is there, from 0.5 to 1, or 0.
        start: the first colours.
        cells: where agents start, int64 [agents], counted along the rows.
        steps: how many.
    """
    channels, height, width = start.shape
    world = np.zeros((channels + 2, height, width), np.float32)
    world[:channels] = start
    cells, numbers = cells.copy(), 1 - 0.5 * noise(len(cells)).astype(np.float32)
    shown = np.empty((PEN + 1, len(cells)), np.float32)
    clock, library = times(steps), machine_code()
    if library is not None and not plan.code.plugins:
        its = job(plan.code.steps, plan.frame(world, shown, cells), arena(plan.registers + SCRATCH))
        arrays = address(world), address(cells), address(numbers)
        library.coevo_agents(ctypes.byref(its), *arrays, len(cells), address(clock), steps)
    else:
        there = world[channels + 1].reshape(-1)
        for time in clock:
            world[channels] = time
            there[cells] = numbers
            plan.draw_from(world, shown, cells)
            there[cells] = 0
            _act(world[:channels].reshape(channels, -1), shown, cells, height, width)
    return np.array(world[:channels])


def _act(colours: np.ndarray, shown: np.ndarray, cells: np.ndarray, height: int, width: int) -> None:
    """Every agent paints its cell and moves; the later of two in one cell paints last."""
    down = np.flatnonzero(shown[PEN] >= PEN_DOWN)
    colours[:, cells[down]] = shown[:CHANNELS, down]
    right, below = np.rint(shown[MOVES]).astype(np.int64)
    cells[:] = (cells // width + below) % height * width + (cells % width + right) % width


@cache
def machine_code() -> ctypes.CDLL | None:
    """coevo's machine code, if there is any."""
    library = native()
    if library is not None:
        library.coevo_automaton.argtypes = [c_void_p, c_void_p, c_int64, c_float, c_void_p, c_int64]
        library.coevo_agents.argtypes = [*[c_void_p] * 4, c_int64, c_void_p, c_int64]
        library.coevo_automaton.restype = library.coevo_agents.restype = None
    return library
