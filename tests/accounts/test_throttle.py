import asyncio

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from chatapp import redis
from chatapp.accounts import gcra, service, throttle
from chatapp.accounts.gcra import Limit
from chatapp.accounts.problems import Problem, Refused
from chatapp.accounts.sessions import SignedIn, Visit
from chatapp.settings import Settings
from tests.accounts.conftest import PASSWORD


async def outcomes(tries: int, *, email: str, addresses: list[str], password: str) -> list[str]:
    """What ``tries`` tries at once got."""

    async def one(number: int) -> str:
        try:
            await service.sign_in(email, password, Visit(addresses[number % len(addresses)]))
        except Refused as refused:
            return refused.problem
        return "in"

    return list(await asyncio.gather(*(one(number) for number in range(tries))))


async def test_a_hundred_wrong_passwords_from_one_address(
    member: SignedIn, hashings: list[str]
) -> None:
    got = await outcomes(
        100, email="member@example.org", addresses=["203.0.113.1"], password="wrong password"
    )
    assert got.count(Problem.WRONG) == throttle.PAIR.burst
    assert got.count(Problem.THROTTLED) == 100 - throttle.PAIR.burst
    assert len(hashings) == throttle.PAIR.burst


async def test_a_hundred_wrong_passwords_from_many_addresses(member: SignedIn) -> None:
    addresses = [f"203.0.113.{n}" for n in range(100)]
    got = await outcomes(
        100, email="member@example.org", addresses=addresses, password="wrong password"
    )
    assert got.count(Problem.WRONG) == throttle.STRANGERS.burst
    # A right password from yet another strange address waits as well: no oracle.
    [right] = await outcomes(
        1, email="member@example.org", addresses=["203.0.113.200"], password=PASSWORD
    )
    assert right == Problem.THROTTLED
    # The owner's own address is not locked out.
    [own] = await outcomes(
        1, email="member@example.org", addresses=["198.51.100.2"], password=PASSWORD
    )
    assert own == "in"


async def test_one_address_over_many_accounts(member: SignedIn) -> None:
    got = [
        (
            await outcomes(
                1, email=f"u{n}@example.org", addresses=["203.0.113.1"], password="wrong password"
            )
        )[0]
        for n in range(throttle.ADDRESS.burst + 5)
    ]
    assert got.count(Problem.WRONG) == throttle.ADDRESS.burst


async def test_an_ipv6_household_is_one_address(member: SignedIn) -> None:
    addresses = [f"2001:db8:1:2::{n:x}" for n in range(1, 50)]
    got = await outcomes(
        50, email="member@example.org", addresses=addresses, password="wrong password"
    )
    assert got.count(Problem.WRONG) == throttle.PAIR.burst


async def test_an_ipv4_address_written_as_ipv6_is_that_address(member: SignedIn) -> None:
    wrong = {"email": "member@example.org", "password": "wrong password"}
    await outcomes(throttle.PAIR.burst, addresses=["203.0.113.7"], **wrong)
    [same] = await outcomes(1, addresses=["::ffff:203.0.113.7"], **wrong)
    [other] = await outcomes(1, addresses=["::ffff:203.0.113.8"], **wrong)
    assert (same, other) == (Problem.THROTTLED, Problem.WRONG)


async def test_an_unknown_email_is_throttled_just_the_same(member: SignedIn) -> None:
    got = await outcomes(
        20, email="nobody@example.org", addresses=["203.0.113.1"], password="wrong password"
    )
    assert got.count(Problem.WRONG) == throttle.PAIR.burst


async def test_right_passwords_cost_nothing(member: SignedIn) -> None:
    for _ in range(throttle.PAIR.burst * 2):
        assert await outcomes(
            1, email="member@example.org", addresses=["203.0.113.1"], password=PASSWORD
        ) == ["in"]


async def test_sign_up_is_no_way_around(member: SignedIn) -> None:
    problems = []
    for _ in range(throttle.PAIR.burst + 2):
        with pytest.raises(Refused) as caught:
            await service.sign_up("member@example.org", "wrong password", "", Visit("203.0.113.1"))
        problems.append(caught.value.problem)
    assert problems[-1] is Problem.THROTTLED


async def test_sign_ups_of_one_address_are_limited(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "SIGN_UPS", Limit("sign-ups", burst=2, every=60))
    for n in range(2):
        await service.sign_up(f"u{n}@example.org", PASSWORD, "", Visit("203.0.113.1"))
    with pytest.raises(Refused) as caught:
        await service.sign_up("u3@example.org", PASSWORD, "", Visit("203.0.113.1"))
    assert caught.value.problem is Problem.THROTTLED
    assert caught.value.status == 429
    assert 0 < caught.value.wait <= 60
    await service.sign_up("u3@example.org", PASSWORD, "", Visit("203.0.113.2"))


async def test_it_recovers_with_time(home: Settings) -> None:
    limit = Limit("quick", burst=2, every=0.2)
    assert await gcra.take([(limit, "x")]) == 0
    assert await gcra.take([(limit, "x")]) == 0
    assert 0 < await gcra.take([(limit, "x")]) <= 0.2
    await asyncio.sleep(0.25)
    assert await gcra.take([(limit, "x")]) == 0
    assert await gcra.take([(limit, "x")]) > 0


async def test_all_limits_or_none(home: Settings) -> None:
    wide, narrow = Limit("wide", burst=3, every=60), Limit("narrow", burst=1, every=60)
    assert await gcra.take([(wide, "x"), (narrow, "x")]) == 0
    for _ in range(5):
        assert await gcra.take([(wide, "x"), (narrow, "x")]) > 0
    assert await gcra.take([(wide, "x")]) == 0
    assert await gcra.take([(wide, "x")]) == 0
    assert await gcra.take([(wide, "x")]) > 0


async def test_keys_hold_no_email_and_expire(member: SignedIn) -> None:
    await outcomes(
        3, email="secret@example.org", addresses=["203.0.113.1"], password="wrong password"
    )
    keys = await redis.redis().keys(f"{gcra.PREFIX}*")
    assert keys
    for key in keys:
        assert b"secret" not in key
        assert b"203.0" not in key
        assert await redis.redis().pttl(key) > 0


async def test_a_clock_that_jumped_locks_nobody_out(home: Settings) -> None:
    limit = Limit("jump", burst=2, every=1)
    await redis.redis().set(f"{gcra.PREFIX}jump:x", "9999999999")
    assert 0 < await gcra.take([(limit, "x")]) <= 1.01


async def test_without_redis_this_process_counts(
    member: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_args: object) -> None:
        raise RedisConnectionError("away")

    monkeypatch.setattr(gcra, "_script", away)
    got = await outcomes(
        20, email="member@example.org", addresses=["203.0.113.1"], password="wrong password"
    )
    assert got.count(Problem.WRONG) == throttle.PAIR.burst
    [own] = await outcomes(
        1, email="member@example.org", addresses=["198.51.100.2"], password=PASSWORD
    )
    assert own == "in"


def test_the_fallback_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gcra, "LOCAL_KEYS", 10)
    limit = Limit("many", burst=1, every=60)
    for n in range(100):
        assert gcra._take_here([(limit, str(n))]) == 0
    assert len(gcra._local) == 10
