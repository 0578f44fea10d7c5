"""Statements that the driver runs: the same as SQLAlchemy would run, on both databases."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Integer, bindparam, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NotInTime

from chatapp.answers.models import Answer
from chatapp.chats.models import Chat, Message, Role
from chatapp.database import core, new_id, reading, transaction
from chatapp.settings import settings
from chatapp.statement import Statement, insert_rows, insert_rows_later, new_row

ON_POSTGRESQL = pytest.mark.parametrize("backend", ["real"], indirect=True)

BY_ID: Statement[Chat] = Statement(
    lambda: select(*core(Chat).c).where(core(Chat).c.id == bindparam("which"))
)
SOME: Statement[Chat] = Statement(
    lambda: (
        select(*core(Chat).c)
        .where(core(Chat).c.id.in_(bindparam("ids", expanding=True)))
        .order_by(core(Chat).c.title)
    )
)
RENAME: Statement[Any] = Statement(
    lambda: (
        update(core(Chat))
        .where(core(Chat).c.title == bindparam("before"))
        .values(title=bindparam("after"))
    )
)


async def kept(owner: UUID, *titles: str, **values: Any) -> list[Chat]:
    rows = [new_row(Chat, user_id=owner, title=title, **values) for title in titles]
    async with transaction() as session:
        await insert_rows(session, *rows)
    return rows


async def test_a_row_comes_back_as_it_was_written(ada: UUID) -> None:
    moment = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=timezone(timedelta(hours=2)))
    (row,) = await kept(ada, "one % and :two", updated_at=moment, deleted_at=None, unseen=True)
    async with reading() as session:
        found = await BY_ID.first(session, which=row.id)
    assert found is not None
    assert (found.id, found.title, found.unseen) == (row.id, "one % and :two", True)
    assert (found.updated_at, found.updated_at.tzinfo) == (moment, UTC)
    assert (found.deleted_at, found.agent_id) == (None, None)


async def test_json_and_the_class_defaults_are_written(ada: UUID) -> None:
    (chat,) = await kept(ada, "json")
    message = new_row(Message, chat_id=chat.id, user_id=ada, role=Role.ANSWER)
    tried = [{"member": "one/load", "outcome": "ok"}]
    answer = new_row(Answer, id=message.id, chat_id=chat.id, user_id=ada, attempts=tried)
    async with transaction() as session:
        await insert_rows(session, message, answer)
    async with reading() as session:
        object_ = await session.get_one(Answer, message.id)
    like = Answer(id=message.id, chat_id=chat.id, user_id=ada, attempts=tried)
    like.queued_at = answer.queued_at
    assert {name: getattr(object_, name) for name in Answer.model_fields} == {
        name: getattr(like, name) for name in Answer.model_fields
    }


async def test_a_list_is_one_parameter_however_long(ada: UUID) -> None:
    rows = await kept(ada, "a", "b", "c")
    async with reading() as session:
        for ids in ([], [rows[1].id], [row.id for row in rows]):
            found = await SOME.all(session, ids=ids)
            assert [chat.id for chat in found] == ids


async def test_nothing_found_is_nothing(ada: UUID) -> None:
    async with reading() as session:
        assert await BY_ID.first(session, which=new_id()) is None
        assert await BY_ID.all(session, which=new_id()) == []


async def test_a_change_tells_how_many_rows(ada: UUID) -> None:
    await kept(ada, "same", "same", "other")
    async with transaction() as session:
        assert await RENAME.change(session, before="same", after="new") == 2
        assert await RENAME.change(session, before="same", after="new") == 0


async def test_it_is_part_of_the_sessions_transaction(ada: UUID) -> None:
    (row,) = await kept(ada, "before")

    async def failing() -> None:
        async with transaction() as session:
            await RENAME.change(session, before="before", after="after")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await failing()
    async with reading() as session:
        found = await BY_ID.first(session, which=row.id)
    assert found is not None
    assert found.title == "before"


async def test_a_breach_is_sqlalchemys_error_and_tells_no_values(ada: UUID) -> None:
    (row,) = await kept(ada, "secret title")
    with pytest.raises(IntegrityError) as raised:
        async with transaction() as session:
            await insert_rows(session, row)
    assert "secret title" not in str(raised.value)
    async with reading() as session:
        assert await BY_ID.first(session, which=row.id)


async def test_what_is_left_for_later_runs_in_its_order_with_the_next(ada: UUID) -> None:
    await kept(ada, "one")
    async with transaction() as session:
        first = RENAME.later(session, before="one", after="two")
        second = RENAME.later(session, before="two", after="three")
        assert (first.count, second.count) == (-1, -1)
        assert await RENAME.change(session, before="three", after="four") == 1
        assert (first.count, second.count) == (1, 1)


async def test_what_is_left_for_later_is_there_with_the_commit(ada: UUID) -> None:
    (row,) = await kept(ada, "before")
    async with transaction() as session:
        found = BY_ID.later(session, which=row.id)
        RENAME.later(session, before="before", after="after")
    assert found.first is not None
    assert found.first.title == "before"
    async with reading() as session:
        assert [chat.title for chat in await SOME.all(session, ids=[row.id])] == ["after"]


async def test_what_is_left_for_later_falls_with_its_transaction(ada: UUID) -> None:
    (row,) = await kept(ada, "before")

    async def failing() -> None:
        async with transaction() as session:
            RENAME.later(session, before="before", after="after")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await failing()
    async with transaction() as session:
        assert await RENAME.change(session, before="before", after="again") == 1
        assert await BY_ID.first(session, which=row.id)


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_breach_among_others_undoes_all_and_the_connection_goes_on(
    ada: UUID, place: int
) -> None:
    (row,) = await kept(ada, "before")
    orders = [("before", "a"), ("a", "b")]

    async def breaking() -> None:
        async with transaction() as session:
            for at in range(3):
                if at == place:
                    insert_rows_later(session, row)
                else:
                    before, after = orders.pop(0)
                    RENAME.later(session, before=before, after=after)

    with pytest.raises(IntegrityError):
        await breaking()
    for _ in range(settings().database_connections + 1):
        async with transaction() as session:
            assert await RENAME.change(session, before="before", after="before") == 1


@ON_POSTGRESQL
async def test_a_lost_connection_is_away_once_and_then_another_is_used(ada: UUID) -> None:
    await kept(ada, "there")

    async def losing() -> None:
        async with transaction() as session:
            (pid,) = await PID.first(session) or (0,)
            await _end_connection(pid)
            await RENAME.change(session, before="there", after="gone")

    with pytest.raises(OperationalError):
        await losing()
    async with transaction() as session:
        assert await RENAME.change(session, before="there", after="here") == 1


@ON_POSTGRESQL
async def test_a_cancelled_statement_leaves_no_half_read_connection(ada: UUID) -> None:
    await kept(ada, "there")

    async def hanging() -> None:
        async with transaction(patience=0.05) as session:
            RENAME.later(session, before="there", after="lost")
            await SLOW.first(session)

    for _ in range(settings().database_connections + 1):
        with pytest.raises(NotInTime):
            await hanging()
    async with transaction() as session:
        assert await RENAME.change(session, before="there", after="here") == 1


PID: Statement[Any] = Statement(lambda: text("SELECT pg_backend_pid() AS pid").columns(pid=Integer))
SLOW: Statement[Any] = Statement(lambda: text("SELECT 1 FROM pg_sleep(60)").columns(one=Integer))


async def _end_connection(pid: int) -> None:
    url = settings().sqlalchemy_url.replace("+psycopg", "")
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as other:
        await other.execute("SELECT pg_terminate_backend(%s)", [pid])
        while (await (await other.execute(_ALIVE, [pid])).fetchone()) != (0,):
            pass


_ALIVE = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"
