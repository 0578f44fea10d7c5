"""Many people with sessions and chats, copied straight into PostgreSQL."""

import asyncio
import hashlib
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from bench.load.manners import Account
from bench.subject import message_texts
from chatapp.accounts.models import LoginSession, User
from chatapp.answers.models import Answer
from chatapp.chats.models import Chat, Message, Role
from chatapp.database import Table, new_id, now

CHATS, MESSAGES = 3, 6
"""Chats of a person, and messages of a chat."""

_TEXTS = message_texts(MESSAGES)

Row = dict[str, Any]


def address(number: int) -> str:
    """An address of loopback for each person: nothing that is counted by address or port binds."""
    return f"127.{1 + number // 62500}.{number // 250 % 250 + 1}.{number % 250 + 1}"


async def seed(database_url: str, people: int) -> list[Account]:
    """So many people who are signed in."""
    return await asyncio.to_thread(_seed, database_url, people)


def _seed(database_url: str, people: int) -> list[Account]:
    accounts: list[Account] = []
    with psycopg.connect(database_url) as connection:
        rows: dict[type[Table], list[Row]] = {
            table: [] for table in (User, LoginSession, Chat, Message, Answer)
        }
        for number in range(people):
            accounts.append(_person(number, rows))
            if number % 2_000 == 1_999 or number == people - 1:
                _copy(connection, rows)
        connection.commit()
        connection.autocommit = True
        connection.execute("ANALYZE")
    return accounts


def _person(number: int, rows: dict[type[Table], list[Row]]) -> Account:
    token, user_id = secrets.token_urlsafe(32), new_id()
    named = {"id": user_id, "email": f"{user_id}@example.org"}
    rows[User].append({**_like(User, name="Somebody", password_hash="none"), **named})
    session = _like(LoginSession, expires_at=now() + timedelta(days=1))
    hashed = hashlib.sha256(token.encode()).hexdigest()
    rows[LoginSession].append({**session, "id": new_id(), "user_id": user_id, "token_hash": hashed})
    chats = [_chat(user_id, rows) for _ in range(CHATS)]
    return Account(token, tuple(str(chat) for chat in chats), address(number))


def _chat(user_id: UUID, rows: dict[type[Table], list[Row]]) -> UUID:
    chat_id, parent = new_id(), None
    owned = {"chat_id": chat_id, "user_id": user_id}
    for place, text in enumerate(_TEXTS):
        message_id, role = new_id(), Role.ANSWER if place % 2 else Role.QUESTION
        message = {"id": message_id, "parent_id": parent, "role": role, "text": text}
        rows[Message].append({**_like(Message), **owned, **message})
        if role == Role.ANSWER:
            rows[Answer].append({**_like(Answer, tier="fast"), **owned, "id": message_id})
        parent = message_id
    chat = {"id": chat_id, "user_id": user_id, "leaf_id": parent}
    rows[Chat].append({**_like(Chat, title="A chat about this and that"), **chat})
    return chat_id


_rows: dict[type[Table], Row] = {}


def _like(table: type[Table], **values: Any) -> Row:
    """A row with the defaults of its table: made once, for that is slow."""
    if table not in _rows:
        moments = {"ended_at": now()} if table is Answer else {}
        _rows[table] = table(**moments, **values).model_dump()
    return _rows[table]


def _copy(connection: psycopg.Connection, rows: dict[type[Table], list[Row]]) -> None:
    for kind, made in rows.items():
        if not made:
            continue
        columns = sql.SQL(", ").join(map(sql.Identifier, made[0]))
        table = sql.Identifier(str(kind.__tablename__))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(table, columns)
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in made:
                copy.write_row([_written(value) for value in row.values()])
        made.clear()


def _written(value: Any) -> Any:
    return Jsonb(value) if isinstance(value, (list, dict)) else value
