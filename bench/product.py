"""chatapp as it is served, and its tabs."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.line import PATIENCE, ROOT, Delta, Line
from bench.seed import Person, Seed
from bench.subject import Subject, Tab, Turn, differences
from chatapp.ui.blocks import blocks_of
from tests.fakes import ProviderServer
from tests.harness.app import AppServer

ASK = f"{ROOT}.chatapp___answers___state____chat_state.ask"
STORE = f"{ROOT}.chatapp___ui___store____store"
RUNNING = ("queued", "streaming")


class ProductTab(Tab):
    """A tab that puts together what its page would show. See :mod:`chatapp.answers.views`."""

    def __init__(self, port: int, person: Person, *, deflate: bool) -> None:
        super().__init__()
        self._chat_id = person.chat_id
        self.line = Line(
            port,
            self._on_delta,
            self.on_lost,
            cookie=f"chatapp_session={person.token}",
            deflate=deflate,
        )
        self.there = asyncio.Event()
        """Set when the chat is shown."""
        self._known: set[str] = set()
        self._take = ""
        self._pieces: dict[tuple[int, int], str] = {}

    def send(self, question: str) -> None:
        self._pieces.clear()
        form = {"message": question, "client_id": str(uuid4())}
        self.line.send(ASK, {"form": form})

    def _on_delta(self, delta: Delta, at: float) -> None:
        values = delta.get(STORE, {})
        if f"c:{self._chat_id}" in values:
            self.there.set()
        views = [value for name, value in values.items() if name.startswith("m:")]
        turn = self.turn
        for view in views:
            if turn and view["role"] == "answer" and view["id"] not in self._known:
                turn.answer_id = view["id"]
            self._known.add(view["id"])
        if turn is None or not turn.answer_id:
            return
        for name, value in values.items():
            if name.startswith(f"{turn.answer_id}.") and self._collect(name, value):
                turn.speak(at)
        for view in views:
            if view["id"] == turn.answer_id and view["status"] not in RUNNING:
                self._end(turn, view, at)

    def _collect(self, name: str, value: str) -> bool:
        """Keep a piece of the text; whether it has words."""
        _answer, take, block, piece = name.split(".")
        if take != self._take:
            self._take = take
            self._pieces.clear()
        self._pieces[int(block), int(piece)] = value
        return bool(value.strip())

    def _end(self, turn: Turn, view: dict[str, Any], at: float) -> None:
        shown: dict[int, str] = {}
        for (block, _), text in sorted(self._pieces.items()):
            shown[block] = shown.get(block, "") + text
        blocks = view["blocks"] or [text for text in shown.values() if text.strip()]
        if blocks:
            turn.speak(at)
        self.turn = None
        turn.end("\n\n".join(blocks))


class Product(Subject):
    """chatapp on PostgreSQL and Redis."""

    name = "chatapp"
    tab_type = ProductTab

    def __init__(self, provider: ProviderServer, env: dict[str, str], folder: Path) -> None:
        super().__init__(provider)
        self.redis_url = env["REDIS_URL"]
        pool = {
            "GROQ_API_KEY": "none",
            "GROQ_BASE_URL": self.provider_url,
            "GROQ_MODEL": "bench",
            "CHATAPP_POOL": str(folder / "no-pool.toml"),
            "CHATAPP_ANSWER_CACHE": "on",
        }
        self._server = AppServer({**env, **pool}, folder / "chatapp.log")
        self._seed = Seed(env["DATABASE_URL"])

    @property
    def pid(self) -> int:
        return self._server.process.pid

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def log(self) -> str:
        """What it has said."""
        return self._server.process.text

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        await self._seed.close()
        await self._server.stop()

    async def open_tab(self, messages: int = 0, *, deflate: bool = True) -> ProductTab:
        person = await self._seed.person(messages)
        if messages:
            await self._seed.analyze()
        tab = self.tab_type(self.port, person, deflate=deflate)
        await tab.line.open(f"/c/{person.chat_id}", {"chat_id": str(person.chat_id)})
        async with asyncio.timeout(PATIENCE):
            await tab.there.wait()
        return tab

    async def wrong(self, turns: list[Turn], expected: str) -> list[str]:
        screen = "\n\n".join(blocks_of(expected))
        kept = await self._seed.texts([turn.answer_id for turn in turns])
        return [
            *differences(self.name, "on the screen", screen, [turn.shown for turn in turns]),
            *differences(self.name, "in the database", expected, kept),
        ]
