"""The running app with fake providers behind it, people with accounts, and their tabs."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from chatapp import routes
from chatapp.database import new_id
from chatapp.settings import Settings
from tests.answers.world import KEYS, assemble, pool_file
from tests.fakes import ProviderServer
from tests.harness.app import AppServer
from tests.harness.backends import Backend
from tests.harness.socket import ROOT, Tab

PASSWORD = "correct horse battery"
CHAT = f"{ROOT}.chatapp___answers___state____chat_state"
STORE = f"{ROOT}.chatapp___ui___store____store"


@pytest.fixture(scope="session")
async def _answering_app(
    backend: Backend,
    built_pages: None,
    provider_server: ProviderServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[AppServer]:
    async with _answering(backend, provider_server, tmp_path_factory.mktemp("app")) as server:
        yield server


@asynccontextmanager
async def _answering(
    backend: Backend, fakes: ProviderServer, folder: Path
) -> AsyncIterator[AppServer]:
    file = folder / "pool.toml"
    file.write_text(pool_file(fakes))
    env = await backend.fresh(folder) | KEYS | {"CHATAPP_POOL": str(file)}
    server = AppServer(env, folder / "app.log")
    await server.start()
    # The first account is the administrator's, which nobody in the tests is by chance.
    await sign_up(server, "admin")
    yield server
    await server.stop()


@pytest.fixture
async def faulty_app(
    backend: Backend, built_pages: None, fakes: ProviderServer, tmp_path: Path
) -> AsyncIterator[AppServer]:
    """An app of the test's own: its pool remembers who has failed."""
    async with _answering(backend, fakes, tmp_path) as server:
        yield server
    server.check()


@pytest.fixture
def chat_app(
    _answering_app: AppServer, fakes: ProviderServer, request: pytest.FixtureRequest
) -> Iterator[AppServer]:
    """A running app whose pool is Groq and Gemini, both of them fakes; tests share it."""
    _answering_app.begin()
    yield _answering_app
    request.node.add_report_section("teardown", "app log", _answering_app.process.text[-20_000:])
    _answering_app.check()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in."""

    app: AppServer
    email: str
    cookie: str

    def tab(self, chat_id: UUID | str | None = None, **options: Any) -> Tab:
        """A tab of this person on the first page or on a chat, not yet connected."""
        if chat_id is None:
            return self.app.tab("/", cookie=self.cookie, **options)
        params = {"chat_id": str(chat_id)}
        return self.app.tab(routes.chat(chat_id), cookie=self.cookie, params=params, **options)

    def client(self) -> httpx.AsyncClient:
        made = self.app.client()
        made.headers["cookie"] = self.cookie
        return made

    async def user_id(self) -> UUID:
        ((found,),) = await query(self.app, f"SELECT id FROM users WHERE email = '{self.email}'")
        return found if isinstance(found, UUID) else UUID(found)


async def sign_up(app: AppServer, name: str = "somebody") -> Person:
    """Make an account as a browser does."""
    email = f"{name}-{new_id().hex}@example.org"
    async with app.client() as client:
        form = {"email": email, "password": PASSWORD, "name": name}
        response = await client.post(routes.SIGN_UP, data=form)
        assert response.status_code == 303, response.text
        return Person(app, email, _session(client))


async def sign_in(person: Person) -> Person:
    """The same person in another browser."""
    async with person.app.client() as client:
        form = {"email": person.email, "password": PASSWORD}
        response = await client.post(routes.SIGN_IN, data=form)
        assert response.status_code == 303, response.text
        return Person(person.app, person.email, _session(client))


def _session(client: httpx.AsyncClient) -> str:
    ((name, value),) = [
        (name, value) for name, value in client.cookies.items() if "session" in name
    ]
    return f"{name}={value}"


async def query(app: AppServer, statement: str) -> list[Any]:
    """What an installation's database answers."""
    given = {name: value for name, value in app.env.items() if value}
    made = Settings.model_validate(given | {"data_dir": app.env["CHATAPP_DATA_DIR"]})
    engine = create_async_engine(made.sqlalchemy_url, poolclass=NullPool)
    async with engine.connect() as connection:
        rows = [tuple(row) for row in await connection.execute(text(statement))]
    await engine.dispose()
    return rows


def store(tab: Tab) -> dict[str, Any]:
    """What the tab's browser holds in its store."""
    return tab.state.get(STORE, {})


def shown(tab: Tab, answer_id: UUID | str) -> str:
    """The text of an answer as the tab shows it."""
    return "".join(assemble(store(tab), answer_id))


def order(tab: Tab, chat_id: UUID | str) -> list[str]:
    """The ids of the messages that a tab shows of a chat."""
    return store(tab).get(f"c:{chat_id}", {}).get("order", [])


def chats(tab: Tab) -> list[str]:
    """The ids of the chats in a tab's list."""
    return [chat["id"] for group in store(tab).get("sidebar", []) for chat in group["chats"]]


def running(tab: Tab, answer_id: UUID | str) -> bool:
    view = store(tab).get(f"m:{answer_id}")
    return view is None or view["status"] in ("queued", "streaming")


async def ask(tab: Tab, question: str, client_id: UUID | None = None) -> None:
    """Send the composer."""
    form = {"message": question, "client_id": str(client_id or new_id())}
    await tab.send(f"{CHAT}.ask", form=form)


async def first_question(person: Person, question: str) -> str:
    """Ask in a new chat, from the first page; the chat's id."""
    async with person.tab() as tab:
        await tab.until(lambda tab: "sidebar" in store(tab))
        before = set(chats(tab))
        await ask(tab, question)
        await tab.until(lambda tab: set(chats(tab)) - before)
        (chat_id,) = set(chats(tab)) - before
    return chat_id


async def answered(tab: Tab, chat_id: str, count: int = 2) -> dict[str, Any]:
    """The view of the last answer, once a chat has so many messages and none is coming."""
    await tab.until(
        lambda tab: len(order(tab, chat_id)) == count and not running(tab, order(tab, chat_id)[-1]),
        20,
    )
    return store(tab)[f"m:{order(tab, chat_id)[-1]}"]
