"""Asks each configured member for one word and tells what works, how fast and with which limits."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from langchain_core.messages import HumanMessage

from chatapp.pool.attempt import Patience, Trying, speak
from chatapp.pool.config import Member
from chatapp.pool.errors import Failure, classify
from chatapp.pool.members import Clients
from chatapp.pool.signals import NOTHING, Told, told

QUESTION = "Answer with the one word: ready"
PATIENCE = Patience(first_token=30, idle_gap=30, total=60)
AT_ONCE = 4
"""How many members are asked at the same time."""

HEADS = ("member", "tier", "works", "first token", "whole", "limits")


@dataclass(frozen=True, slots=True)
class Checked:
    """How one member has answered. Times are in milliseconds."""

    member: Member
    failure: Failure | None
    first_token_ms: float | None
    duration_ms: float
    told: Told

    @property
    def works(self) -> str:
        """In plain words, without anything that a provider wrote."""
        if self.failure is None:
            return "yes"
        again = self.failure.retry_after
        match self.failure.outcome:
            case "auth":
                text = "no: the key or the model is refused"
            case "rate":
                text = "no: at its limit"
                if again is not None:
                    text += f", again in {again:.0f} s"
            case "client":
                text = "no: the question is refused"
            case _:
                text = "no: it does not answer"
        return f"{text} ({self.failure.kind})"

    @property
    def limits(self) -> str:
        """What the provider has told of its limits, else what is configured."""
        pairs = (
            ("requests/min", self.told.rpm or self.member.rpm),
            ("tokens/min", self.told.tpm or self.member.tpm),
            ("requests/day", self.told.rpd or self.member.rpd),
            ("at once", self.member.concurrency),
        )
        return ", ".join(f"{value:,} {name}" for name, value in pairs if value) or "not known"


async def check(members: Sequence[Member]) -> list[Checked]:
    """Ask each member for one word, in the order given. It spends a request of each quota."""
    clients, places = Clients(), asyncio.Semaphore(AT_ONCE)

    async def one(member: Member) -> Checked:
        async with places:
            return await _check(clients, member)

    try:
        return await asyncio.gather(*(one(member) for member in members))
    finally:
        await clients.aclose()


async def _check(clients: Clients, member: Member) -> Checked:
    trying, failure = Trying(member), None
    try:
        model = (await clients.get(member)).model
        trying.begin()
        until = asyncio.get_running_loop().time() + PATIENCE.total
        speech = speak(trying, model, [HumanMessage(QUESTION)], None, {}, PATIENCE, until)
        async with aclosing(speech):
            async for _ in speech:
                pass
    except Exception as error:
        failure = classify(error)
    attempt = trying.ended("ok" if failure is None else failure.outcome)
    response = trying.responses[-1] if trying.responses else None
    limits = NOTHING if response is None else told(member.account, response.headers)
    return Checked(member, failure, attempt.first_token_ms, attempt.duration_ms, limits)


def table(checked: Sequence[Checked]) -> str:
    """The result as lines for a terminal."""
    rows: list[tuple[str, ...]] = [HEADS]
    for found in checked:
        first = found.first_token_ms
        rows.append(
            (
                found.member.name,
                found.member.tier,
                found.works,
                "" if first is None else f"{first:,.0f} ms",
                f"{found.duration_ms:,.0f} ms",
                found.limits,
            )
        )
    return columns(rows)


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows of texts with their columns aligned."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
