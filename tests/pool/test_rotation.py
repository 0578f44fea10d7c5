import asyncio
from collections import Counter

from chatapp.pool.config import Account, Member
from chatapp.pool.rotation import Rotation

DEMO = Account("demo", "demo")


def members(**weights: int) -> list[Member]:
    return [Member("fast", DEMO, name, weight) for name, weight in weights.items()]


async def turns(rotation: Rotation, who: list[Member], count: int) -> list[str]:
    chosen = [await rotation.admit("fast", who) for _ in range(count)]
    return [member.model for member in chosen if member]


async def test_equal_members_alternate():
    assert await turns(Rotation(), members(a=1, b=1), 6) == ["a", "b", "a", "b", "a", "b"]


async def test_weights_are_kept_smoothly():
    assert await turns(Rotation(), members(a=3, b=1), 8) == list("aabaaaba")


async def test_shares_are_exact_over_many_concurrent_calls():
    rotation = Rotation()
    who = members(a=3, b=1, c=2)
    chosen = await asyncio.gather(*(rotation.admit("fast", who) for _ in range(600)))
    assert Counter(m.model for m in chosen if m) == {"a": 300, "b": 100, "c": 200}


async def test_each_member_is_asked_at_most_once_in_a_call():
    rotation = Rotation()
    who = members(a=1, b=1, c=1)
    tried: list[str] = []
    while member := await rotation.admit("fast", who, tried):
        tried.append(member.name)
    assert sorted(tried) == ["demo/a", "demo/b", "demo/c"]


async def test_tiers_rotate_on_their_own():
    rotation = Rotation()
    who = members(a=1, b=1)
    first = [await rotation.admit(tier, who) for tier in ("fast", "smart")]
    assert [member.model for member in first if member] == ["a", "a"]


async def test_a_member_that_always_fails_does_not_change_the_others_shares():
    rotation = Rotation()
    who = members(sick=1, a=1, b=1)
    answered: Counter[str] = Counter()
    for _ in range(300):
        member = await rotation.admit("fast", who)
        if member is not None and member.model == "sick":
            member = await rotation.admit("fast", who, {"demo/sick"})
        assert member is not None
        answered[member.model] += 1
    assert abs(answered["a"] - answered["b"]) <= 3
