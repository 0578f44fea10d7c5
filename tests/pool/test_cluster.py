"""The pool's books on a Redis Cluster: all keys of a call lie in one slot."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import ResponseError

from chatapp.pool.admission import Admission
from chatapp.pool.config import Account, Member
from chatapp.pool.leases import Ending, Lease, Wait
from tests.harness.processes import free_port
from tests.harness.services import RedisServer

WHO = [
    Member("fast", Account(name, "openai", SecretStr(name)), "m", rpm=2, tpm=9000, rpd=9)
    for name in ("a", "b", "c")
]


@pytest.fixture(scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Redis]:
    """A cluster of one node, which refuses what a larger one would."""
    folder: Path = tmp_path_factory.mktemp("cluster")
    server = RedisServer(
        folder, {"cluster-enabled": "yes", "cluster-port": str(free_port()), "databases": "1"}
    )
    await server.start()
    client = Redis.from_url(server.url().rpartition("/")[0])
    await client.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
    async with asyncio.timeout(30):
        while not await ready(client):  # noqa: ASYNC110 - Redis has no event for it
            await asyncio.sleep(0.02)
    yield client
    await client.aclose()
    await server.stop()


async def ready(client: Redis) -> bool:
    state: dict[str, str] | None = await client.execute_command("CLUSTER INFO")
    return state is not None and state["cluster_state"] == "ok"


async def test_it_refuses_a_script_whose_keys_lie_apart(client: Redis):
    with pytest.raises(ResponseError, match=r"CROSSSLOT|same slot"):
        await client.eval("return 1", 2, "a", "b")  # pyright: ignore[reportGeneralTypeIssues]


async def test_all_that_the_pool_asks_for_is_done_there(client: Redis):
    books = Admission(lambda: client)
    leases = [await books.admit("fast", WHO) for _ in range(6)]
    assert all(isinstance(lease, Lease) and lease.shared for lease in leases)
    assert isinstance(await books.admit("fast", WHO), Wait)
    ends = [Ending("ok", spoke=True, tokens=9, first_token=0.1), Ending("rate", hold=60)]
    for lease, end in zip(leases[:2], ends, strict=True):
        assert isinstance(lease, Lease)
        await books.proved(lease)
        await books.settle(lease, end)
    assert len(await books.status(WHO)) == 1 + len(WHO)
    daily = [replace(m, rpm=None, rpd_resets="UTC") for m in WHO]
    assert isinstance(await books.admit("smart", daily), Lease)
    assert not books.alone
    await books.aclose()
    keys = [key async for key in client.scan_iter()]
    assert len(keys) > 10
    assert len({key_slot(key) for key in keys}) == 1
