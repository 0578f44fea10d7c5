"""The calculator beside Python's own exact arithmetic, and what it refuses."""

import math
from collections.abc import Callable
from fractions import Fraction
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.agents.tools.arithmetic import DEEPEST, LONGEST, computed
from chatapp.agents.tools.catalogue import Caller, built
from chatapp.agents.tools.numbers import Number, written
from chatapp.agents.tools.problems import ToolProblem

Told = tuple[str, Fraction]

_SIGNS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: Fraction(a // b),
    " mod ": lambda a, b: a % b,
}


def attempt(text: str) -> Number | ToolProblem:
    try:
        return computed(text)
    except ToolProblem as problem:
        return problem


def _number(text: str) -> Told:
    return text, Fraction(text)


def _together(left: Told, right: Told, sign: str) -> Told:
    if sign in ("/", "//", " mod ") and right[1] == 0:
        sign = "+"
    return f"({left[0]}){sign}({right[0]})", _SIGNS[sign](left[1], right[1])


numbers = st.one_of(
    st.integers(0, 10**12).map(str),
    st.decimals(0, 10**6, places=4, allow_nan=False, allow_infinity=False).map(lambda d: f"{d:f}"),
).map(_number)
expressions = st.recursive(
    numbers,
    lambda inner: st.one_of(
        st.builds(_together, inner, inner, st.sampled_from(list(_SIGNS))),
        inner.map(lambda one: (f"-({one[0]})", -one[1])),
        st.tuples(inner, st.integers(0, 3)).map(lambda p: (f"({p[0][0]})^{p[1]}", p[0][1] ** p[1])),
    ),
    max_leaves=8,
)


@given(expressions)
def test_every_result_is_that_of_exact_arithmetic(expression: Told) -> None:
    text, value = expression
    if len(text) > LONGEST:
        return
    found = attempt(text)
    if isinstance(found, ToolProblem):
        assert "too large" in str(found)
    else:
        assert (found.exact, found.value) == (True, value)


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(1, 10**9), st.integers(0, 9))
def test_precedence_is_that_of_python(a: int, b: int, c: int, d: int) -> None:
    text = f"-{a}+{b}*{c}-{b}/{c}**2-{a}//{c}+{d}**2*-{a}"
    assert computed(text).value == -a + b * c - Fraction(b, c**2) - a // c + d**2 * -a


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_number_or_refused_in_words(text: str) -> None:
    found = attempt(text)
    said = str(found) if isinstance(found, ToolProblem) else written(found)
    assert said.startswith(("=", "≈")) or said.endswith(".")


@given(st.text(alphabet="0123456789.+-*/%^!(),e√ sqrtlnexp", max_size=40))
def test_whatever_looks_like_arithmetic_is_a_number_or_refused_in_words(text: str) -> None:
    found = attempt(text)
    said = str(found) if isinstance(found, ToolProblem) else written(found)
    assert said.startswith(("=", "≈")) or said.endswith(".")


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("0.1 + 0.2", "= 0.3"),
        ("10/3", "= 10/3 ≈ 3.33333333333333333333333333333"),
        ("1/8", "= 0.125"),
        ("-2^2", "= -4"),
        ("2^3^2", "= 512"),
        ("2^-3", "= 0.125"),
        ("√(16/25)", "= 0.8"),
        ("sqrt(2)", "≈ 1.4142135623731"),
        ("15% * 80", "= 12"),
        ("80 + 19%", "= 80.19"),
        ("10 % 3", "= 1"),
        ("20!", "= 2432902008176640000"),
        ("comb(49, 6)", f"= {math.comb(49, 6)}"),
        ("3 × 4 ÷ 6 − 1", "= 1"),
        ("3² + 1'000", "= 1009"),
        ("round(2.5) + round(-2.5)", "= 0"),
        ("round(2.675, 2)", "= 2.68"),
        ("sin(pi/6)", "≈ 0.5"),
        ("exp(0) + ln(1)", "= 1"),
        ("1e-5", "= 0.00001"),
        ("10^1500", "≈ 1E+1500 (1,501 digits)"),
        ("(-1)^99999999999999999999", "= -1"),
    ],
)
def test_results_are_written_as_people_read_them(text: str, result: str) -> None:
    assert written(computed(text)) == result


@pytest.mark.parametrize(
    "text",
    [
        "9^9^9^9",
        "9**99999999999999999999",
        "(1/3)^99999999",
        "0.0000001^99999999",
        "1e999999999",
        "10^2900*10^2900",
        "99999!",
        "1000!!!!",
        "comb(100000, 50000)",
        "exp(99999999)",
        "exp(exp(exp(99)))",
        "2^0.5^-99999",
        "(" * 900,
        "(" * 400 + "1" + ")" * 400,
        "-" * 900 + "1",
        "2^" * 400 + "1",
        "√" * 900 + "1",
        "abs(" * 200 + "1" + ")" * 200,
        "1+" * 600 + "1",
        "9" * 1_001,
    ],
)
def test_bombs_are_refused_in_words(text: str) -> None:
    with pytest.raises(ToolProblem, match=r"too (large|long|deep)|ends too early|0 to 1,000"):
        computed(text)


def test_what_is_just_allowed_is_computed() -> None:
    brackets = DEEPEST // 2 - 1
    assert computed("(" * brackets + "1" + ")" * brackets).value == 1
    assert computed("1+" * 499 + "1").value == 500
    assert computed("999!").value == math.factorial(999)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1/0", "Division by zero."),
        ("5 mod (1-1)", "Division by zero."),
        ("0^-1", "Division by zero."),
        ("sqrt(-1)", "no real square root"),
        ("(-8)^(1/3)", "not defined"),
        ("ln(0)", "not defined"),
        ("log(8, 1)", "base 1"),
        ("1 +", "ends too early"),
        ("2 3", "“3” is not understood"),
        ("__import__('os')", "not understood"),
        ("x.y", "not understood"),
        ("sqrt", "needs brackets"),
        ("sqrt(1, 2)", "does not take 2 numbers"),
        ("2.5!", "whole numbers"),
        ("１＋１", "not understood"),
    ],
)
def test_what_is_no_number_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ToolProblem, match=words):
        computed(text)


async def test_a_model_uses_it_by_its_name() -> None:
    (tool,) = built(["calculator", "unknown"], Caller(uuid4()))
    assert await tool.ainvoke({"expression": "6 * 7"}) == "6 * 7 = 42"
