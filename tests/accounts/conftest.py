"""An installation with accounts, a client of its endpoints, and cheap hashing."""

import dataclasses
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher, Type
from reflex.app_mixins.middleware import MiddlewareMixin
from reflex.event import Event
from reflex.istate.manager.memory import StateManagerMemory
from reflex_base.event.processor import BaseStateEventProcessor
from starlette.applications import Starlette

from chatapp.accounts import gate, gcra, passwords, revocation, service
from chatapp.accounts.endpoints import routes
from chatapp.accounts.guard import EventGuard
from chatapp.accounts.sessions import SignedIn, Visit
from chatapp.accounts.sockets import Sockets
from chatapp.settings import Settings
from tests.accounts.tab import Tab

ORIGIN = "http://chat.test"
PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
def cheap_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1, type=Type.ID)
    monkeypatch.setattr(passwords, "hasher", lambda: cheap)
    passwords._nobody.cache_clear()


@pytest.fixture(autouse=True)
def fresh_limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    gcra._local.clear()
    monkeypatch.setattr(gcra, "_quiet_until", 0.0)
    yield
    gcra._local.clear()


@pytest.fixture
def home(installation: Settings) -> Settings:
    """An installation without anybody in it."""
    return installation


@pytest.fixture
def hashings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by one with each password that is hashed."""
    counted: list[str] = []
    real = passwords._in_thread

    async def counting(work):
        counted.append(work.__qualname__)
        return await real(work)

    monkeypatch.setattr(passwords, "_in_thread", counting)
    return counted


def make_client(**extra: object) -> httpx.AsyncClient:
    base_url = str(extra.pop("base_url", ORIGIN))
    address = str(extra.pop("address", "192.0.2.1"))
    transport = httpx.ASGITransport(Starlette(routes=routes), client=(address, 1234))
    return httpx.AsyncClient(transport=transport, base_url=base_url, headers={"origin": base_url})


@pytest.fixture
async def web(home: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without a script: it keeps cookies and says where a form comes from."""
    async with make_client() as client:
        yield client


@pytest.fixture
async def admin(home: Settings) -> SignedIn:
    """The first account."""
    return await service.sign_up("admin@example.org", PASSWORD, "Ada", Visit("198.51.100.1"))


@pytest.fixture
async def member(admin: SignedIn) -> SignedIn:
    """The second account."""
    return await service.sign_up("member@example.org", PASSWORD, "", Visit("198.51.100.2"))


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> Sockets:
    made = Sockets()
    monkeypatch.setattr(gate, "sockets", made)
    monkeypatch.setattr(revocation, "sockets", made)
    return made


@pytest.fixture
async def tab(home: object, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Tab]:
    # There is no app with pages here.
    monkeypatch.setattr("reflex.state._load_events_for_page", lambda _state: None)
    middleware = MiddlewareMixin()
    middleware.add_middleware(EventGuard())
    failed: list[Exception] = []
    processor = BaseStateEventProcessor(
        middleware=middleware, backend_exception_handler=failed.append
    )
    manager = StateManagerMemory()
    processor.configure(state_manager=manager)
    made = Tab(processor, manager)

    async def emit_delta(_token: str, delta: Any) -> None:
        made.deltas.append(delta)

    async def emit_event(_token: str, *events: Event) -> None:
        made.events += events

    assert processor._root_context
    processor._root_context = dataclasses.replace(
        processor._root_context, emit_delta_impl=emit_delta, emit_event_impl=emit_event
    )
    async with processor:
        yield made
    # Else it would wake up in another test, whose clock it may turn.
    await manager.close()
    assert not failed
