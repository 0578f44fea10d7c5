"""People who chat over the real socket, on any of several processes."""

import asyncio
import itertools
import os
from typing import Any

import httpx

from chatapp.database import new_id
from chatapp.ui.store import Store
from tests.answers.world import assemble
from tests.harness.app import AppServer
from tests.harness.link import Link
from tests.harness.socket import Tab
from tests.harness.up import Up

STORE = Store.get_full_name()
CHATS = "reflex___state____state.chatapp___answers___state____chat_state"
ENDED = ("done", "stopped", "failed")
PATIENCE = 40.0


class Behind:
    """A server behind a link that can be disturbed."""

    def __init__(self, link: Link) -> None:
        self.url = f"http://localhost:{link.port}"

    def tab(self, path: str = "/", **options: Any) -> Tab:
        """A browser tab, not yet connected."""
        return Tab(self.url, path, **options)


Served = AppServer | Up

_numbers = itertools.count(1)


class Person:
    """Somebody who is signed in."""

    def __init__(self, cookie: str) -> None:
        self.cookie = cookie

    @classmethod
    async def sign_up(cls, server: Served) -> "Person":
        async with server.client() as client:
            form = {
                "email": f"person{next(_numbers)}@example.org",
                "password": "correct horse battery",
            }
            reply = await client.post("/auth/sign-up", data=form)
            assert reply.status_code == 303, reply.text
            return cls("; ".join(f"{name}={value}" for name, value in client.cookies.items()))

    async def open(self, server: Served | Behind, chat_id: str = "") -> "Screen":
        """A tab of this person that shows a chat, or the first page."""
        path = f"/c/{chat_id}" if chat_id else "/"
        params = {"chat_id": chat_id} if chat_id else {}
        tab = server.tab(path, cookie=self.cookie, params=params)
        await tab.connect()
        screen = Screen(tab)
        await tab.until(lambda t: f"c:{chat_id}" in screen.store if chat_id else screen.store)
        return screen


class Screen:
    """What one tab shows."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab

    @property
    def chat_id(self) -> str:
        """The chat that is open; empty: none."""
        return self.tab.params.get("chat_id", "")

    @property
    def store(self) -> dict[str, Any]:
        return self.tab.state.get(STORE, {})

    async def send(self, text: str, client_id: str = "") -> str:
        """Send a question, perhaps one that was sent before; its client's id."""
        client_id = client_id or str(new_id())
        form = {"message": text, "client_id": client_id}
        await self.tab.send(f"{CHATS}.ask", form=form)
        return client_id

    async def ask(self, text: str, client_id: str = "") -> str:
        """Send a question and wait until it is taken; the id of the chat that it is in."""
        before = len(self.tab.updates)
        client_id = await self.send(text, client_id)
        await self.tab.until(lambda _: self.store.get("accepted") == client_id, PATIENCE)
        if self.chat_id:
            return self.chat_id
        await self.tab.until(lambda t: redirects(t.updates[before:]))
        return redirects(self.tab.updates[before:])[-1].removeprefix("/c/")

    def answers(self) -> list[str]:
        """The ids of the answers that are shown, oldest first."""
        order = self.store.get(f"c:{self.chat_id}", {}).get("order", [])
        return [one for one in order if self.store.get(f"m:{one}", {}).get("role") == "answer"]

    def status(self, number: int = -1) -> str:
        """The status of an answer; empty while there is none."""
        answers = self.answers()
        return self.store[f"m:{answers[number]}"]["status"] if answers else ""

    def text(self, number: int = -1) -> str:
        """The text of an answer as it is shown."""
        answers = self.answers()
        return "".join(assemble(self.store, answers[number])) if answers else ""

    async def shows(self, words: str) -> None:
        """Wait until the newest answer holds some words."""
        await self.tab.until(lambda _: words in self.text(), PATIENCE)

    async def ended(self, count: int = 1) -> str:
        """Wait until so many answers are there and the newest has ended; how it ended."""
        await self.tab.until(
            lambda _: len(self.answers()) == count and self.status() in ENDED, PATIENCE
        )
        return self.status()

    async def stop(self) -> None:
        await self.tab.send(f"{CHATS}.stop", answer_id=self.answers()[-1])

    async def close(self) -> None:
        await self.tab.close()


def redirects(updates: list[dict[str, Any]]) -> list[str]:
    """Where the pages were sent by these updates."""
    events = [event for update in updates for event in update.get("events") or []]
    return [event["payload"]["path"] for event in events if event["name"] == "_redirect"]


async def gone(server: AppServer) -> None:
    """Wait until a process has ended."""
    ends = asyncio.to_thread(os.waitid, os.P_PID, server.process.pid, os.WEXITED | os.WNOWAIT)
    async with asyncio.timeout(PATIENCE):
        await ends


async def refused(server: AppServer) -> bool:
    """Whether nobody answers at a process's address."""
    try:
        async with httpx.AsyncClient() as client:
            await client.get(f"{server.url}/healthz")
    except httpx.TransportError:
        return True
    return False
