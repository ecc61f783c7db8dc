"""What every instruction of HERCL does, one trial of one program at a time. `machine.py` runs whole populations.

A machine has registers, 64 places of memory, a stack of 64 numbers and a stack of 64 truth values; onto a full stack,
pushing forgets what lies lowest. Nothing fails: an instruction that finds too little on a stack does nothing, a result
that is undefined is 0 (0 · ∞, ∞ - ∞), and everything is bounded. Numbers have 64 bits and may be infinite.

On the stack, the last item is the top:

============== ====================== ================================================================
instruction    stack                  besides
============== ====================== ================================================================
push           → number
pop            x →
copy           x → x x
swap           y x → x y
rotate         z y x → x z y
add, multiply  y x → y + x, y · x
mod            y x → ⌊y / x⌋ rest     0 and y if x is 0 or one of them is infinite
reciprocal     x → 1 / x              of 0: ∞
neg            x → -x
sqrt           x → √x                 of negative numbers: 0
exp, tanh      x → eˣ, tanh x
log            x → ln x               of 0 and negative numbers: -∞
asin           x → arcsin x           of numbers beyond ±1: of ±1
round          x → nearest            halves go to even numbers
polar          y x → θ r              θ = atan2(y, x), r = √(x² + y²)
trig           θ r → y x              y = r sin θ, x = r cos θ: `polar` undone; 0 0 of an infinite θ
random         → u                    0 ≤ u < 1, by the trial's stream
get, put       → register, x →        the register is read, or written
inc, dec                              the register, plus or minus 1
load           → memory               the place that the register says, rounded, modulo 64
store          x →                    to that place; an infinite register: nothing, of `load` too
equal          x → x                  pushes the truth of: register = x
greater        x → x                  pushes the truth of: register > x
and, or, not                          on truth values: b a → b ∧ a, b ∨ a, and a → ¬a
branch-forward                        pops a truth value; if it is true, goes on n bars further
branch-back                           pops a truth value; if it is true, goes on n bars back
jump-sub                              calls a cell, with a local register of its own, 0; 63 calls deep
\\| return                             back to the caller; from the first call: the end
\\| halt                               the end
input                                 fetches the message that was given, from its first item
scan           → item                 the next item of what was fetched
write          x →                    x joins the message that is being written
output                                sends that message, and begins another
============== ====================== ================================================================

Branches beyond the last bar of a cell return; those before the first begin it again. A cell that comes to its end
returns. Steps are instructions that are done; ends of bars are none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import asin, atan2, copysign, cos, exp, fmod, inf, isfinite, isinf, log, sin, sqrt, tanh

from coevo.native import Draws
from coevo_hercl.program import LOCAL, NO_ARGUMENT, RETURN, Opcode, Program

STACK, MEMORY, CALLS = 64, 64, 64
FINISHED, OUT_OF_STEPS, ENOUGH = 0, 1, 2
"""Why a trial ended: the program did; it had done as many steps as it may; it had sent as many messages."""

Numbers = tuple[float, ...]


def multiplied(y: float, x: float) -> float:
    return defined(y * x)


def defined(x: float) -> float:
    return x if x == x else 0.0


def divided(y: float, x: float) -> Numbers:
    """Quotient and rest; the rest has the sign of x."""
    if x == 0 or isinf(x) or isinf(y):
        return 0.0, y
    rest = fmod(y, x)
    if rest and (rest < 0) != (x < 0):
        rest += x
    return rounded((y - rest) / x), rest


def rounded(x: float) -> float:
    return float(round(x)) if isfinite(x) else x


def exponential(x: float) -> float:
    try:
        return exp(x)
    except OverflowError:
        return inf


def to_polar(y: float, x: float) -> Numbers:
    return atan2(y, x), sqrt(x * x + y * y)


def from_polar(angle: float, radius: float) -> Numbers:
    if isinf(angle):
        return 0.0, 0.0
    return multiplied(radius, sin(angle)), multiplied(radius, cos(angle))


ON_STACK: Mapping[Opcode, tuple[int, Callable[..., Numbers]]] = {
    Opcode.POP: (1, lambda x: ()),
    Opcode.COPY: (1, lambda x: (x, x)),
    Opcode.SWAP: (2, lambda y, x: (x, y)),
    Opcode.ROTATE: (3, lambda z, y, x: (x, z, y)),
    Opcode.ADD: (2, lambda y, x: (defined(y + x),)),
    Opcode.MULTIPLY: (2, lambda y, x: (multiplied(y, x),)),
    Opcode.MOD: (2, divided),
    Opcode.RECIPROCAL: (1, lambda x: (1 / x if x else copysign(inf, x),)),
    Opcode.NEG: (1, lambda x: (-x,)),
    Opcode.SQRT: (1, lambda x: (sqrt(x) if x > 0 else 0.0,)),
    Opcode.EXP: (1, lambda x: (exponential(x),)),
    Opcode.LOG: (1, lambda x: (log(x) if x > 0 else -inf,)),
    Opcode.ASIN: (1, lambda x: (asin(min(max(x, -1.0), 1.0)),)),
    Opcode.TANH: (1, lambda x: (tanh(x),)),
    Opcode.ROUND: (1, lambda x: (rounded(x),)),
    Opcode.POLAR: (2, to_polar),
    Opcode.TRIG: (2, from_polar),
}
"""How many items each of these takes, and what it gives for them."""


class Machine:
    """One trial of one program, for those who read it, and where there is no compiler.

    Args:
        program: what is run.
        registers: their first numbers.
        given: the items of the message that it may fetch.
        seed: of its random numbers, 64 bits.

    Reference: Blair 2013, Learning the Caesar and Vigenere cipher by hierarchical evolutionary re-combination.

    Example:
        >>> from coevo_hercl.text import read
        >>> machine = Machine(read("get 1 copy multiply write output |"), [0.0, 3.0])
        >>> machine.run(steps=100, messages=10)
        0
        >>> machine.sent
        [[9.0]]
    """

    def __init__(self, program: Program, registers: Sequence[float], given: Sequence[float] = (), seed: int = 0):
        self.program = program
        self.codes, self.arguments, self.values = (array.tolist() for array in program.codons)
        self.bars = [self._bars(*span) for span in program.cell_spans()]
        self.registers, self.current = list(registers), 0
        self.memory = [0.0] * MEMORY
        self.stack, self.truths = list[float](), list[bool]()
        self.calls: list[tuple[int, int, float]] = []  # where to go on, and the caller's local register
        self.cell, self.at, self.local = 0, 0, 0.0
        self.given, self.fetched = list(given), list[float]()
        self.written, self.sent = list[float](), list[list[float]]()
        self.draws = Draws(seed)
        self.steps, self.done = 0, False

    def _bars(self, start: int, stop: int) -> list[int]:
        """Where the bars of a cell begin, and the last one ends."""
        return [start, *(at + 1 for at in range(start, stop) if self.codes[at] == Opcode.BAR)]

    def run(self, steps: int, messages: int) -> int:
        """Run it until it ends, has done `steps` or sent `messages`: FINISHED, OUT_OF_STEPS or ENOUGH."""
        while not self.done:
            if self.at == self.bars[self.cell][-1]:
                self._return()
                continue
            opcode, argument = Opcode(self.codes[self.at]), self.arguments[self.at]
            if opcode == Opcode.BAR:
                self.at += 1
                self._end_bar(argument)
                continue
            if self.steps == steps:
                return OUT_OF_STEPS
            self.steps += 1
            value = self.values[self.at]
            self.at += 1
            self._do(opcode, argument, value)
            if len(self.sent) == messages:
                return ENOUGH
        return FINISHED

    def _end_bar(self, argument: int) -> None:
        if argument == RETURN:
            self._return()
        elif argument != NO_ARGUMENT:
            self.done = True

    def _return(self) -> None:
        if self.calls:
            self.cell, self.at, self.local = self.calls.pop()
        else:
            self.done = True

    def _do(self, opcode: Opcode, argument: int, value: float) -> None:
        if opcode in ON_STACK:
            takes, function = ON_STACK[opcode]
            if len(self.stack) >= takes:
                first = len(self.stack) - takes
                items, self.stack = self.stack[first:], self.stack[:first]
                for one in function(*items):
                    self._push(one)
        elif opcode == Opcode.PUSH:
            self._push(value)
        elif opcode == Opcode.RANDOM:
            self._push(self.draws.uniform())
        elif opcode in TRUTH:
            self._on_truths(*TRUTH[opcode])
        elif opcode in (Opcode.BRANCH_FORWARD, Opcode.BRANCH_BACK):
            self._branch(opcode, argument)
        elif opcode == Opcode.JUMP_SUB:
            self._call(argument)
        elif opcode in MESSAGES:
            MESSAGES[opcode](self)
        else:
            self._on_register(opcode, argument)

    def _push(self, x: float) -> None:
        self.stack = [*self.stack, x][-STACK:]

    def _judge(self, truth: bool) -> None:
        self.truths = [*self.truths, truth][-STACK:]

    def _on_truths(self, takes: int, function: Callable[..., bool]) -> None:
        if len(self.truths) >= takes:
            items = [self.truths.pop() for _ in range(takes)]
            self._judge(function(*items))

    def _branch(self, opcode: Opcode, argument: int) -> None:
        if not self.truths or not self.truths.pop():
            return
        bars = self.bars[self.cell]
        here = sum(start < self.at for start in bars) - 1  # the instruction before `at` is the branch
        if opcode == Opcode.BRANCH_FORWARD:
            bar = here + (1 if argument == NO_ARGUMENT else argument)
        else:
            bar = here - max(argument, 0)
        self.at = bars[min(max(bar, 0), len(bars) - 1)]

    def _call(self, argument: int) -> None:
        if len(self.calls) < CALLS - 1:
            self.calls.append((self.cell, self.at, self.local))
            self.cell = (self.cell + 1 if argument == NO_ARGUMENT else argument) % len(self.bars)
            self.at, self.local = self.bars[self.cell][0], 0.0

    def _on_register(self, opcode: Opcode, argument: int) -> None:
        if argument >= 0:
            self.current = argument % len(self.registers)
        value = self.local if argument == LOCAL else self.registers[self.current]
        if opcode == Opcode.GET:
            self._push(value)
        elif opcode == Opcode.PUT:
            if self.stack:
                self._set(argument, self.stack.pop())
        elif opcode == Opcode.INC:
            self._set(argument, value + 1)
        elif opcode == Opcode.DEC:
            self._set(argument, value - 1)
        elif opcode == Opcode.EQUAL:
            if self.stack:
                self._judge(value == self.stack[-1])
        elif opcode == Opcode.GREATER:
            if self.stack:
                self._judge(value > self.stack[-1])
        elif isfinite(value):
            place = round(value) % MEMORY
            if opcode == Opcode.LOAD:
                self._push(self.memory[place])
            elif self.stack:
                self.memory[place] = self.stack.pop()

    def _set(self, argument: int, value: float) -> None:
        if argument == LOCAL:
            self.local = value
        else:
            self.registers[self.current] = value

    def _input(self) -> None:
        self.fetched = list(self.given)

    def _scan(self) -> None:
        if self.fetched:
            self._push(self.fetched.pop(0))

    def _write(self) -> None:
        if self.stack:
            self.written.append(self.stack.pop())

    def _output(self) -> None:
        self.sent.append(self.written)
        self.written = []


TRUTH: Mapping[Opcode, tuple[int, Callable[..., bool]]] = {
    Opcode.NOT: (1, lambda a: not a),
    Opcode.AND: (2, lambda a, b: a and b),
    Opcode.OR: (2, lambda a, b: a or b),
}
"""How many truth values each of these takes, and what it gives for them."""
MESSAGES: Mapping[Opcode, Callable[[Machine], None]] = {
    Opcode.INPUT: Machine._input,
    Opcode.SCAN: Machine._scan,
    Opcode.WRITE: Machine._write,
    Opcode.OUTPUT: Machine._output,
}
