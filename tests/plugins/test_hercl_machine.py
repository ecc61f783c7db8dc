"""HERCL's machine: every instruction, programs worked out by hand, machine code beside what it does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hercl_programs import programs, random_program
from hypothesis import given, settings
from hypothesis import strategies as some

from coevo.native import Draws, native
from coevo_hercl import machine
from coevo_hercl.language import ENOUGH, FINISHED, OUT_OF_STEPS, Machine
from coevo_hercl.machine import SPREAD, Run, run
from coevo_hercl.program import Program
from coevo_hercl.text import read

inf = math.inf
numbers = some.one_of(
    some.integers(-9, 9).map(float), some.floats(-1e3, 1e3), some.floats(-1e15, 1e15), some.just(inf), some.just(-inf)
)


@pytest.fixture(autouse=True, params=["machine code", "Python"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Every test runs in machine code and in Python, but for those that compare the two."""
    if request.param == "Python":
        monkeypatch.setattr(machine, "machine_code", lambda: None)
    elif native() is None:
        pytest.skip("no machine code was built")
    yield request.param


def sent(text: str, *registers: float, given: list[float] | None = None, steps: int = 1000) -> list[list[float]]:
    """The messages that a program sends."""
    first = np.array([[*registers]]) if registers else np.array([given or []], np.float64)
    result = run([read(text)], first, steps=steps, preload=bool(registers), messages=20, items=70)
    return messages(result)


def messages(result: Run, n: int = 0, t: int = 0) -> list[list[float]]:
    lengths = result.lengths[n, t, : result.counts[n, t]].tolist()
    return [result.items[n, t, m, :length].tolist() for m, length in enumerate(lengths)]


def pushed(x: float) -> str:
    """What pushes a number that may be infinite."""
    if math.isinf(x):
        return "push 0 reciprocal" + " neg" * (x < 0)
    return f"push {x!r}"


def stack(instruction: str, *items: float) -> list[float]:
    """The stack, from bottom to top, after an instruction on these items and a 7 below them."""
    words = [pushed(7.0), *map(pushed, items), instruction, "write " * 6, "output |"]
    (message,) = sent(" ".join(words))
    assert message.pop() == 7
    return message[::-1]


def truth(words: str, *registers: float) -> list[float]:
    """The truth values on the stack, from top to bottom."""
    skip = "get 9 equal 9 pop branch-forward 2"  # a branch needs a truth, so it compares a register with itself
    peek = f"branch-forward 2 | push 0 write {skip} | push 1 write | "
    (message,) = sent(f"push 0 {words} {peek * 3} output |", *registers)
    return message


# instructions on the stack


def test_the_stack_is_rearranged() -> None:
    assert stack("push 3") == [3] and stack("push -0.125", 1) == [1, -0.125] and stack("push") == [0]
    assert stack("pop", 5) == [] and stack("copy", 5) == [5, 5] and stack("swap", 1, 2) == [2, 1]
    assert stack("rotate", 1, 2, 3) == [3, 1, 2]


def undefined_is_zero(x: float) -> float:
    return 0.0 if math.isnan(x) else x


UNARY: dict[str, Callable[[float], float]] = {
    "neg": lambda x: -x,
    "reciprocal": lambda x: math.copysign(inf, x) if x == 0 else 1 / x,
    "sqrt": lambda x: 0.0 if x < 0 else x**0.5,
    "exp": lambda x: inf if x > 709.7827128 else math.exp(x),
    "log": lambda x: -inf if x <= 0 else math.log(x),
    "asin": lambda x: math.copysign(math.pi / 2, x) if abs(x) > 1 else math.asin(x),
    "tanh": math.tanh,
    "round": lambda x: float(np.rint(x)),
}
BINARY: dict[str, Callable[[float, float], list[float]]] = {
    "add": lambda y, x: [undefined_is_zero(y + x)],
    "multiply": lambda y, x: [undefined_is_zero(y * x)],
    "polar": lambda y, x: [math.atan2(y, x), (x * x + y * y) ** 0.5],
    "trig": lambda y, x: (
        [0, 0] if math.isinf(y) else [undefined_is_zero(x * math.sin(y)), undefined_is_zero(x * math.cos(y))]
    ),
    "mod": lambda y, x: [0, y] if x == 0 or math.isinf(x) or math.isinf(y) else [*divmod(y, x)],
}


@pytest.mark.parametrize("name", UNARY)
@settings(max_examples=30, deadline=None)
@given(x=numbers)
def test_instructions_of_one_number(name: str, x: float) -> None:
    assert stack(name, x) == pytest.approx([UNARY[name](x)], rel=1e-14, abs=0)


@pytest.mark.parametrize("name", BINARY)
@settings(max_examples=30, deadline=None)
@given(y=numbers, x=numbers)
def test_instructions_of_two_numbers(name: str, y: float, x: float) -> None:
    assert stack(name, y, x) == pytest.approx(BINARY[name](y, x), rel=1e-14, abs=0)


@given(y=some.integers(-99, 99), x=some.integers(-9, 9).filter(bool))
@settings(max_examples=30, deadline=None)
def test_mod_leaves_quotient_and_rest(y: int, x: int) -> None:
    quotient, rest = stack("mod", y, x)
    assert (quotient, rest) == (y // x, y % x)


def test_undefined_results_are_zero() -> None:
    assert stack("multiply", 0, inf) == [0] and stack("add", inf, -inf) == [0] and stack("trig", inf, 2) == [0, 0]
    assert stack("round", -0.25) == [0] and math.copysign(1, stack("round", -0.25)[0]) == 1


@pytest.mark.parametrize("name", [*UNARY, *BINARY, "pop", "copy", "swap", "rotate", "write"])
def test_with_too_little_on_the_stack_nothing_happens(name: str) -> None:
    assert sent(f"{name} output push 1 write output |")[0] == []
    if name in (*BINARY, "swap", "rotate"):
        assert sent(f"push 5 {name} write write output |") == [[5]]
    assert name != "rotate" or sent("push 5 push 6 rotate write write output |") == [[6, 5]]


def test_onto_a_full_stack_pushing_forgets_the_lowest() -> None:
    pushes = " ".join(f"push {i}" for i in range(70))
    assert sent(f"{pushes} {'write ' * 70} output |") == [[*range(69, 5, -1)]]


def test_random_numbers_are_those_of_the_trial_s_stream() -> None:
    programs_ = [read("random write random write output |")] * 2
    result = run(programs_, np.zeros((2, 0)), steps=9, seeds=[3, 4], items=2)
    for n, seed in enumerate([3, 4]):
        for t in range(2):
            draws = Draws(Draws(seed ^ t * SPREAD).bits())
            assert messages(result, n, t) == [[draws.uniform(), draws.uniform()]]


# registers and memory


def test_registers_are_read_written_and_counted() -> None:
    assert sent("get 1 write output |", 5, 6) == [[6]]
    assert sent("push 4 put 1 get write get 0 write output |", 5, 6) == [[4, 5]]  # register 1 stays the current one
    assert sent("inc 1 get write dec 0 dec get write output |", 5, 6) == [[7, 3]]
    assert sent("put 2 get write output |", 5, 6, 8) == [[8]]  # nothing on the stack, but the current one is 2
    assert sent("get 13 write output |", 0, 1, 2, 3) == [[3]]  # modulo ten


def test_a_call_has_a_local_register_and_the_current_one_stays() -> None:
    text = (
        "push 4 put local get 1 get local write write jump-sub 1 get local write output |\n"
        "get local write inc local get write |"
    )
    assert sent(text, 5, 6) == [[4, 6, 0, 6, 4]]


@pytest.mark.parametrize(("address", "place"), [(3, 3), (67, 3), (-61, 3), (2.6, 3), (2.5, 2), (1e15, 1e15 % 64)])
def test_memory_is_addressed_by_a_register(address: float, place: float) -> None:
    text = f"{pushed(address)} put 1 push 8 store 1 {pushed(place)} put 2 load 2 write output |"
    assert sent(text) == [[8]]


def test_at_an_infinite_address_nothing_happens() -> None:
    assert sent("push 0 reciprocal put 1 push 8 store 1 load 1 write write output |") == [[8]]


# truth values and branches


def test_comparisons_leave_the_stack_and_are_tested_once() -> None:
    assert truth("") == [0, 0, 0]
    assert truth("equal 0", 0) == [1, 0, 0] and truth("equal 0", 1) == [0, 0, 0]
    assert truth("greater 0", 1) == [1, 0, 0] and truth("greater 0", -1) == truth("greater 0", 0) == [0, 0, 0]
    assert sent("equal branch-forward 2 | push 5 write | output |") == [[5]]  # of an empty stack there is no truth


@pytest.mark.parametrize("a", [0, 1])
@pytest.mark.parametrize("b", [0, 1])
def test_truth_values_are_combined(a: int, b: int) -> None:
    assert truth("greater 0 greater 1", b, a)[:2] == [a, b]
    assert truth("greater 0 greater 1 and", b, a) == [a & b, 0, 0]
    assert truth("greater 0 greater 1 or", b, a) == [a | b, 0, 0]
    assert truth("greater 0 greater 1 not", b, a)[:2] == [1 - a, b]
    assert truth("greater 0 and or", a) == [a, 0, 0]  # one is too few
    assert truth("not") == [0, 0, 0]


def test_of_more_than_64_truth_values_the_first_are_forgotten() -> None:
    # 64 times false, above 6 times true
    text = (
        "push 0 "
        + "greater 1 " * 6
        + "greater 2 " * 64
        + "| not branch-back | branch-forward 2 | push 5 write | output |"
    )
    assert sent(text, 0, 1, 0) == [[5]]


def test_branches_count_bars() -> None:
    yes = "push 0 equal"
    assert sent(f"{yes} branch-forward push 1 write | push 2 write output |") == [[2]]
    assert sent(f"{yes} branch-forward 2 | push 1 write | push 2 write output |") == [[2]]
    assert sent(f"{yes} branch-forward 9 | push 1 write output |") == []  # beyond the last bar: return


def test_branch_back_repeats_this_bar_or_earlier_ones() -> None:
    # register 0 counts down from 3; greater: register > 0
    assert sent("push 0 put 1 | get 0 write dec 0 push 0 greater 0 branch-back | output |", 3) == [[3, 2, 1]]
    assert sent("get 0 write | dec 0 push 0 greater 0 branch-back 1 | output |", 3) == [[3, 2, 1]]
    assert sent("get 0 write | dec 0 push 0 greater 0 branch-back 9 | output |", 3) == [[3, 2, 1]]
    assert sent("get 0 write dec 0 push 0 greater 0 branch-forward 0 | output |", 3) == [[3, 2, 1]]


# calls and ends


def test_cells_are_called_and_come_back() -> None:
    assert sent("jump-sub 1 push 2 write output |\npush 1 write |") == [[1, 2]]
    assert sent("jump-sub push 2 write output |\npush 1 write | return push 9 write |") == [[1, 2]]
    assert sent("jump-sub 3 push 2 write output |\npush 1 write |") == [[1, 2]]  # modulo two
    assert sent("jump-sub push 2 write output |\noutput | halt") == [[]]
    assert sent("push 1 write output | return output |") == [[1]]


def test_calls_are_63_deep() -> None:
    assert sent("push 1 write jump-sub 0 output | halt") == [[1] * 64]


# messages


def test_messages_come_in_and_go_out() -> None:
    assert sent("scan write output |", given=[5, 6]) == [[]]  # nothing was fetched
    assert sent("input scan scan scan write write write output |", given=[5, 6]) == [[6, 5]]
    assert sent("input scan write input scan write output |", given=[5, 6]) == [[5, 5]]
    assert sent("push 1 write output output push 2 write |") == [[1], []]  # what was never sent is no message


def test_a_trial_ends_with_enough_messages_and_long_ones_are_cut() -> None:
    program = read("| push 3 copy copy write write write output push 0 equal branch-back |")
    result = run([program], steps=1000, messages=4, items=2)
    assert messages(result) == [[3, 3]] * 4 and result.endings[0, 0] == ENOUGH and result.steps[0, 0] == 37


# trials


@pytest.mark.parametrize(
    ("text", "steps", "taken", "ending"),
    [
        ("| push 0 get equal branch-back |", 1000, 1000, OUT_OF_STEPS),
        ("| push 1 | |", 1, 1, FINISHED),
        ("| push 1 push 1 |", 1, 1, OUT_OF_STEPS),
        ("jump-sub 0 |", 50, 50, OUT_OF_STEPS),
        ("jump-sub 0 |", 64, 64, FINISHED),
        ("| halt push 1 |", 9, 0, FINISHED),
    ],
)
def test_endless_loops_stop_at_the_step_limit(text: str, steps: int, taken: int, ending: int) -> None:
    result = run([read(text)], steps=steps)
    assert result.steps.tolist() == [[taken]] and result.endings.tolist() == [[ending]]


def test_many_programs_answer_many_trials() -> None:
    add, first = read("get 0 get 1 add write output |"), read("input scan write output |")
    result = run([add, first, read("|"), read("output |")], np.array([[1, 2], [3, 4]]), steps=99, preload=True)
    np.testing.assert_array_equal(result.answers, [[3, 7], [1, 3], [np.nan] * 2, [np.nan] * 2])


def test_without_programs_there_is_nothing_to_run() -> None:
    assert run([], steps=1).items.shape == (0, 1, 1, 1)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"registers": 65}, "1 to 64 registers, not 65"),
        ({"steps": 0}, "at least one step"),
        ({"seeds": [1, 2]}, "one seed for each of 1 programs, not 2"),
        ({"inputs": np.array([[np.nan]])}, "inputs are finite"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: dict, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        run([read("|")], **{"steps": 1} | arguments)


# programs worked out by hand


def test_factorial() -> None:
    """5! with register 0 as the counter, the product on the stack.

    push 1          1
    bar 1:  get 0 multiply     1 · 5 = 5     5 · 4 = 20    60    120    120 · 1
            dec 0              4             3             2     1      0
            push 0 greater 0   4 > 0         3 > 0         2 > 0 1 > 0  0 > 0: no
            pop                the 0 that was compared
            branch-back        again                                    goes on
    """
    assert sent("push 1 | get 0 multiply dec 0 push 0 greater 0 pop branch-back | write output |", 5) == [[120]]


def test_fibonacci() -> None:
    """0 and 1 in registers 1 and 2; every round writes r1, and (r1, r2) becomes (r2, r1 + r2).

    get 1 copy write             r1             r1 is written
    get 2                        r1 r2
    copy put 1                   r1 r2          r1 := r2
    add put 2                                   r2 := r1 + r2
    """
    text = "inc 2 | get 1 copy write get 2 copy put 1 add put 2 dec 0 push 0 greater 0 pop branch-back | output |"
    assert sent(text, 10) == [[0, 1, 1, 2, 3, 5, 8, 13, 21, 34]]


def test_greatest_common_divisor() -> None:
    """Euclid: (a, b) becomes (b, a mod b) until b is 0, with a below b on the stack.

    copy put 1           a b        r1 := b
    mod                  q rest
    swap pop             rest
    get 1 swap           b rest
    copy put 2           b rest     r2 := rest
    push 0 greater 2 pop            rest > 0: again
    """
    text = (
        "get 0 get 1 | copy put 1 mod swap pop get 1 swap copy put 2 push 0 greater 2 pop branch-back | "
        "pop write output |"
    )
    assert sent(text, 84, 36) == [[12]]
    assert sent(text, 17, 5) == [[1]]


def test_recursion_adds_a_list() -> None:
    """Cell 1 scans an item; each call keeps it in a local register and adds it after the call inside has come back.

    Items 1, 2, 3, 0: the 0 ends the recursion, and 0 + 3 + 2 + 1 = 6.
    """
    text = (
        "input jump-sub 1 write output |\n"
        "scan put local push 0 equal local pop branch-forward 2 | jump-sub 1 get local add | return push 0 |"
    )
    assert sent(text, given=[1, 2, 3, 0]) == [[6]]


# machine code and Python


@pytest.mark.parametrize("kind", ["machine code"], indirect=True)
@settings(max_examples=100, deadline=None)
@given(some.lists(programs(), min_size=1, max_size=4), some.integers(0, 2**64 - 1))
def test_machine_code_does_what_python_does(some_programs: list[Program], seed: int) -> None:
    trials = np.array([[1.0, 2.5, -3.0], [0, 1e9, 0.1]])
    result = run(some_programs, trials, steps=200, seeds=seed, preload=True, messages=3, items=4)
    for n, program in enumerate(some_programs):
        for t, given_ in enumerate(trials.tolist()):
            one = Machine(program, given_ + [0.0] * 7, given_, Draws(seed ^ t * SPREAD).bits())
            assert one.run(200, 3) == result.endings[n, t]
            assert one.steps == result.steps[n, t]
            assert repr([message[:4] for message in one.sent]) == repr(messages(result, n, t))  # and -0 is not 0


def test_the_number_of_threads_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    some_programs, trials = [random_program(rng, 20) for _ in range(50)], rng.normal(size=(3, 2))
    one, more = (run(some_programs, trials, steps=200, preload=True, threads=k, items=3) for k in (1, 3))
    assert all(np.array_equal(a, b) for a, b in zip(one, more, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["machine code"], indirect=True)  # which is what may crash
def test_a_hundred_thousand_random_programs_end() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        batch = [random_program(rng, 60) for _ in range(1000)]
        result = run(batch, rng.normal(size=(2, 12)), steps=500, preload=True, messages=8, items=3, threads=2)
        assert result.steps.max() <= 500 and not np.isnan(result.items).any()
