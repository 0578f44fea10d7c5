"""A full disk: what is shown goes on, nothing counts as kept that is not, and all is kept later."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlmodel import select

from chatapp.chats.models import Message
from chatapp.database import new_id
from tests.answers.world import KEYS, pool_file, words
from tests.browser.rows import Rows
from tests.fakes import ProviderServer
from tests.faults.people import CHATS, PATIENCE, Person
from tests.harness.app import AppServer
from tests.harness.backends import CACHE, migrate
from tests.harness.disk import SmallDisk
from tests.harness.services import PostgresServer, RedisServer

LONG = 6_000
"""Words of an answer that needs more room in the database than there happens to be."""

pytestmark = pytest.mark.skipif(not SmallDisk.possible(), reason="only root may mount a disk")


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with SmallDisk() as made:
        yield made


@pytest.fixture(params=["embedded", "real"])
async def server(
    request: pytest.FixtureRequest,
    built_pages: None,
    disk: SmallDisk,
    faulty_providers: ProviderServer,
    redis_server: RedisServer,
    tmp_path: Path,
) -> AsyncIterator[AppServer]:
    """An app whose database is on the small disk."""
    await faulty_providers.reset()
    file = tmp_path / "pool.toml"
    file.write_text(pool_file(faulty_providers))
    data = disk.folder / "data" if request.param == "embedded" else tmp_path / "data"
    env = {**KEYS, **CACHE, "CHATAPP_POOL": str(file), "CHATAPP_DATA_DIR": str(data)}
    async with AsyncExitStack() as stack:
        if request.param == "real":
            postgres = PostgresServer(disk.folder)
            stack.push_async_callback(postgres.stop)
            await postgres.start()
            env |= {"DATABASE_URL": await postgres.create("full"), "REDIS_URL": redis_server.url()}
        await migrate(env)
        made = AppServer(env, tmp_path / "app.log")
        stack.push_async_callback(made.stop)
        await made.start()
        yield made
    made.check()


async def test_a_full_disk_loses_nothing_and_nothing_counts_as_kept_that_is_not(
    server: AppServer, disk: SmallDisk
) -> None:
    person = await Person.sign_up(server)
    asking = await person.open(server)
    chat_id = await asking.ask(f"[[say {LONG} words at 1500/s]]")
    reading = await person.open(server, chat_id)
    await reading.shows("w9")
    rows, client_id = Rows(server.env), new_id()
    # Not to be compressed.
    question = f"{secrets.token_hex(10_000)} [[say 9 words]]"
    with disk.full():
        other = await person.open(server)
        form = {"message": question, "client_id": str(client_id)}
        await other.tab.send(f"{CHATS}.ask", form=form)
        await other.tab.until(lambda _: other.store.get("away"), PATIENCE)
        await reading.shows(f"w{LONG - 1}")
        # What could not be written is neither acknowledged nor called done.
        assert reading.status() == "streaming"
        assert other.store.get("accepted") != str(client_id)
        assert await rows.all(select(Message.id).where(Message.client_id == client_id)) == []
    assert await reading.ended() == "done"
    assert reading.text() == words(LONG)
    await other.tab.until(lambda _: other.store.get("accepted") == str(client_id), PATIENCE)
    await other.tab.until(lambda _: not other.store["away"])
    kept = await rows.all(select(Message.text).where(Message.role == "question"))
    assert sorted(kept) == sorted([question, f"[[say {LONG} words at 1500/s]]"])
    for screen in (asking, reading, other):
        await screen.close()
