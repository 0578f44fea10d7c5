"""Many people with sessions and chats, copied straight into PostgreSQL."""

import asyncio
import hashlib
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from bench.load.person import Account
from bench.subject import message_texts
from chatapp.accounts.models import LoginSession, User
from chatapp.answers.models import Answer
from chatapp.chats.models import Chat, Message, Role
from chatapp.database import Table, new_id, now

CHATS, MESSAGES = 3, 6
"""Chats of a person, and messages of a chat."""


def address(number: int) -> str:
    """An address of loopback for each person: nothing that is counted by address or port binds."""
    return f"127.{1 + number // 62500}.{number // 250 % 250 + 1}.{number % 250 + 1}"


async def seed(database_url: str, people: int) -> list[Account]:
    """So many people who are signed in."""
    return await asyncio.to_thread(_seed, database_url, people)


def _seed(database_url: str, people: int) -> list[Account]:
    accounts: list[Account] = []
    with psycopg.connect(database_url) as connection:
        rows: dict[type[Table], list[Table]] = {
            table: [] for table in (User, LoginSession, Chat, Message, Answer)
        }
        for number in range(people):
            account, made = _person(number)
            accounts.append(account)
            for row in made:
                rows[type(row)].append(row)
            if number % 2_000 == 1_999 or number == people - 1:
                _copy(connection, rows)
        connection.commit()
        connection.autocommit = True
        connection.execute("ANALYZE")
    return accounts


def _person(number: int) -> tuple[Account, list[Table]]:
    token, user_id = secrets.token_urlsafe(32), new_id()
    user = User(id=user_id, email=f"{user_id}@example.org", name="Somebody", password_hash="none")
    session = LoginSession(
        user_id=user_id,
        token_hash=hashlib.sha256(token.encode()).hexdigest(),
        expires_at=now() + timedelta(days=1),
    )
    made: list[Table] = [user, session]
    chats: list[str] = []
    for _ in range(CHATS):
        chat = Chat(user_id=user_id, title="A chat about this and that")
        chats.append(str(chat.id))
        made.append(chat)
        parent = None
        for place, text in enumerate(message_texts(MESSAGES)):
            role = Role.ANSWER if place % 2 else Role.QUESTION
            message = Message(
                chat_id=chat.id, user_id=user_id, parent_id=parent, role=role, text=text
            )
            parent = message.id
            made.append(message)
            if role == Role.ANSWER:
                ended = {"epoch": 1, "ended_at": now(), "tier": "fast"}
                made.append(Answer(id=message.id, chat_id=chat.id, user_id=user_id, **ended))
        chat.leaf_id = parent
    return Account(token, tuple(chats), address(number)), made


def _copy(connection: psycopg.Connection, rows: dict[type[Table], list[Table]]) -> None:
    for kind, made in rows.items():
        if not made:
            continue
        names = list(made[0].model_dump())
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(str(kind.__tablename__)),
            sql.SQL(", ").join(map(sql.Identifier, names)),
        )
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for values in _values(made):
                copy.write_row(values)
        made.clear()


def _values(rows: list[Table]) -> Iterator[list[Any]]:
    for row in rows:
        values = row.model_dump().values()
        yield [Jsonb(value) if isinstance(value, (list, dict)) else value for value in values]
