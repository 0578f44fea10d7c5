"""Units: exact where they can be, bounded, and refused in words."""

import asyncio
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.agents.tools.problems import ToolProblem
from chatapp.agents.tools.units import _converted, use


@pytest.mark.parametrize(
    ("amount", "unit", "to", "result"),
    [
        ("1", "mile", "km", "= 1.609344"),
        ("26.2", "miles", "kilometers", "= 42.1648128"),
        ("100", "°F", "°C", "≈ 37.7777777777778"),
        ("37", "celsius", "fahrenheit", "= 98.6"),
        ("-40", "C", "F", "= -40"),
        ("0", "K", "degC", "= -273.15"),
        ("5", "inches", "cm", "= 12.7"),
        ("3/4", "cup", "ml", "= 177.441177375"),
        ("1", "kg*m/s^2", "N", "= 1"),
        ("100", "km/h", "mph", "≈ 62.1371192237334"),
        ("1", "m²", "cm²", "= 10000"),
        ("1", "GiB", "MB", "= 1073.741824"),
        ("1", "square mile", "hectare", "≈ 258.998811"),
        ("180", "degree", "radian", "≈ 3.14159265358979"),
        ("30", "mpg", "km/liter", "≈ 12.7543112229"),
        ("1", "fl oz", "ml", "≈ 29.5735295625"),
    ],
)
async def test_amounts_are_converted(amount: str, unit: str, to: str, result: str) -> None:
    said = await use(amount, unit, to)
    assert said.startswith(f"{amount} {unit} ")
    assert said.endswith(f" {to}")
    told = said.removeprefix(f"{amount} {unit} ").removesuffix(f" {to}")
    assert told.lstrip("=≈ ").startswith(result.lstrip("=≈ "))


@given(st.fractions(-(10**9), 10**9, max_denominator=1000))
def test_there_and_back_is_where_one_was(value: Fraction) -> None:
    for unit, other in (("mile", "km"), ("degF", "degC"), ("acre", "m^2"), ("kWh", "BTU")):
        assert _converted(_converted(value, unit, other), other, unit) == value


@pytest.mark.parametrize(
    ("amount", "unit", "to", "words"),
    [
        ("1", "m", "kg", "“m” cannot be converted to “kg”"),
        ("1", "foo", "m", "no unit “foo”"),
        ("1", "USD", "EUR", "Currencies"),
        ("1", "dB", "W", "cannot be converted"),
        ("x", "m", "km", "not understood"),
        ("9^9^9", "m", "km", "too large"),
        ("1", "m**99999999", "km**99999999", "not understood"),
        ("1", "m^99^99", "m", "not understood"),
        ("1", "10**10**10 m", "m", "not understood"),
        ("1", "(m^99)^99", "m", "not understood"),
        ("1", "m⁹⁹⁹⁹⁹⁹", "m", "not understood"),
        ("1", "__import__('os')", "m", "not understood"),
        ("1", "", "m", "not understood"),
        ("1", "m" * 61, "m", "not understood"),
        ("1", "m^(", "m", "not understood"),
        ("1", "m\n\n", "", "not understood"),
    ],
)
async def test_what_cannot_be_converted_is_told_in_words(
    amount: str, unit: str, to: str, words: str
) -> None:
    with pytest.raises(ToolProblem, match=words):
        await use(amount, unit, to)


@pytest.mark.parametrize("unit", ["yottameter^99", "lightyear^99/planck_length^99", "parsec**-99"])
async def test_the_largest_powers_take_no_time(unit: str) -> None:
    async with asyncio.timeout(60):
        with pytest.raises(ToolProblem, match=r"too large|cannot be converted"):
            await use("1e2000", unit, "angstrom^99")
