"""Whether a process says rightly that it lives and that it can work."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import IPv4Network

import httpx
import pytest
from redis.asyncio import Redis
from starlette.applications import Starlette

from chatapp import leaving, routes
from chatapp.api import health, inside, readiness
from chatapp.settings import Settings
from tests.harness.backends import execute
from tests.harness.services import RedisServer


@pytest.fixture
async def client(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setattr(readiness, "FRESH", 0.0)
    monkeypatch.setattr(leaving, "_leaving", asyncio.Event())
    transport = httpx.ASGITransport(Starlette(routes=health.routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


def environment(installation: Settings) -> dict[str, str]:
    return {
        "DATABASE_URL": installation.database_url or "",
        "CHATAPP_DATA_DIR": str(installation.data_dir),
    }


async def test_all_is_well(client: httpx.AsyncClient) -> None:
    response = await client.get(routes.READY)
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "process": "ok", "database": "ok", "redis": "ok"}
    assert response.headers["cache-control"] == "no-store"


async def test_who_leaves_is_not_ready_and_lives(client: httpx.AsyncClient) -> None:
    leaving.begin()
    response = await client.get(routes.READY)
    assert (response.status_code, response.json()["process"]) == (503, "leaving")
    assert (await client.get(routes.HEALTH)).status_code == 200


@pytest.mark.parametrize(("revision", "found"), [("0001", "not migrated"), ("9999_newer", "ok")])
async def test_older_tables_are_not_enough_and_newer_ones_are(
    client: httpx.AsyncClient, installation: Settings, revision: str, found: str
) -> None:
    await execute(
        environment(installation), f"UPDATE alembic_version SET version_num = '{revision}'"
    )
    response = await client.get(routes.READY)
    assert response.json()["database"] == found
    assert response.status_code == (200 if found == "ok" else 503)


async def test_no_tables_at_all(client: httpx.AsyncClient, installation: Settings) -> None:
    await execute(environment(installation), "DROP TABLE alembic_version")
    response = await client.get(routes.READY)
    assert (response.status_code, response.json()["database"]) == (503, "away")
    # Which part, and nothing of what it said.
    assert set(response.json()) == {"status", "process", "database", "redis"}


@pytest.mark.parametrize("forwarded", [True, False])
async def test_outsiders_hear_of_no_part(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, forwarded: bool
) -> None:
    if forwarded:
        client.headers["X-Forwarded-For"] = "127.0.0.1"
    else:
        elsewhere = Settings(metrics_networks=(IPv4Network("10.0.0.0/8"),))
        monkeypatch.setattr(inside, "settings", lambda: elsewhere)
    response = await client.get(routes.READY)
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    leaving.begin()
    response = await client.get(routes.READY)
    assert (response.status_code, response.json()) == (503, {"status": "not ready"})


@pytest.fixture
def silent_redis(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        async def set(self, *_: object, **_more: object) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(readiness, "redis", Silent)
    monkeypatch.setattr(readiness, "PATIENCE", 0.05)


@pytest.fixture
def database_away(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> str:
        raise OSError

    monkeypatch.setattr(readiness, "_database", away)


async def test_redis_away(client: httpx.AsyncClient, silent_redis: None) -> None:
    response = await client.get(routes.READY)
    assert (response.status_code, response.json()["redis"]) == (503, "away")
    assert (await client.get(routes.HEALTH)).status_code == 200


async def test_a_redis_that_takes_nothing_counts_as_away(
    client: httpx.AsyncClient, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Redis.from_url(redis_server.url()) as full:
        monkeypatch.setattr(readiness, "redis", lambda: full)
        assert (await client.get(routes.READY)).json()["redis"] == "ok"
        await full.config_set("maxmemory", "1")
        try:
            found = (await client.get(routes.READY)).json()["redis"]
        finally:
            await full.config_set("maxmemory", "0")
        assert found == "away"
        assert (await client.get(routes.READY)).json()["redis"] == "ok"


EXCLUDING = f"{routes.READY}?exclude=redis&exclude=database"


async def test_parts_that_are_excluded_may_be_away(
    client: httpx.AsyncClient, silent_redis: None, database_away: None
) -> None:
    response = await client.get(EXCLUDING)
    assert (response.status_code, response.json()["status"]) == (200, "ok")
    # It says all the same what it has found.
    assert (response.json()["database"], response.json()["redis"]) == ("away", "away")
    for left in ("", "?exclude=redis", "?exclude=database", "?exclude=redis&exclude=no-such-part"):
        assert (await client.get(f"{routes.READY}{left}")).status_code == 503


async def test_who_leaves_cannot_be_excluded(client: httpx.AsyncClient) -> None:
    leaving.begin()
    assert (await client.get(f"{EXCLUDING}&exclude=process")).status_code == 503


async def test_older_tables_cannot_be_excluded(
    client: httpx.AsyncClient, installation: Settings
) -> None:
    await execute(environment(installation), "UPDATE alembic_version SET version_num = '0001'")
    assert (await client.get(EXCLUDING)).status_code == 503


async def test_outsiders_exclude_nothing_and_so_hear_of_no_part(
    client: httpx.AsyncClient, silent_redis: None
) -> None:
    response = await client.get(EXCLUDING, headers={"X-Forwarded-For": "127.0.0.1"})
    assert (response.status_code, response.json()) == (503, {"status": "not ready"})


async def test_who_asks_often_costs_nothing(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "FRESH", 60.0)
    monkeypatch.setattr(health, "checks", readiness.Checks())
    asked = 0
    real = readiness._database

    async def counted() -> str:
        nonlocal asked
        asked += 1
        return await real()

    monkeypatch.setattr(readiness, "_database", counted)
    answers = await asyncio.gather(*(client.get(routes.READY) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert asked == 1
