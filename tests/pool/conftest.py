"""Fake providers and pools on them."""

from collections.abc import AsyncIterator, Callable

import pytest
from langchain_core.messages import BaseMessage, HumanMessage
from pydantic import SecretStr

from chatapp.pool.config import Account, Member, PoolConfig
from chatapp.pool.events import Done, Hop, PoolEvent, Restart, Text
from chatapp.pool.model import PooledChatModel
from chatapp.redis import redis
from tests.fakes import ProviderServer

KEY = "gsk_sEcReT0123456789"
MODELS = {"groq": "llama-fake", "google": "gemini-fake", "openai": "gpt-fake"}

MakePool = Callable[..., PooledChatModel]


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as running:
        yield running


@pytest.fixture
async def fakes(server: ProviderServer) -> ProviderServer:
    await server.reset()
    return server


@pytest.fixture
async def make_pool(fakes: ProviderServer) -> AsyncIterator[MakePool]:
    """Makes pools with one member for each provider named; all are closed at the end."""
    await redis().flushall()
    made: list[PooledChatModel] = []

    def make(*providers: str, weights: dict[str, int] | None = None, **options: float):
        accounts = [
            Account(name, name, SecretStr(KEY + name), fakes.base_url(name)) for name in providers
        ]
        members = [
            Member("fast", account, MODELS[account.name], (weights or {}).get(account.name, 1))
            for account in accounts
        ]
        pool = PooledChatModel.model_validate(
            {"config": PoolConfig(tuple(accounts), tuple(members)), **options}
        )
        made.append(pool)
        return pool

    yield make
    for pool in made:
        await pool.aclose()


def ask(text: str) -> list[BaseMessage]:
    return [HumanMessage(text)]


def words(count: int) -> str:
    return " ".join(f"w{n}" for n in range(count))


def said(events: list[PoolEvent]) -> str:
    """The words on the screen after these events."""
    text = ""
    for event in events:
        if isinstance(event, Restart):
            text = ""
        elif isinstance(event, Text):
            text += event.text
    return text


class Heard:
    """All events of an answer."""

    def __init__(self, events: list[PoolEvent]) -> None:
        self.events = events
        self.text = said(events)
        self.hops = [event for event in events if isinstance(event, Hop)]

    @property
    def done(self) -> Done:
        last = self.events[-1]
        assert isinstance(last, Done)
        return last


async def hear(
    pool: PooledChatModel,
    text: str,
    events: list[PoolEvent] | None = None,
    *,
    restarts: bool = False,
) -> Heard:
    """Hear an answer; ``events`` keeps what came before an error."""
    events = [] if events is None else events
    async for event in pool.answer(ask(text), restarts=restarts):
        events.append(event)
    return Heard(events)
