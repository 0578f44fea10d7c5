"""A browser that goes on: it comes back when its connection is lost and sends again what was not
acknowledged, as the compiled pages do, and notes whatever it was shown that it should not be."""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from socketio.exceptions import SocketIOError

from chatapp.database import new_id
from tests.answers.world import assemble
from tests.browser.rows import Person
from tests.faults.fleet import Fleet
from tests.faults.people import CHATS, ENDED, STORE, redirects
from tests.faults.tagging import TAGGED, attempt, is_beginning
from tests.harness.socket import Tab

ACKNOWLEDGED = 20.0
"""A question that is not acknowledged within so many seconds is sent again."""

FOR_EVER = 60.0
"""After so many seconds a browser stops waiting: something never ends."""


@dataclass
class Asked:
    """A question as its browser knows it, and what it was shown."""

    number: int
    count: int
    rate: int
    client_id: UUID = field(default_factory=new_id)
    chat_id: str = ""
    answer_id: str = ""
    stopped: float = 0.0
    """When Stop was pressed; 0: it was not."""
    left: int = 0
    """So many words were not shown when it was sent."""
    began: float = 0.0
    ended: float = 0.0
    shown: list[tuple[str, str]] = field(default_factory=list)
    """The status and the text at the end, on each screen."""
    wrong: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The question: how many words are wanted, and how fast they come."""
        return f"Number {self.number}: [[say {self.count} words at {self.rate}/s]] {TAGGED}"

    @property
    def failed(self) -> bool:
        """Whether a screen shows that it failed."""
        return any(status == "failed" for status, _ in self.shown)


@dataclass
class Seen:
    """What a tab has shown last."""

    take: str = ""
    """Names the pieces of the answer: those of another one begin anew."""
    text: str = ""
    attempts: dict[str, str] = field(default_factory=dict)
    """The longest that was shown of each attempt at the answer, over whatever connection."""

    def see(self, take: str, text: str) -> list[str]:
        """Note what is shown now; what is wrong with it after what was shown before."""
        wrong: list[str] = []
        if take == self.take and not text.startswith(self.text):
            wrong.append(f"taken back: …{self.text[-60:]!r} became …{text[-60:]!r}")
        self.take, self.text = take, text
        if (name := attempt(text)) is not None:
            before = self.attempts.get(name, "")
            if not text.startswith(before):
                wrong.append(f"lost: …{before[-60:]!r} became …{text[-60:]!r}")
            self.attempts[name] = max(before, text, key=len)
        return wrong


class Browser:
    """One person's browser."""

    def __init__(self, fleet: Fleet, person: Person, seed: int, patience: float) -> None:
        self._fleet = fleet
        self._patience = patience
        self._choice = random.Random(seed)
        self._cookie = f"chatapp_session={person.token}"

    async def ask(self, number: int, count: int, rate: int) -> Asked:
        """Ask a question in a new chat and follow its answer to the end, in one tab or two."""
        clock = asyncio.get_running_loop().time
        asked = Asked(number, count, rate)
        asked.began = clock()
        tab = self._tab()
        readers: list[asyncio.Task[None]] = []
        try:
            async with asyncio.timeout(self._patience):
                await self._send(tab, asked)
                if self._choice.random() < 0.3:
                    readers.append(asyncio.create_task(self._read(asked)))
                stop_at = self._choice.randrange(count) if self._choice.random() < 0.1 else None
                await self._follow(tab, asked, stop_at)
                await asyncio.gather(*readers)
        except TimeoutError:
            asked.wrong.append(f"never ended: {_view(tab, asked)}")
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)
            await _close(tab)
        asked.ended = clock()
        return asked

    def _tab(self) -> Tab:
        return self._fleet.any(self._choice).tab("/", cookie=self._cookie)

    async def _send(self, tab: Tab, asked: Asked) -> None:
        """Send until it is acknowledged, and go to the chat."""
        form = {"message": asked.text, "client_id": str(asked.client_id)}
        while not asked.chat_id:
            await self._connected(tab)
            before = len(tab.updates)
            try:
                await tab.send(f"{CHATS}.ask", form=form)
                await tab.until(partial(_went, before), ACKNOWLEDGED)
            except (SocketIOError, OSError, TimeoutError):
                continue
            if found := _sent_on(before, tab):
                asked.chat_id = found[-1].removeprefix("/c/")
        path, params = f"/c/{asked.chat_id}", {"chat_id": asked.chat_id}
        tab.path, tab.params = path, params
        with suppress(SocketIOError, OSError):
            await tab.go(path, params)

    async def _read(self, asked: Asked) -> None:
        """Another tab, somewhere else, that opens the chat in the middle."""
        await asyncio.sleep(self._choice.random() * 2)
        tab = self._tab()
        tab.path, tab.params = f"/c/{asked.chat_id}", {"chat_id": asked.chat_id}
        try:
            await self._follow(tab, asked, None)
        finally:
            await _close(tab)

    async def _follow(self, tab: Tab, asked: Asked, stop_at: int | None) -> None:
        seen = Seen()
        while True:
            await self._connected(tab)
            with suppress(TimeoutError):
                await tab.until(partial(self._look, asked, seen, stop_at), self._patience)
            status, text = _view(tab, asked)
            if status in ENDED:
                asked.shown.append((status, text))
                return
            if stop_at is not None and text.count("w") > stop_at and tab.connected:
                stop_at, asked.stopped = None, asyncio.get_running_loop().time()
                with suppress(SocketIOError, OSError):
                    await tab.send(f"{CHATS}.stop", answer_id=asked.answer_id)
                    asked.left = asked.count - text.count("w")

    def _look(self, asked: Asked, seen: "Seen", stop_at: int | None, tab: Tab) -> bool:
        """Whether something is to be done; what is shown must be a beginning, and only grow."""
        status, text = _view(tab, asked)
        if not is_beginning(text, asked.count):
            asked.wrong.append(f"shown in the middle: …{text[-60:]!r}")
        asked.wrong += seen.see(_take(tab, asked), text)
        stops = stop_at is not None and text.count("w") > stop_at
        return status in ENDED or stops or not tab.connected

    async def _connected(self, tab: Tab) -> None:
        """Come back, to any process that is there."""
        while not tab.connected:
            await _close(tab)
            tab.url = tab.origin = self._fleet.any(self._choice).url
            try:
                async with asyncio.timeout(ACKNOWLEDGED):
                    await tab.connect()
                    await tab.until(lambda tab: tab.state.get(STORE) or not tab.connected)
            except (SocketIOError, OSError, TimeoutError):
                await asyncio.sleep(self._choice.uniform(0.2, 1.0))


def _went(before: int, tab: Tab) -> bool:
    return bool(_sent_on(before, tab)) or not tab.connected


def _sent_on(before: int, tab: Tab) -> list[str]:
    return redirects(tab.updates[before:])


def _view(tab: Tab, asked: Asked) -> tuple[str, str]:
    """The status and the text of the answer as the tab shows it."""
    store: dict[str, Any] = tab.state.get(STORE, {})
    order = (store.get(f"c:{asked.chat_id}") or {}).get("order", [])
    answers = [one for one in order if store.get(f"m:{one}", {}).get("role") == "answer"]
    if not answers:
        return "", ""
    if len(answers) > 1:
        asked.wrong.append(f"{len(answers)} answers are shown")
    asked.answer_id = answers[-1]
    return store[f"m:{asked.answer_id}"]["status"], "".join(assemble(store, asked.answer_id))


def _take(tab: Tab, asked: Asked) -> str:
    """What names the pieces of the answer that the tab shows."""
    message = tab.state.get(STORE, {}).get(f"m:{asked.answer_id}") or {}
    return message.get("take", "")


async def _close(tab: Tab) -> None:
    with suppress(Exception):
        async with asyncio.timeout(5):
            await tab.close()
