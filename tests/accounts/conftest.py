"""An installation with accounts, a client of its endpoints, and cheap hashing."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from argon2 import PasswordHasher, Type
from starlette.applications import Starlette

from chatapp.accounts import gcra, passwords, service
from chatapp.accounts.endpoints import routes
from chatapp.accounts.sessions import SignedIn, Visit
from chatapp.settings import Settings

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
