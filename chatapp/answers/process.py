"""What one process of the product holds: its runner and its hub."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from chatapp.answers.hub import Hub
from chatapp.answers.runner import DRAIN, Runner
from chatapp.answers.takeover import Takeover
from chatapp.settings import settings


@dataclass(frozen=True, slots=True)
class Process:
    """The parts that answer and that follow, in this process."""

    runner: Runner
    hub: Hub


_running: list[Process] = []


def process() -> Process:
    """The parts of this process.

    Raises:
        RuntimeError: the process does not run yet or no more.
    """
    if not _running:
        raise RuntimeError("The process does not answer: its lifespan is not open.")
    return _running[-1]


@asynccontextmanager
async def answering() -> AsyncIterator[Process]:
    """Let this process answer and follow until the context ends."""
    hub = Hub()
    made = Process(Runner(hub), hub)
    # Alone, nobody could take over meanwhile: what runs goes on after the next start.
    drain = DRAIN if settings().redis_url else 0.0
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(made.hub.running())
        await stack.enter_async_context(made.runner.running())
        await stack.enter_async_context(Takeover(made.runner).running())
        await stack.enter_async_context(made.runner.draining(drain))
        _running.append(made)
        stack.callback(_running.remove, made)
        yield made
