"""Two processes on a Redis Cluster: its masters die and its slots move, and no word is lost."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.answers.world import KEYS, pool_file, words
from tests.fakes import ProviderServer
from tests.faults.conftest import World
from tests.faults.people import Person
from tests.harness.app import AppServer
from tests.harness.backends import Backend
from tests.harness.cluster import Node, RedisCluster, slot_of, until

LONG, LONGER = 560, 500
CACHED = "What is a cluster, in a word?"


@pytest.fixture(scope="module")
async def two_processes(
    real: Backend,
    built_pages: None,
    faulty_providers: ProviderServer,
    redis_cluster: RedisCluster,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[AppServer, AppServer]]:
    folder: Path = tmp_path_factory.mktemp("cluster")
    file = folder / "pool.toml"
    file.write_text(pool_file(faulty_providers))
    servers = {
        "REDIS_URL": redis_cluster.url(),
        "CHATAPP_CACHE_REDIS_URL": redis_cluster.url("chatapp-cache"),
        "CHATAPP_ANSWER_CACHE": "on",
    }
    env = {**await real.fresh(folder), **KEYS, **servers, "CHATAPP_POOL": str(file)}
    here, there = (AppServer(env, folder / f"{name}.log") for name in ("here", "there"))
    yield here, there
    await here.stop()
    await there.stop()


async def test_an_answer_outlives_the_master_that_has_its_words(
    world: World, redis_cluster: RedisCluster
) -> None:
    await redis_cluster.healthy()
    async with world.reading(f"[[say {LONG} words at 80/s]]") as reader:
        killed = await redis_cluster.kill_master("chatapp")

        async def followed() -> bool:
            return await redis_cluster.master("chatapp") is not killed

        try:
            await until(followed)
            assert await reader.ended() == "done"
            assert reader.text() == words(LONG)
            assert len(reader.answers()) == 1
            # The next question is asked and read as if nothing had been.
            await reader.ask("[[say 20 words]]")
            assert await reader.ended(2) == "done"
            assert reader.text() == words(20)
        finally:
            await killed.server.start()


async def test_an_answer_goes_on_while_its_slot_moves(
    world: World, redis_cluster: RedisCluster
) -> None:
    await redis_cluster.healthy()

    async def refused(source: Node) -> None:
        before = await source.refusals("ASK")

        async def more() -> bool:
            return await source.refusals("ASK") > before

        await until(more)

    async with world.reading(f"[[say {LONGER} words at 80/s]]") as reader:
        source = await redis_cluster.master("chatapp")
        await redis_cluster.move("chatapp", refused)
        assert await reader.ended() == "done"
        assert reader.text() == words(LONGER)
    assert await redis_cluster.master("chatapp") is not source


async def test_all_that_is_kept_has_the_tag_of_its_role(
    world: World, redis_cluster: RedisCluster
) -> None:
    await redis_cluster.healthy()
    for person in (world.person, await Person.sign_up(world.there)):
        asking = await person.open(world.there)
        screen = await person.open(world.there, await asking.ask(CACHED))
        assert await screen.ended() == "done"
        for each in (asking, screen):
            await each.close()
    assert len(await world.fakes.requests()) == 1
    for tag in ("chatapp", "chatapp-cache"):
        keys = [key.decode() for key in await redis_cluster.keys(tag)]
        mine = [key for key in keys if key.startswith(f"{{{tag}}}:")]
        others = {key for key in keys if key not in mine}
        assert mine
        assert all(key.startswith("{chatapp") for key in others), others
    master = await redis_cluster.master("chatapp-cache")
    assert int(await master.cluster("COUNTKEYSINSLOT", slot_of("chatapp-cache"))) > 0
