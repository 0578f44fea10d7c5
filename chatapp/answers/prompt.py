"""What a model is given: the rules, then as much of the branch as its budget holds."""

from uuid import UUID

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from chatapp.chats import repository as chats
from chatapp.chats.models import Message, Role
from chatapp.database import reading
from chatapp.settings import settings

RULES = (
    "You are a helpful assistant. Answer in the language of the question. Use Markdown: "
    "fenced code blocks with their language, tables where they help, formulas as $…$ or $$…$$."
)

BUDGET = 60_000
"""The most characters of earlier messages that go with a question."""


async def prompt(user_id: UUID, question_id: UUID) -> list[BaseMessage]:
    """The messages for the answer to a question, oldest first. The question is always whole."""
    async with reading() as session:
        path = await chats.path(session, user_id, question_id, settings().history_turns)
    return [SystemMessage(RULES), *(_spoken(message) for message in _within(path))]


def _within(path: list[Message]) -> list[Message]:
    kept: list[Message] = []
    left = BUDGET
    for message in reversed(path):
        left -= len(message.text)
        if kept and left < 0:
            break
        if message.text:
            kept.append(message)
    kept.reverse()
    return kept


def _spoken(message: Message) -> BaseMessage:
    kind = HumanMessage if message.role == Role.QUESTION else AIMessage
    return kind(message.text)
