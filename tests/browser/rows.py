"""People and chats, put straight into the database of an installation and looked up there."""

import asyncio
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from playwright.async_api import BrowserContext
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel.sql.expression import SelectOfScalar

from chatapp.accounts.cookies import SESSION
from chatapp.accounts.models import LoginSession, Role, User, UserStatus
from chatapp.answers.models import Answer
from chatapp.chats import models as chat_models
from chatapp.chats.models import Chat, Message, Status
from chatapp.database import new_id, now
from chatapp.settings import Settings
from tests.harness.app import AppServer

T = TypeVar("T")

PATIENCE = 20.0
"""How long a row may take, in seconds."""


@dataclass(frozen=True)
class Person:
    """Somebody with an account and a session."""

    id: UUID
    email: str
    token: str

    async def sign_in(self, context: BrowserContext, server: AppServer) -> None:
        """Let a browser be theirs."""
        await context.add_cookies(
            [{"name": SESSION, "value": self.token, "url": server.url, "httpOnly": True}]
        )


class Rows:
    """The database of one installation."""

    def __init__(self, env: Mapping[str, str]) -> None:
        given = {name: value for name, value in env.items() if value}
        made = Settings.model_validate(given | {"data_dir": env["CHATAPP_DATA_DIR"]})
        self._engine = create_async_engine(made.sqlalchemy_url, poolclass=NullPool)

    async def person(
        self,
        name: str = "",
        *,
        email: str = "",
        role: Role = Role.MEMBER,
        status: UserStatus = UserStatus.ACTIVE,
    ) -> Person:
        """A person who is signed in."""
        user_id = new_id()
        email = email or f"{user_id.hex}@example.org"
        user = User(
            id=user_id, email=email, name=name, password_hash="none", role=role, status=status
        )
        await self.add([user])
        return await self.signed_in_again(Person(user_id, email, ""))

    async def signed_in_again(self, person: Person) -> Person:
        """A person at another device."""
        token = secrets.token_urlsafe(32)
        session = LoginSession(
            user_id=person.id,
            token_hash=hashlib.sha256(token.encode()).hexdigest(),
            expires_at=now() + timedelta(days=1),
        )
        await self.add([session])
        return replace(person, token=token)

    async def chat(
        self,
        person: Person,
        *texts: str,
        title: str = "A chat",
        updated_at: datetime | None = None,
        last: Status = Status.DONE,
    ) -> UUID:
        """A chat whose messages follow one another: question, answer and so on."""
        chat = Chat(user_id=person.id, title=title, updated_at=updated_at or now())
        messages: list[Message] = []
        answers: list[Answer] = []
        for number, text in enumerate(texts):
            message = Message(
                chat_id=chat.id,
                user_id=person.id,
                parent_id=messages[-1].id if messages else None,
                role=chat_models.Role.ANSWER if number % 2 else chat_models.Role.QUESTION,
                text=text,
            )
            messages.append(message)
            if number % 2:
                answers.append(
                    Answer(
                        id=message.id,
                        chat_id=chat.id,
                        user_id=person.id,
                        ended_at=now(),
                        answered_by="Groq · somebody",
                    )
                )
        if messages:
            messages[-1].status = last
            chat.leaf_id = messages[-1].id
        await self.add([chat], messages, answers)
        return chat.id

    async def add(self, *groups: Sequence[Any]) -> None:
        """Insert rows, one table after the other."""
        async with self._engine.begin() as connection:
            for group in groups:
                if group:
                    values = [row.model_dump() for row in group]
                    await connection.execute(insert(type(group[0])), values)

    async def all(self, query: SelectOfScalar[T]) -> list[T]:
        """What a query of one column finds."""
        async with self._engine.connect() as connection:
            return list((await connection.execute(query)).scalars())

    async def become(self, query: SelectOfScalar[T], expected: list[T]) -> None:
        """Wait until a query of one column finds this: what a page says may come before a row.

        Raises:
            AssertionError: it finds something else for too long.
        """
        found = await self.all(query)
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while found != expected:
                    await asyncio.sleep(0.05)
                    found = await self.all(query)
        assert found == expected
