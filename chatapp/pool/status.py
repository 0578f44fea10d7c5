"""How the pool's members are: the same in every process, and cheap to read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from chatapp.pool.admission import Admission
from chatapp.pool.config import Member, PoolConfig

State = Literal["healthy", "hold", "open", "probing", "slow"]
"""Answers; wants not to be asked; is not asked because it failed; one question tries it; is back
and gets fewer questions for a while."""

Limit = Literal["rpm", "tpm", "rpd"]
"""Requests a minute, tokens a minute, requests a day."""

SLOW_START = 15_000
"""Milliseconds, as in ``common.lua``."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of one limit."""

    what: Limit
    limit: int
    left: int
    resets: datetime | None
    """When all of it is there again, if something is used."""


@dataclass(frozen=True, slots=True)
class MemberStatus:
    """How one member is. It knows no keys and no questions."""

    name: str
    label: str
    tiers: tuple[str, ...]
    state: State
    why: str
    """``rate``, ``rpm``, ``tpm``, ``rpd`` for a hold; ``fail`` or ``auth`` for one that is out."""
    until: datetime | None
    """When a hold ends, or a probe may be made."""
    quotas: tuple[Quota, ...]
    in_flight: int
    """Answers that it gives now, in all processes."""
    concurrency: int | None
    first_token_p50_ms: float | None
    first_token_p95_ms: float | None
    """Of the last 200 answers."""
    answers: int
    """How many it gave in this hour and the last."""
    errors: dict[str, int]
    """How often each kind has occurred in this hour and the last: its outcome, then its name."""


async def read_status(admission: Admission, config: PoolConfig) -> list[MemberStatus]:
    """Read the state of all members."""
    members = config.members_of(None)
    now, *found = await admission.status(members)
    return [
        _status(member, config, int(now), values)
        for member, values in zip(members, found, strict=True)
    ]


def _status(member: Member, config: PoolConfig, now: int, values: Sequence[Any]) -> MemberStatus:
    state, in_flight, firsts, ends, minute_ends, day_ends = values
    fields = {k.decode(): v.decode() for k, v in zip(state[::2], state[1::2], strict=True)}

    def number(name: str) -> int:
        return int(fields[name])

    resets = {"rpm": int(minute_ends), "tpm": int(minute_ends), "rpd": int(day_ends)}
    used = {"rpm": number("requests"), "tpm": number("tokens"), "rpd": number("day")}
    configured: dict[Limit, int | None] = {"rpm": member.rpm, "tpm": member.tpm, "rpd": member.rpd}
    quotas = [
        Quota(name, limit, max(0, limit - used[name]), _moment(resets[name]))
        for name, own in configured.items()
        if (limit := min(filter(None, (own, number(name))), default=0))
    ]
    what, why, until = _state(fields, now)
    if what in {"healthy", "slow"} and (spent := [q.what for q in quotas if not q.left]):
        what, why, until = "hold", spent[-1], resets[spent[-1]]
    counts = _counted(ends)
    samples = sorted(int(value) for value in firsts)
    return MemberStatus(
        name=member.name,
        label=member.label,
        tiers=tuple(m.tier for m in config.members if m.name == member.name),
        state=what,
        why=why,
        until=_moment(until),
        quotas=tuple(quotas),
        in_flight=in_flight,
        concurrency=member.concurrency,
        first_token_p50_ms=_quantile(samples, 0.5),
        first_token_p95_ms=_quantile(samples, 0.95),
        answers=counts.pop("ok", 0),
        errors=counts,
    )


def _state(fields: dict[str, str], now: int) -> tuple[State, str, int]:
    hold, opened = int(fields["hold"]), int(fields["open"])
    if opened > 0 and opened >= hold:
        if fields["probe"] and int(fields["probe_until"]) > now:
            return "probing", fields["open_why"], 0
        return "open", fields["open_why"], opened
    if hold > now:
        return "hold", fields["hold_why"], hold
    if opened > 0:
        return "open", fields["open_why"], opened
    slow = int(fields["slow"])
    if slow and now - slow < SLOW_START:
        return "slow", "", slow + SLOW_START
    return "healthy", "", 0


def _counted(pairs: Sequence[bytes]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for kind, count in zip(pairs[::2], pairs[1::2], strict=True):
        counts[kind.decode()] = counts.get(kind.decode(), 0) + int(count)
    return counts


def _quantile(samples: list[int], share: float) -> float | None:
    return float(samples[min(len(samples) - 1, int(len(samples) * share))]) if samples else None


def _moment(milliseconds: int) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds > 0 else None
