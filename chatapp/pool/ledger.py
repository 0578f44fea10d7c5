"""The pool's books in one Redis: each entry is one atomic script, timed by Redis' own clock."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from hashlib import blake2s
from pathlib import Path
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

from redis.asyncio import ConnectionPool, Redis
from redis.commands.core import AsyncScript

from chatapp.pool import bridge
from chatapp.pool.config import Member
from chatapp.pool.days import midnights
from chatapp.pool.leases import Ending, Lease, Passed, Timing, Wait
from chatapp.redis import tagged

TAG = "{pool}"
"""All keys have it, so that a Redis Cluster keeps them together."""

PLACE = Path(__file__).parent / "lua"


class Ledger:
    """Admission and settlement on one Redis."""

    def __init__(self, client: Callable[[], Redis], timing: Timing, *, shared: bool) -> None:
        self._client = client
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, Redis] = WeakKeyDictionary()
        self._timing = timing
        self._shared = shared
        self._process = uuid4().hex
        self._scripts: dict[str, AsyncScript] = {}
        self.processes = 0
        """How many processes have lately been admitting; 0: not known yet."""

    def redis(self) -> Redis:
        """The client for the running loop: connections belong to loops."""
        if not bridge.runs_here():
            return self._client()
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            pool = self._client().connection_pool
            own = ConnectionPool(pool.connection_class, **pool.connection_kwargs)
            self._clients[loop] = Redis(connection_pool=own)
        return self._clients[loop]

    async def admit(
        self,
        group: str,
        members: Sequence[Member],
        tokens: int,
        prefer: str = "",
        share: int = 1,
    ) -> Lease | Wait:
        """Choose a member and reserve what its answer may use.

        Args:
            group: The name of the rotation.
            members: Those who could answer, at least one.
            tokens: The tokens of the prompt, estimated.
            prefer: The name of the member that is asked if it can be, whoever has the turn.
            share: Into how many parts the limits are divided.

        Raises:
            RedisError, OSError: Redis cannot be reached.
        """
        lease, timing = uuid4().hex, self._timing
        keys = [tagged(f"{TAG}:turns:{group}"), tagged(f"{TAG}:processes")]
        arguments: list[Any] = [lease, self._process, timing.lease, timing.counted, timing.day]
        names = [member.name for member in members]
        arguments += [tokens, share, names.index(prefer) + 1 if prefer in names else 0]
        for member in members:
            keys += _keys(member)[:4]
            arguments += [*_limits(member), *_clock(member)]
        reply = await self._run("admit", keys, arguments)
        if reply[0]:
            _, index, probe, reserved, self.processes, passed = reply
            chosen, others = members[index - 1], _passed(members, passed)
            return Lease(lease, chosen, reserved, bool(probe), self._shared, others)
        _, wait, why, index, self.processes, passed = reply
        return Wait(wait / 1000, why.decode(), members[index - 1], _passed(members, passed))

    async def settle(self, lease: Lease, ending: Ending) -> None:
        """Give back a lease and learn from its end.

        Raises:
            RedisError, OSError: Redis cannot be reached.
        """
        told, timing = ending.told, self._timing
        arguments = [
            lease.id,
            ending.outcome or "unused",
            lease.tokens,
            _known(ending.tokens),
            _milliseconds(ending.sent_ago),
            _milliseconds(ending.first_token),
            _milliseconds(ending.hold),
            ending.hold_why,
            int(ending.spoke),
            ending.kind,
            *map(_known, (told.rpm, told.tpm, told.rpd, told.used_tokens, told.used_day)),
            _milliseconds(ending.told_ago),
            _known(ending.written),
            timing.counted,
            timing.day,
            *_clock(lease.member),
            timing.open,
            timing.auth,
            timing.hold,
            timing.lease,
        ]
        await self._run("settle", _keys(lease.member), arguments)

    async def live(self, leases: Iterable[Lease], *, proved: bool = False) -> None:
        """Keep leases for longer; ``proved``: their members have begun to answer.

        Raises:
            RedisError, OSError: Redis cannot be reached.
        """
        keys: list[str] = []
        arguments: list[Any] = [self._timing.lease]
        for lease in leases:
            keys += _keys(lease.member)[:2]
            arguments += [lease.id, int(proved)]
        if keys:
            await self._run("live", keys, arguments)

    async def status(self, members: Sequence[Member]) -> list[Any]:
        """What is known of members, as the script returns it.

        Raises:
            RedisError, OSError: Redis cannot be reached.
        """
        keys = [key for member in members for key in _keys(member)]
        clocks = [part for member in members for part in _clock(member)]
        return await self._run("status", keys, [self._timing.counted, self._timing.day, *clocks])

    async def aclose(self) -> None:
        """Close the connections of the running loop, if they are not the process' own."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()
            await client.connection_pool.disconnect()

    async def _run(self, name: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        client = self.redis()
        script = self._scripts.get(name)
        if script is None:
            script = self._scripts[name] = AsyncScript(client, _text(name))
        return await script(keys, arguments, client)


@cache
def _limits(member: Member) -> tuple[int, ...]:
    limits = (member.rpm, member.tpm, member.rpd, member.concurrency)
    return (member.weight, *(limit or 0 for limit in limits))


@cache
def _keys(member: Member) -> tuple[str, ...]:
    key = tagged(f"{TAG}:{member.name}")
    if member.account.owner:
        key += f":{member.account.owner}"
    elif member.account.api_key is not None:
        # Another key is another account, about which nothing is known yet.
        secret = member.account.api_key.get_secret_value().encode()
        key += f":{blake2s(secret, digest_size=4, person=b'pool').hexdigest()}"
    return (key, *(f"{key}:{part}" for part in ("leases", "minute", "day", "first", "ends")))


def _passed(members: Sequence[Member], told: list[Any]) -> tuple[Passed, ...]:
    found = zip(told[::3], told[1::3], told[2::3], strict=True)
    return tuple(Passed(members[i - 1], wait / 1000, why.decode()) for i, wait, why in found)


def _clock(member: Member) -> tuple[int, int, int]:
    return midnights(member.day_clock)


def _known(value: int | None) -> int:
    return -1 if value is None else value


def _milliseconds(seconds: float | None) -> int:
    return -1 if seconds is None else max(0, round(seconds * 1000))


@cache
def _text(name: str) -> str:
    return "\n".join((PLACE / f"{part}.lua").read_text() for part in ("common", name))
