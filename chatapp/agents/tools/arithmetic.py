"""What the calculator understands: an expression, read by hand and computed as it is read.

There is no ``eval`` and no name but those in the tables below. Length, depth and the size of every
number on the way are bounded, and so is the time.
"""

import math
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from typing import NoReturn

from chatapp.agents.tools.numbers import (
    CONTEXT,
    DIGITS,
    TOO_LARGE,
    Number,
    bounded,
    near,
    power,
    root,
)
from chatapp.agents.tools.problems import ToolProblem

LONGEST = 1_000
"""Characters of an expression."""

DEEPEST = 60
"""Brackets, signs and powers within each other."""

FACTORIAL = 1_000
"""The largest number whose factorial is computed."""

_PI = Decimal("3.14159265358979323846264338327950288419716939937510582")
_E = Decimal("2.71828182845904523536028747135266249775724709369995957")
_SAME = str.maketrans("×·⋅÷−–^’", "***/--^'") | {ord("²"): "^2", ord("³"): "^3"}
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9][0-9_']*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,5})?)"
    r"|(?P<name>[^\W\d]\w*)|(?P<sign>\*\*|//|[-+*/%^!(),;√]))"
)


def computed(text: str) -> Number:
    """The number that an expression is.

    Raises:
        ToolProblem: it is none, or too much for a calculator.
    """
    if len(text) > LONGEST:
        raise ToolProblem(f"The expression is too long: at most {LONGEST:,} characters.")
    reading = _Reading(_tokens(text.translate(_SAME)))
    found = reading.sum()
    if (left := reading.next) is not None:
        _unexpected(left)
    return found


def _tokens(text: str) -> list[str]:
    found, place = [], 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            _unexpected(text[place:].lstrip()[:1])
        found.append(match.group().strip())
        place = match.end()
    return found


def _unexpected(token: str | None) -> NoReturn:
    if token is None:
        raise ToolProblem("The expression ends too early.")
    raise ToolProblem(f"“{token[:20]}” is not understood at its place in the expression.")


class _Reading:
    """Reads tokens from left to right; each method is one level of precedence."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    @property
    def next(self) -> str | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _take(self, *wanted: str) -> str | None:
        token = self.next
        if token in wanted:
            self._place += 1
            return token
        return None

    def sum(self) -> Number:
        found = self._product()
        while sign := self._take("+", "-"):
            found = _both(found, self._product(), _SUMS[sign])
        return found

    def _product(self) -> Number:
        found = self._signed()
        while sign := self._take("*", "/", "//", "%", "mod"):
            found = _both(found, self._signed(), _PRODUCTS[sign])
        return found

    def _signed(self) -> Number:
        self._deeper()
        if self._take("-"):
            inner = self._signed()
            found = Number(-inner.value, inner.exact)
        elif self._take("+"):
            found = self._signed()
        else:
            found = self._raised()
        self._depth -= 1
        return found

    def _raised(self) -> Number:
        base = self._marked()
        if self._take("^", "**"):
            return power(base, self._signed())
        return base

    def _marked(self) -> Number:
        """A value with what stands behind it: ``5!``, ``15%``."""
        found = self._value()
        while True:
            if self._take("!"):
                found = _factorial(found)
            elif self.next == "%" and not self._goes_on():
                self._place += 1
                found = Number(found.value / 100, found.exact)
            else:
                return found

    def _goes_on(self) -> bool:
        """Whether a value follows the sign that is next: then ``%`` is a remainder."""
        after = self._tokens[self._place + 1 : self._place + 2]
        return bool(after) and (after[0][0].isalnum() or after[0][0] in "._(√")

    def _value(self) -> Number:
        token = self.next
        if token is None:
            _unexpected(None)
        self._place += 1
        if token == "(":  # noqa: S105 - a bracket
            self._deeper()
            found = self.sum()
            self._close()
            return found
        if token == "√":  # noqa: S105
            self._deeper()
            found = root(self._marked())
            self._depth -= 1
            return found
        if token[0] in "0123456789.":
            return _number(token)
        return self._named(token)

    def _named(self, token: str) -> Number:
        name = token.lower()
        if name in _CONSTANTS:
            return Number(Fraction(_CONSTANTS[name]), exact=False)
        if name not in _FUNCTIONS:
            _unexpected(token)
        least, most, function = _FUNCTIONS[name]
        if not self._take("("):
            raise ToolProblem(f"“{name}” needs brackets, as in {name}(2).")
        self._deeper()
        given = [self.sum()]
        while self._take(",", ";"):
            given.append(self.sum())
        self._close()
        if not least <= len(given) <= most:
            raise ToolProblem(f"“{name}” does not take {len(given)} numbers.")
        return function(*given)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ToolProblem("The expression is too deeply nested.")

    def _close(self) -> None:
        if not self._take(")"):
            _unexpected(self.next)
        self._depth -= 1


def _number(token: str) -> Number:
    digits, _, exponent = token.replace("_", "").replace("'", "").lower().partition("e")
    if abs(int(exponent or 0)) > CONTEXT.Emax:
        raise ToolProblem(TOO_LARGE)
    return Number(bounded(Fraction(f"{digits}e{exponent or 0}")))


def _both(left: Number, right: Number, compute: Callable[[Fraction, Fraction], Fraction]) -> Number:
    try:
        value = compute(left.value, right.value)
    except ZeroDivisionError:
        raise ToolProblem("Division by zero.") from None
    return Number(bounded(value), left.exact and right.exact)


_SUMS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
}
_PRODUCTS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: Fraction(a // b),
    "%": lambda a, b: a % b,
    "mod": lambda a, b: a % b,
}


def _whole(number: Number, most: int | None = None) -> int:
    whole = number.whole
    if whole is None or not number.exact:
        raise ToolProblem("That needs whole numbers.")
    if most is not None and not 0 <= whole <= most:
        raise ToolProblem(f"That needs whole numbers from 0 to {most:,}.")
    return whole


def _factorial(number: Number) -> Number:
    return Number(Fraction(math.factorial(_whole(number, FACTORIAL))))


def _of_integers(compute: Callable[..., int], most: int | None = None) -> Callable[..., Number]:
    def function(*given: Number) -> Number:
        return Number(bounded(Fraction(compute(*(_whole(each, most) for each in given)))))

    return function


def _kept(compute: Callable[[Fraction], Fraction | int]) -> Callable[[Number], Number]:
    return lambda number: Number(Fraction(compute(number.value)), number.exact)


def _rounded(number: Number, places: Number | None = None) -> Number:
    """As people learn it: halves away from zero."""
    unit = Fraction(10) ** (_whole(places, DIGITS) if places else 0)
    half = Fraction(1, 2) if number.value >= 0 else Fraction(-1, 2)
    return Number(Fraction(math.trunc(number.value * unit + half)) / unit, number.exact)


def _in_decimals(
    compute: Callable[[Decimal], Decimal], sure: int, gives: int
) -> Callable[[Number], Number]:
    """A function of decimals; at one place its value is a whole number exactly."""

    def function(number: Number) -> Number:
        if number.exact and number.value == sure:
            return Number(Fraction(gives))
        return near(compute, number.value)

    return function


def _in_floats(compute: Callable[[float], float]) -> Callable[[Number], Number]:
    """A function that is computed to 15 digits."""

    def function(number: Number) -> Number:
        try:
            found = compute(float(number.value))
        except (ValueError, OverflowError):
            raise ToolProblem("That is not defined for real numbers, or too large.") from None
        return Number(Fraction(Decimal(f"{found:.15g}")), exact=False)

    return function


def _logarithm(number: Number, base: Number | None = None) -> Number:
    if base is None:
        return near(CONTEXT.log10, number.value)
    below = near(CONTEXT.ln, base.value)
    if below.value == 0:
        raise ToolProblem("There is no logarithm to the base 1.")
    return Number(near(CONTEXT.ln, number.value).value / below.value, exact=False)


def _chosen(choose: Callable[..., Number]) -> Callable[..., Number]:
    return lambda *given: choose(given, key=lambda number: number.value)


def _added(*given: Number) -> Number:
    return reduce(lambda a, b: _both(a, b, _SUMS["+"]), given)


def _mean(*given: Number) -> Number:
    return _both(_added(*given), Number(Fraction(len(given))), _PRODUCTS["/"])


_CONSTANTS = {"pi": _PI, "π": _PI, "e": _E, "tau": 2 * _PI}

_MANY = 200
_FUNCTIONS: dict[str, tuple[int, int, Callable[..., Number]]] = {
    "abs": (1, 1, _kept(abs)),
    "floor": (1, 1, _kept(math.floor)),
    "ceil": (1, 1, _kept(math.ceil)),
    "trunc": (1, 1, _kept(math.trunc)),
    "round": (1, 2, _rounded),
    "sqrt": (1, 1, root),
    "factorial": (1, 1, _factorial),
    "gcd": (2, _MANY, _of_integers(math.gcd)),
    "lcm": (2, _MANY, _of_integers(math.lcm)),
    "comb": (2, 2, _of_integers(math.comb, FACTORIAL)),
    "perm": (2, 2, _of_integers(math.perm, FACTORIAL)),
    "min": (1, _MANY, _chosen(min)),
    "max": (1, _MANY, _chosen(max)),
    "sum": (1, _MANY, _added),
    "mean": (1, _MANY, _mean),
    "exp": (1, 1, _in_decimals(CONTEXT.exp, 0, 1)),
    "ln": (1, 1, _in_decimals(CONTEXT.ln, 1, 0)),
    "log": (1, 2, _logarithm),
    "log10": (1, 1, _logarithm),
    "log2": (1, 1, lambda number: _logarithm(number, Number(Fraction(2)))),
    "sin": (1, 1, _in_floats(math.sin)),
    "cos": (1, 1, _in_floats(math.cos)),
    "tan": (1, 1, _in_floats(math.tan)),
    "asin": (1, 1, _in_floats(math.asin)),
    "acos": (1, 1, _in_floats(math.acos)),
    "atan": (1, 1, _in_floats(math.atan)),
}
