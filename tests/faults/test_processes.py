"""Processes that die, end or fall silent: the answer goes on, and every reader has it whole."""

import asyncio
import os
import random
import signal
from datetime import datetime
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.answers.world import words
from tests.faults.conftest import World
from tests.faults.people import Screen, gone, refused
from tests.harness.backends import connected, execute

LONG = 240


def question(count: int = LONG) -> str:
    return f"[[say {count} words at 80/s]]"


async def row(world: World, screen: Screen) -> tuple[str, str, int, datetime]:
    """The status, the text, the epoch and the end of the newest answer, as the database has it."""
    async with connected(world.there.env) as connection:
        found = await connection.execute(
            text(
                "SELECT m.status, m.text, a.epoch, a.ended_at FROM messages m "
                "JOIN answers a ON a.id = m.id WHERE m.id = :id"
            ),
            {"id": UUID(screen.answers()[-1])},
        )
        status, said, epoch, ended_at = found.one()
        return status, said, epoch, ended_at


@pytest.mark.parametrize("moment", ["nothing", "first", "middle", "last"])
async def test_an_answer_outlives_the_process_that_runs_it(world: World, moment: str) -> None:
    seen = {"nothing": "", "first": "w0", "middle": "w120", "last": f"w{LONG - 1}"}[moment]
    async with world.reading(question(), seen) as reader:
        os.kill(world.here.process.pid, signal.SIGKILL)
        await gone(world.here)
        assert await reader.ended() == "done"
        assert reader.text() == words(LONG)
        again = await world.person.open(world.there, reader.chat_id)
        assert again.text() == words(LONG)
        await again.close()


async def test_an_answer_outlives_a_kill_between_its_last_word_and_its_row(world: World) -> None:
    async with world.reading(question()) as reader:
        async with connected(world.here.env) as connection:
            # Its end can be read by everybody and written by nobody.
            await connection.execute(text("LOCK TABLE messages, answers IN EXCLUSIVE MODE"))
            await world.fakes.wait(done=1)
            await reader.shows(f"w{LONG - 1}")
            os.kill(world.here.process.pid, signal.SIGKILL)
            await gone(world.here)
            assert reader.status() == "streaming"
        assert await reader.ended() == "done"
        assert reader.text() == words(LONG)
        assert len(reader.answers()) == 1
        again = await world.person.open(world.there, reader.chat_id)
        assert (again.status(), again.text()) == ("done", words(LONG))
        await again.close()


async def test_stop_reaches_the_process_that_runs_the_answer(world: World) -> None:
    async with world.reading(question(2_000)) as reader:
        await reader.stop()
        assert await reader.ended() == "stopped"
        kept = reader.text()
        assert kept.startswith(words(20))
        await world.fakes.wait(closed_early=1)
        again = await world.person.open(world.here, reader.chat_id)
        assert (again.status(), again.text()) == ("stopped", kept)
        await again.close()


async def test_a_process_that_is_told_to_end_finishes_what_it_runs(world: World) -> None:
    # Of what ran there before, all is written.
    await world.here.stop()
    await world.here.start()
    before = await _counted_done(world)
    async with world.reading(question()) as reader:
        os.kill(world.here.process.pid, signal.SIGTERM)
        assert await reader.ended() == "done"
        assert reader.text() == words(LONG)
        await gone(world.here)
        assert await refused(world.here)
    assert len(await world.fakes.requests()) == 1
    # Also in the numbers that are shown over time.
    assert await _counted_done(world) == before + 1


async def _counted_done(world: World) -> int:
    """How many answers the history says have been made to their end."""
    async with connected(world.there.env) as connection:
        found = await connection.execute(
            text(
                "SELECT coalesce(sum(value), 0) FROM history_counts "
                "WHERE name = 'answers:done' AND width = 3600"
            )
        )
        return int(found.scalar_one())


async def test_what_is_asked_as_a_process_ends_is_answered_by_another(world: World) -> None:
    before = len(world.here.process.text)
    async with world.reading(question(2 * LONG)) as reader:
        asking = await world.person.open(world.here)
        async with connected(world.here.env) as connection:
            await connection.execute(text("LOCK TABLE login_sessions IN ACCESS EXCLUSIVE MODE"))
            client_id = await asking.send(question(9))
            await _waits(connection)
            os.kill(world.here.process.pid, signal.SIGTERM)
            await asking.tab.until(lambda tab: not tab.connected)
            # So long it is at its end, and waits for nothing but this answer.
            await reader.shows(f"w{LONG}")
        await gone(world.here)
        # A browser sends again what was not acknowledged.
        again = await world.person.open(world.there)
        chat_id = await again.ask(question(9), client_id)
        reading = await world.person.open(world.there, chat_id)
        assert await reading.ended() == "done"
        assert reading.text() == words(9)
        for screen in (asking, again, reading):
            await screen.close()
    assert "Traceback" not in world.here.process.text[before:]


async def _waits(connection: AsyncConnection) -> None:
    """Wait until somebody waits for what this connection has locked."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while not (await connection.execute(waiting)).scalar():  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def test_a_process_that_wakes_up_late_writes_nothing(world: World) -> None:
    async with world.reading(question()) as reader:
        os.kill(world.here.process.pid, signal.SIGSTOP)
        assert await reader.ended() == "done"
        kept = await row(world, reader)
        assert kept[:2] == ("done", words(LONG))
        os.kill(world.here.process.pid, signal.SIGCONT)
        # What it had read of the provider it has worked off when it answers something new.
        asking = await world.person.open(world.here)
        another = await world.person.open(world.here, await asking.ask("[[say 9 words]]"))
        assert await another.ended() == "done"
        assert await row(world, reader) == kept
        late = await world.person.open(world.here, reader.chat_id)
        assert (late.status(), late.text()) == ("done", words(LONG))
        assert reader.text() == words(LONG)
        assert len(reader.answers()) == 1
        for screen in (asking, another, late):
            await screen.close()


async def test_alone_it_goes_on_after_its_next_start(world: World) -> None:
    await world.there.stop()
    asking = await world.person.open(world.here)
    chat_id = await asking.ask(question())
    asking.tab.path, asking.tab.params = f"/c/{chat_id}", {"chat_id": chat_id}
    os.kill(world.here.process.pid, signal.SIGKILL)
    await gone(world.here)
    await world.here.start()
    reading = await world.person.open(world.here, chat_id)
    assert await reading.ended() == "done"
    assert reading.text() == words(LONG)
    await reading.close()


async def test_many_answers_outlive_a_kill_at_any_moment(world: World) -> None:
    asking = [await world.person.open(world.here) for _ in range(12)]
    chats = await asyncio.gather(*(screen.ask(question()) for screen in asking))
    readers = [await world.person.open(world.there, chat_id) for chat_id in chats]
    seed = int(os.environ.get("FAULTS_SEED") or random.randrange(10**9))
    print(f"FAULTS_SEED={seed}")
    await readers[0].shows(f"w{random.Random(seed).randrange(LONG - 40)}")
    os.kill(world.here.process.pid, signal.SIGKILL)
    await gone(world.here)
    ends = await asyncio.gather(*(reader.ended() for reader in readers))
    assert set(ends) == {"done"}
    assert {reader.text() for reader in readers} == {words(LONG)}
    for reader in readers:
        await reader.close()


async def test_redis_that_loses_everything_costs_no_word(world: World) -> None:
    async with world.reading(question()) as reader:
        async with Redis.from_url(world.here.env["REDIS_URL"]) as client:
            await client.flushdb()
        assert await reader.ended() == "done"
        assert reader.text() == words(LONG)
    assert len(await world.fakes.requests()) == 1


async def test_terminated_database_sessions_cost_no_answer(world: World) -> None:
    async with world.reading(question()) as reader:
        await execute(
            world.here.env,
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()",
        )
        assert await reader.ended() == "done"
        assert reader.text() == words(LONG)
