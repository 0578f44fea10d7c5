"""pgbouncer in transaction mode between everything and PostgreSQL."""

import asyncio
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, literal, table
from sqlmodel import select

from chatapp import database
from tests.answers.world import words
from tests.backup.test_backup import run
from tests.fakes import ProviderServer
from tests.faults.people import Person
from tests.harness.app import AppServer
from tests.harness.backends import forget_caches, migrate
from tests.harness.services import PgBouncer, PostgresServer, RedisServer


async def test_it_may_stand_before_postgresql(
    postgres_server: PostgresServer,
    redis_server: RedisServer,
    deployed_pool: dict[str, str],
    deployed_providers: ProviderServer,
    built_pages: None,
    tmp_path: Path,
) -> None:
    direct = await postgres_server.create("bounced")
    # Fewer than either the migrators or the people need at once.
    bouncer = PgBouncer(tmp_path, postgres_server, 4)
    await bouncer.start()
    env = {
        **deployed_pool,
        "DATABASE_URL": bouncer.url(direct),
        "REDIS_URL": redis_server.url(),
        "CHATAPP_DATA_DIR": str(tmp_path / "data"),
    }
    await asyncio.gather(*(migrate(env) for _ in range(2)))
    server = AppServer(env, tmp_path / "app.log")
    try:
        await server.start()
        async with server.client() as client:
            assert (await client.get("/readyz")).status_code == 200
        people = await asyncio.gather(*(Person.sign_up(server) for _ in range(8)))
        asking = [await person.open(server) for person in people]
        counts = [40 + number for number in range(len(people))]
        chats = await asyncio.gather(
            *(
                screen.ask(f"[[say {count} words at 80/s]]")
                for screen, count in zip(asking, counts, strict=True)
            )
        )
        for person, chat_id, count in zip(people, chats, counts, strict=True):
            reading = await person.open(server, chat_id)
            assert await reading.ended() == "done"
            assert reading.text() == words(count)
            await reading.close()
        for screen in asking:
            await screen.close()
    finally:
        await server.stop()
        await bouncer.stop()
    server.check()
    # Nothing that one has set is left for the next.
    async with await psycopg.AsyncConnection.connect(direct) as connection:
        held = await connection.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        assert await held.fetchall() == [(0,)]


async def test_a_copy_is_made_past_it_and_leaves_nothing_to_those_who_come_through_it(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    direct = await postgres_server.create("copied")
    bouncer = PgBouncer(tmp_path, postgres_server, 1)
    await bouncer.start()
    monkeypatch.setenv("CHATAPP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DATABASE_URL", bouncer.url(direct))
    monkeypatch.setenv("DATABASE_DIRECT_URL", direct)
    forget_caches()
    try:
        # A migrator needs two connections, and the pooler has one.
        await migrate({})
        copying = asyncio.create_task(run({}, "backup", tmp_path / "all.tar"))
        while not copying.done():
            assert await _people() == 0
        made = await copying
        assert made.code == 0, made.said
        refused = await run({"DATABASE_DIRECT_URL": ""}, "backup", tmp_path / "other.tar")
        assert (refused.code, refused.said) == (
            1,
            "This is a pooler's address: name PostgreSQL's own in DATABASE_DIRECT_URL.\n",
        )
        assert await _people() == 0
    finally:
        await database.close()
        await bouncer.stop()
        monkeypatch.undo()
        forget_caches()


async def _people() -> int:
    async with database.reading() as session:
        return (await session.exec(select(func.count()).select_from(table("users")))).one()


async def test_statements_are_prepared_at_postgresql_and_not_at_pgbouncer(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    direct = await postgres_server.create("prepared")
    bouncer = PgBouncer(tmp_path, postgres_server, 1)
    await bouncer.start()
    try:
        assert await _prepared(direct, monkeypatch) == 1
        assert await _prepared(bouncer.url(direct), monkeypatch) == 0
    finally:
        await bouncer.stop()


async def _prepared(url: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many statements are prepared after one was sent often."""
    monkeypatch.setenv("DATABASE_URL", url)
    forget_caches()
    try:
        async with database.reading() as session:
            for number in range(2 * database.PREPARE_AFTER):
                assert (await session.exec(select(literal(number)))).one() == number
            held = select(func.count()).select_from(table("pg_prepared_statements"))
            return (await session.exec(held)).one()
    finally:
        await database.close()
        forget_caches()
