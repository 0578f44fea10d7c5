"""Hedging: when the first word is late, a second member is asked too, and the faster answers."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

from langchain_core.outputs import ChatGenerationChunk

from chatapp.pool.attempt import Trying
from chatapp.pool.leases import Lease

First = asyncio.Task[ChatGenerationChunk | None]


@dataclass(slots=True)
class Running:
    """An attempt whose stream may have been begun already."""

    lease: Lease
    trying: Trying
    speech: AsyncGenerator[ChatGenerationChunk, None]
    first: First | None = None

    def begin(self) -> First:
        """Ask for the first chunk."""
        self.first = asyncio.create_task(
            anext(self.speech, None), name=f"first word of {self.lease.member.name}"
        )
        return self.first

    async def chunks(self) -> AsyncGenerator[ChatGenerationChunk, None]:
        """The whole stream, with the chunk that has come already. Closing it closes the stream."""
        try:
            async with aclosing(self.speech):
                if self.first is not None and (chunk := await self.first) is not None:
                    yield chunk
                async for chunk in self.speech:
                    yield chunk
        finally:
            await self._quiet()

    async def drop(self) -> None:
        """Close the stream, whatever it is about to say."""
        await self._quiet()
        await self.speech.aclose()

    async def _quiet(self) -> None:
        if self.first is not None:
            self.first.cancel()
            await asyncio.wait([self.first])
            if not self.first.cancelled():
                self.first.exception()  # it was told, or nobody asks any more


async def race(
    one: Running,
    seconds: float,
    another: Callable[[], Awaitable[Running | None]],
    lost: Callable[[Running], Awaitable[None]],
) -> Running:
    """Let a second member run with the first one if that has not spoken in time.

    Args:
        one: The first.
        seconds: How long it runs alone.
        another: Admits a second one, if there is one that need not be waited for.
        lost: Is told of the one that was slower, which is closed.

    Returns:
        The one that spoke first. If neither has, the one that failed last.
    """
    racers = [one]
    try:
        await asyncio.wait([one.begin()], timeout=seconds)
        if one.first is not None and not one.first.done() and (two := await another()):
            racers.append(two)
            two.begin()
        winner = await _winner(racers)
    except BaseException:
        for racer in racers:
            await racer.drop()
        for racer in racers[1:]:
            await lost(racer)  # the first one is its caller's
        raise
    for racer in racers:
        if racer is not winner:
            await racer.drop()
            await lost(racer)
    return winner


async def _winner(racers: list[Running]) -> Running:
    left = {racer.first: racer for racer in racers if racer.first is not None}
    while True:
        done, _ = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            racer = left.pop(task)
            if not left or (not task.cancelled() and task.exception() is None):
                return racer
