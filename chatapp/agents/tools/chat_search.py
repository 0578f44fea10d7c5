"""Search in the chats of the person who asks."""

import re
from uuid import UUID

from langchain_core.tools import BaseTool
from pydantic import BaseModel, Field

from chatapp import routes
from chatapp.agents.tools.problems import ToolProblem
from chatapp.agents.tools.tool import Caller, Tool, made
from chatapp.chats import repository
from chatapp.chats.repository import Found
from chatapp.chats.text import storable
from chatapp.database import AWAY, reading

CHATS = 8
"""How many chats are told."""

MESSAGES = 40
"""How many messages are looked through for them, the newest that fit."""

WORDS = 8
AROUND = 160
"""Characters on each side of what was found."""

PATIENCE = 6.0
"""How long, in seconds, the database may search."""


class Arguments(BaseModel):
    """What the model says."""

    words: str = Field(
        max_length=200,
        description="One to eight words that a message or its chat's title holds, all of them.",
    )


async def searched(user_id: UUID, words: str, but: UUID | None = None) -> str:
    """The chats of a person in which these words are, as text.

    Args:
        user_id: whose.
        words: all of them must be in a message or in the title of its chat.
        but: a chat that is left out.

    Raises:
        ToolProblem: there are no words, or the search takes too long.
    """
    wanted = storable(words).split()[:WORDS]
    if not wanted:
        raise ToolProblem("Say at least one word to search for.")
    try:
        async with reading(PATIENCE) as session:
            found = await repository.found(session, user_id, wanted, MESSAGES, but)
    except AWAY:
        raise ToolProblem("The search took too long, or the chats cannot be reached.") from None
    chats: dict[UUID, Found] = {}
    for each in found:
        chats.setdefault(each.chat_id, each)
    if not chats:
        return "No other chat of this person holds these words."
    return "\n\n".join(_told(each, wanted) for each in list(chats.values())[:CHATS])


def _told(found: Found, words: list[str]) -> str:
    return (
        f"“{found.title}”, {found.at:%d %B %Y}, link: {routes.chat(found.chat_id)}\n"
        f"{found.role.capitalize()}: {_around(found.text, words)}"
    )


def _around(text: str, words: list[str]) -> str:
    """The part of a text in which the first of the words is."""
    match = re.search("|".join(map(re.escape, words)), text, re.IGNORECASE)
    place = match.start() if match else 0
    begins, ends = max(0, place - AROUND), place + AROUND
    part = " ".join(text[begins:ends].split())
    return f"{'…' if begins else ''}{part}{'…' if ends < len(text) else ''}"


def _build(caller: Caller) -> BaseTool:
    async def use(words: str) -> str:
        return await searched(caller.user_id, words, caller.chat_id)

    description = "Searches the user's own earlier chats, other than this one."
    return made("search_chats", description, Arguments, use)


TOOL = Tool(
    name="search_chats",
    title="Search in your chats",
    meaning="Looks for words in your own earlier chats. Nobody else’s are seen.",
    acts=False,
    timeout=10.0,
    build=_build,
)
