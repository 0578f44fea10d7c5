"""The memory of the person, for the agent that answers them."""

from langchain_core.tools import BaseTool
from pydantic import BaseModel, Field

from chatapp.agents import persona
from chatapp.agents.models import Author
from chatapp.agents.persona import NotKept
from chatapp.agents.tools.problems import ToolProblem
from chatapp.agents.tools.tool import Caller, Tool, made


class Arguments(BaseModel):
    """What the model says."""

    fact: str = Field(
        max_length=2 * persona.LONGEST_ENTRY,
        description="One lasting fact about the person, in one short sentence, for example: "
        "Prefers trains to planes.",
    )


def _build(caller: Caller) -> BaseTool:
    async def use(fact: str) -> str:
        try:
            kept = await persona.remember(caller.user_id, fact, Author.MODEL)
        except NotKept as refusal:
            raise ToolProblem(str(refusal)) from None
        return f"Remembered: {kept}"

    description = (
        "Adds an entry to what is remembered of the person in all chats. Use it when the person "
        "asks you to remember something, or tells something about themselves that will matter "
        "again; never for what is secret, or what only matters here."
    )
    return made("remember", description, Arguments, use)


TOOL = Tool(
    name="remember",
    title="Memory",
    meaning="Notes something lasting about you. You see, change and delete it in the settings.",
    acts=False,
    timeout=10.0,
    build=_build,
)
