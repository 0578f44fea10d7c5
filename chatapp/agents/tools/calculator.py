"""The calculator."""

from langchain_core.tools import BaseTool
from pydantic import BaseModel, Field

from chatapp.agents.tools.arithmetic import computed
from chatapp.agents.tools.numbers import written
from chatapp.agents.tools.tool import Caller, Tool, made


class Arguments(BaseModel):
    """What the model says."""

    expression: str = Field(
        description="For example: (1250 * 1.19 - 80) / 12, 2^64, sqrt(2), 15% * 80, 17 mod 5, 20!, "
        "round(10/3, 2), comb(49, 6), ln(5), sin(pi/6) in radians.",
    )


async def use(expression: str) -> str:
    """The value of an expression, as text."""
    return f"{expression.strip()} {written(computed(expression))}"


def _build(_caller: Caller) -> BaseTool:
    description = (
        "Computes an arithmetic expression exactly. Use it for every calculation that is not "
        "trivial. ≈ marks a result that was rounded."
    )
    return made("calculator", description, Arguments, use)


TOOL = Tool(
    name="calculator",
    title="Calculator",
    meaning="Computes exactly, with fractions and numbers of any usual size.",
    acts=False,
    timeout=5.0,
    build=_build,
)
