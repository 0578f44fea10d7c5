"""Numbers as the calculator has them: exact where they can be, and never larger than bounded."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from fractions import Fraction
from math import isqrt

from chatapp.agents.tools.problems import ToolProblem

BITS = 9_900
"""The most bits of a numerator or a denominator, some 2,980 digits."""

DIGITS = 50
"""How many digits a number has that cannot be exact."""

SHOWN = 1_000
"""How many digits of a result are written out."""

TOO_LARGE = "The number would be too large: at most about 2,900 digits are computed."

UNDEFINED = "That is not defined for real numbers."

_EXPONENT = 3_000

CONTEXT = Context(
    prec=DIGITS,
    Emax=_EXPONENT,
    Emin=-_EXPONENT,
    traps=[Overflow, InvalidOperation, DivisionByZero],
)


@dataclass(frozen=True, slots=True)
class Number:
    """A fraction, and whether it is exactly what was asked for."""

    value: Fraction
    exact: bool = True

    @property
    def whole(self) -> int | None:
        """The integer that it is, if it is one."""
        return self.value.numerator if self.value.denominator == 1 else None


def bounded(value: Fraction) -> Fraction:
    """The value itself.

    Raises:
        ToolProblem: it is too large to go on with.
    """
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > BITS:
        raise ToolProblem(TOO_LARGE)
    return value


def near(compute: Callable[[Decimal], Decimal], value: Fraction) -> Number:
    """What a function of decimals gives, to ``DIGITS`` digits.

    Raises:
        ToolProblem: it is not defined there, or too large.
    """
    try:
        found = compute(decimal(value))
    except Overflow:
        raise ToolProblem(TOO_LARGE) from None
    except (InvalidOperation, DivisionByZero):
        raise ToolProblem(UNDEFINED) from None
    if not found.is_finite():
        raise ToolProblem(UNDEFINED)
    return Number(bounded(Fraction(found)), exact=False)


def decimal(value: Fraction) -> Decimal:
    """A fraction to ``DIGITS`` digits."""
    return CONTEXT.divide(Decimal(value.numerator), Decimal(value.denominator))


def power(base: Number, exponent: Number) -> Number:
    """``base`` to the power of ``exponent``; exact for whole exponents and for exact roots.

    Raises:
        ToolProblem: it is not defined, or too large.
    """
    if base.value == 0 and exponent.value < 0:
        raise ToolProblem("Division by zero.")
    exact = base.exact and exponent.exact
    if (whole := exponent.whole) is not None:
        size = max(base.value.numerator.bit_length(), base.value.denominator.bit_length())
        if size > 1 and (size - 1) * abs(whole) > BITS:
            raise ToolProblem(TOO_LARGE)
        if base.value in (1, -1, 0):
            whole = whole % 2 or (2 if whole else 0)
        return Number(bounded(base.value**whole), exact)
    if exponent.value == Fraction(1, 2) and exact:
        return root(base)
    return near(lambda value: CONTEXT.power(value, decimal(exponent.value)), base.value)


def root(number: Number) -> Number:
    """The square root; exact where there is an exact one.

    Raises:
        ToolProblem: the number is negative.
    """
    if number.value < 0:
        raise ToolProblem("A negative number has no real square root.")
    above, below = number.value.numerator, number.value.denominator
    found = Fraction(isqrt(above), isqrt(below))
    if found * found == number.value:
        return Number(found, number.exact)
    return near(CONTEXT.sqrt, number.value)


def written(number: Number) -> str:
    """The number as people read it: ``= 0.1``, ``= 1/3 ≈ 0.33333…``, ``≈ 1.4142…``."""
    value, about = number.value, decimal(number.value)
    if not number.exact:
        return f"≈ {_short(about, 15)}"
    if (whole := number.whole) is not None:
        text = str(whole)
        if len(text) > SHOWN:
            return f"≈ {_short(about, 30)} ({len(text.lstrip('-')):,} digits)"
        return f"= {text}"
    if places := _places(value.denominator):
        text = str(abs(value.numerator) * 10**places // value.denominator).zfill(places + 1)
        minus = "-" if value < 0 else ""
        return f"= {minus}{text[:-places]}.{text[-places:]}"
    fraction = f"{value.numerator}/{value.denominator}"
    return (
        f"= {fraction} ≈ {_short(about, 30)}" if len(fraction) <= 80 else f"≈ {_short(about, 30)}"
    )


def _short(value: Decimal, digits: int) -> str:
    """A decimal to so many digits, without zeros at its end."""
    rounded = Context(prec=digits, Emax=_EXPONENT + 1, Emin=-_EXPONENT).plus(value)
    text = f"{rounded:f}" if -10 < rounded.adjusted() < digits else f"{rounded:E}"
    if "." not in text:
        return text
    head, mark, power = text.partition("E")
    return head.rstrip("0").rstrip(".") + mark + power


def _places(denominator: int) -> int:
    """How many decimal places make a fraction with this denominator exact; 0: none do."""
    twos = fives = 0
    while denominator % 2 == 0:
        denominator, twos = denominator // 2, twos + 1
    while denominator % 5 == 0:
        denominator, fives = denominator // 5, fives + 1
    places = max(twos, fives)
    return places if denominator == 1 and places <= DIGITS else 0
