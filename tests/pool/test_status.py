"""The pool's state, as every process reads it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chatapp.pool.errors import PoolExhausted
from chatapp.pool.status import MemberStatus
from tests.fakes import ProviderServer
from tests.pool.conftest import KEY, MakePool, hear


def by_provider(found: list[MemberStatus]) -> dict[str, MemberStatus]:
    return {status.name.split("/")[0]: status for status in found}


async def test_a_pool_that_nobody_has_asked_is_healthy(make_pool: MakePool):
    for status in await make_pool("groq", "google").status():
        assert (status.state, status.in_flight, status.errors) == ("healthy", 0, {})
        assert status.first_token_p50_ms is None
        assert status.tiers == ("fast",)


async def test_every_process_sees_holds_errors_and_times(
    make_pool: MakePool, fakes: ProviderServer
):
    pool, other = make_pool("groq", "google", "openai"), make_pool("groq", "google", "openai")
    await fakes.set("groq", fault={"kind": "http_429", "retry_after": 60})
    await fakes.set("openai", fault={"kind": "auth"})
    for _ in range(4):
        await hear(pool, "[[say 3 words]]")
    found = by_provider(await other.status())
    assert (found["groq"].state, found["groq"].why) == ("hold", "rate")
    assert found["groq"].until is not None
    assert timedelta(seconds=50) < found["groq"].until - datetime.now(UTC) < timedelta(minutes=1)
    assert found["groq"].errors == {"rate RateLimitError 429": 1}
    assert (found["openai"].state, found["openai"].why) == ("open", "auth")
    assert found["google"].state == "healthy"
    assert found["google"].first_token_p50_ms is not None
    assert KEY not in repr(found)


async def test_what_is_left_of_quotas_is_known(make_pool: MakePool, fakes: ProviderServer):
    await fakes.set("groq", limits={"rpd": 100, "tpm": 6000})
    pool = make_pool("groq")
    pool.config = replace(pool.config, members=(replace(pool.config.members[0], rpm=30),))
    await hear(pool, "[[say 3 words]]")
    (status,) = await pool.status()
    left = {quota.what: (quota.limit, quota.left) for quota in status.quotas}
    assert left == {"rpm": (30, 29), "tpm": (6000, 5994), "rpd": (100, 99)}
    assert all(quota.resets and quota.resets > datetime.now(UTC) for quota in status.quotas)


async def test_answers_in_flight_are_counted(make_pool: MakePool, fakes: ProviderServer):
    await fakes.set("groq", fault={"kind": "stall"})
    pool = make_pool("groq")
    asking = asyncio.create_task(hear(pool, "hello"))
    await fakes.wait(received=1)
    assert (await pool.status())[0].in_flight == 1
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert (await pool.status())[0].in_flight == 0


async def test_a_failing_member_is_open_and_a_held_one_on_hold(
    make_pool: MakePool, fakes: ProviderServer
):
    await fakes.set("groq", fault={"kind": "http_500"})
    pool = make_pool("groq")
    for _ in range(3):
        with pytest.raises(PoolExhausted):
            await hear(pool, "hello")
    (status,) = await pool.status()
    assert (status.state, status.why) == ("open", "fail")
    assert status.errors == {"fail InternalServerError 500": 3}


async def test_answers_are_counted_and_a_used_up_quota_is_a_hold(
    make_pool: MakePool, fakes: ProviderServer
):
    pool = make_pool("groq")
    pool.config = replace(pool.config, members=(replace(pool.config.members[0], rpm=2),))
    for count in (1, 2):
        await hear(pool, "[[say 3 words]]")
        (status,) = await pool.status()
        assert (status.answers, status.errors) == (count, {})
    assert (status.state, status.why) == ("hold", "rpm")
    assert status.until is not None
    assert status.until > datetime.now(UTC)
