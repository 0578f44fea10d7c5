"""What a model is given: the rules, then as much of the branch as its budget holds.

The rules are those of the product, of the organisation, of the agent that is asked, and last what
the person has written for all answers: what changes least comes first.

The list for a question begins with the list for the one before it, byte for byte, so providers can
keep what they have read. So when a chat outgrows the budget, half of it is left out at once: the
history then begins at the same message for many questions.
"""

from dataclasses import dataclass
from uuid import UUID

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.agents.service import HOUSE_RULES, PLAIN, Brief, brief_of
from chatapp.answers import repository
from chatapp.chats import repository as chats
from chatapp.chats.models import Message, Role
from chatapp.controls import Control
from chatapp.database import reading
from chatapp.limits.policy import Amount
from chatapp.pool.content import tokens_of
from chatapp.pool.service import pool
from chatapp.settings import settings

RULES = (
    "You are a helpful assistant. Answer in the language of the question. Use Markdown: "
    "fenced code blocks with their language, tables where they help, formulas as $…$ or $$…$$."
)

BUDGET = Control(
    "answers.history_tokens",
    Amount,
    15_000,
    "The most tokens of a chat, the question among them, that a model is given.",
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """The messages for an answer, oldest first."""

    messages: list[BaseMessage]
    begins_at: UUID | None = None
    """The message with which the history begins, if earlier ones were left out."""
    brief: Brief = PLAIN
    """The agent that is asked, and what the person has written for all answers."""
    common: str = RULES
    """The rules without what the person has written."""


async def prompt(
    user_id: UUID,
    question_id: UUID,
    tier: str | None = None,
    *,
    agent_id: UUID | None = None,
    share: float = 1.0,
) -> Prompt:
    """What a model is given for the answer to a question. The question is always whole.

    Args:
        user_id: whose question.
        question_id: the question.
        tier: who answers: what its members can take is the most that is given.
        agent_id: the agent that is asked.
        share: the part of the budget that may be used.
    """
    async with reading() as session:
        brief = await brief_of(session, user_id, agent_id)
        common = _common(brief)
        rules = f"{common}\n\n{brief.about}" if brief.about else common
        room = int(_room(tier) * share) - tokens_of(rules[len(RULES) :])
        path = await chats.path(session, user_id, question_id, settings().history_turns)
        kept = await _kept(session, user_id, path, room)
    spoken = [message for message in kept if message.text]
    return Prompt(
        [SystemMessage(rules), *map(_spoken, spoken)],
        kept[0].id if kept and kept[0].parent_id else None,
        brief,
        common,
    )


def _common(brief: Brief) -> str:
    """The rules for everybody who asks the same agent."""
    parts = [RULES, HOUSE_RULES.value]
    if brief.agent_id:
        parts.append(
            f"You are called {brief.name} here. “@{brief.name}” in a question says that you "
            f"are asked, and is no part of it."
        )
        parts.append(brief.instructions)
    return "\n\n".join(part for part in parts if part)


async def _kept(
    session: AsyncSession, user_id: UUID, path: list[Message], room: int
) -> list[Message]:
    if not path or (path[0].parent_id is None and _size(path) <= room):
        return path
    before = await repository.details(session, user_id, [each.id for each in path[-2:-1]])
    begins_at = next((answer.context_from for answer in before.values()), None)
    began = next((at for at, each in enumerate(path) if each.id == begins_at), None)
    if began is not None and _size(path[began:]) <= room:
        return path[began:]
    return _newest(path, len(path) // 2, room // 2)


def _newest(path: list[Message], count: int, room: int) -> list[Message]:
    """The last messages, from a question on, that fit; the last one in any case."""
    start = len(path) - 1
    for at in range(start, max(-1, start - count), -1):
        if at < start and _size(path[at:]) > room:
            break
        if path[at].role == Role.QUESTION:
            start = at
    return path[start:]


def _room(tier: str | None) -> int:
    """The tokens that a prompt may have: of the tier's largest member a quarter is left to say."""
    contexts = [member.context for member in pool().config.members_of(tier)]
    known = [context for context in contexts if context]
    if not known or len(known) < len(contexts):
        return BUDGET.value
    return min(BUDGET.value, max(known) * 3 // 4)


def _size(messages: list[Message]) -> int:
    return sum(tokens_of(message.text) for message in messages)


def _spoken(message: Message) -> BaseMessage:
    kind = HumanMessage if message.role == Role.QUESTION else AIMessage
    return kind(message.text)
