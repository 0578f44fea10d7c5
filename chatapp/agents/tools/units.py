"""The conversion of units, exact where the definitions are."""

import re
import threading
from fractions import Fraction
from functools import cache
from typing import Any

from langchain_core.tools import BaseTool
from pydantic import BaseModel, Field

from chatapp.agents.tools.arithmetic import computed
from chatapp.agents.tools.numbers import Number, bounded, written
from chatapp.agents.tools.problems import ToolProblem
from chatapp.agents.tools.threads import aside
from chatapp.agents.tools.tool import Caller, Tool, made

LONGEST = 60
"""Characters of a unit."""

_SAME = str.maketrans({"²": "^2", "³": "^3", "·": "*", "⋅": "*", "×": "*", "−": "-"})
_NAME = r"[^\W\d]\w*|[°%]\s?[A-Za-z]*"
_UNIT = re.compile(
    rf"\s*(?:{_NAME})(?:\s*(?:\^|\*\*)\s*-?\d{{1,2}}(?!\d))?"
    rf"(?:\s*(?:\*(?!\*)|/|\s)\s*\(?\s*(?:{_NAME})(?:\s*(?:\^|\*\*)\s*-?\d{{1,2}}(?!\d))?\s*\)?)*\s*"
)
_USUAL = {
    "mpg": "mile / gallon",
    "fl oz": "fluid_ounce",
    "fl. oz.": "fluid_ounce",
    "sq ft": "foot^2",
    "sq m": "meter^2",
    "celsius": "degC",
    "fahrenheit": "degF",
    "c": "degC",
    "f": "degF",
    "°": "degree",
    "%": "percent",
}
"""What people write and the library calls otherwise, or takes for another unit."""

_lock = threading.Lock()


class Arguments(BaseModel):
    """What the model says."""

    amount: str = Field(max_length=200, description="A number, for example 12.5 or 3/4.")
    unit: str = Field(
        max_length=LONGEST, description="The unit it is in: mile, km/h, °F, kg*m/s^2, fl oz."
    )
    to: str = Field(max_length=LONGEST, description="The unit to convert to.")


async def use(amount: str, unit: str, to: str) -> str:
    """An amount in another unit, as text.

    Raises:
        ToolProblem: there is no such unit, or one is not the other's kind.
    """
    value = computed(amount)
    # Not in the event loop: the first use reads a long list of units.
    found = await aside(_converted, value.value, unit, to)
    exact = written(Number(found))
    short = value.exact and len(exact) <= len("= ") + 20
    result = exact if short else written(Number(found, exact=False))
    return f"{amount.strip()} {unit.strip()} {result} {to.strip()}"


def _converted(value: Fraction, unit: str, to: str) -> Fraction:
    with _lock:
        registry = _registry()
        here, there = _unit(registry, unit), _unit(registry, to)
        try:
            return bounded(Fraction(registry.Quantity(value, here).to(there).magnitude))
        except (TypeError, ValueError, ArithmeticError):
            # Also that one unit is not of the other's kind.
            raise ToolProblem(f"{_named(unit)} cannot be converted to {_named(to)}.") from None


def _unit(registry: Any, text: str) -> Any:
    name = " ".join(text.split()).translate(_SAME)
    name = _USUAL.get(name.lower(), name)
    # What the library would compute is bounded by this form: no numbers but small powers.
    raised = any(char.isdigit() and not char.isascii() for char in name)
    if len(text) > LONGEST or raised or not _UNIT.fullmatch(name):
        raise ToolProblem(f"{_named(text)} is not understood as a unit.")
    try:
        return registry.parse_units(name)
    except Exception:
        raise ToolProblem(
            f"There is no unit {_named(text)}. Currencies are not converted."
        ) from None


def _named(unit: str) -> str:
    return f"“{unit.strip()[:LONGEST]}”"


@cache
def _registry() -> Any:
    # It takes a second to read, which only those pay who convert.
    from pint import UnitRegistry

    exact: Any = Fraction
    return UnitRegistry(non_int_type=exact, cache_folder=None)


def _build(_caller: Caller) -> BaseTool:
    description = "Converts an amount from one unit of measure to another."
    return made("convert_units", description, Arguments, use)


TOOL = Tool(
    name="convert_units",
    title="Unit conversion",
    meaning="Converts lengths, weights, temperatures, speeds, data sizes and other measures.",
    acts=False,
    timeout=10.0,
    build=_build,
)
