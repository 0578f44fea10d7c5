"""People and chats put straight into chatapp's database."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import col, select

from bench.subject import message_texts
from chatapp.accounts.models import LoginSession, User
from chatapp.answers.models import Answer
from chatapp.chats.models import Chat, Message, Role, Status
from chatapp.database import new_id, now
from chatapp.settings import Settings


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in and has a chat."""

    token: str
    chat_id: UUID


class Seed:
    """Writes to one installation's database."""

    def __init__(self, database_url: str) -> None:
        made = Settings.model_validate({"DATABASE_URL": database_url})
        self._engine: AsyncEngine = create_async_engine(made.sqlalchemy_url)

    async def close(self) -> None:
        await self._engine.dispose()

    async def person(self, messages: int) -> Person:
        """A new person with a chat of so many messages."""
        token, user_id = secrets.token_urlsafe(32), new_id()
        user = User(
            id=user_id, email=f"{user_id}@example.org", name="Somebody", password_hash="none"
        )
        session = LoginSession(
            user_id=user_id,
            token_hash=hashlib.sha256(token.encode()).hexdigest(),
            expires_at=now() + timedelta(days=1),
        )
        chat = Chat(user_id=user_id, title="A chat")
        rows = _messages(user_id, chat.id, messages)
        chat.leaf_id = rows[-1].id if rows else None
        answers = [
            Answer(
                id=row.id, chat_id=chat.id, user_id=user_id, epoch=1, ended_at=now(), tier="fast"
            )
            for row in rows
            if row.role == Role.ANSWER
        ]
        async with self._engine.begin() as connection:
            for group in ([user], [session], [chat], rows, answers):
                if group:
                    values = [row.model_dump() for row in group]
                    await connection.execute(insert(type(group[0])), values)
        return Person(token, chat.id)

    async def analyze(self) -> None:
        """Let the database know what is in its tables, as its own daemon does in time."""
        async with self._engine.connect() as connection:
            await connection.exec_driver_sql("ANALYZE")
            await connection.commit()

    async def texts(self, ids: Sequence[str]) -> list[str | None]:
        """The texts of these messages as they are kept."""
        query = select(Message.id, Message.text, Message.status)
        query = query.where(col(Message.id).in_([UUID(each) for each in ids if each]))
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        kept = {str(row.id): row.text for row in rows if row.status == Status.DONE}
        return [kept.get(each) for each in ids]


def _messages(user_id: UUID, chat_id: UUID, count: int) -> list[Message]:
    rows: list[Message] = []
    for number, text in enumerate(message_texts(count)):
        role = Role.ANSWER if number % 2 else Role.QUESTION
        parent_id = rows[-1].id if rows else None
        rows.append(
            Message(chat_id=chat_id, user_id=user_id, parent_id=parent_id, role=role, text=text)
        )
    return rows
