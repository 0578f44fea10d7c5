"""All people of a run, over several processes."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import orjson

from bench.load.counts import Counts, total
from bench.load.manners import Account, Manners
from tools.phases import PROJECT


@dataclass
class Seen:
    """What all processes report together."""

    counts: Counts
    there: int
    """People whose page shows their chat."""
    streaming: int
    """Answers whose words are coming."""
    waiting: int
    """Questions without an end."""


class Crowds:
    """The processes with people, from :meth:`start` to :meth:`stop`."""

    def __init__(
        self, accounts: Sequence[Account], manners: Manners, ports: Sequence[int], processes: int
    ) -> None:
        self.people = len(accounts)
        self._ports = ports
        self._parts = [list(accounts[number::processes]) for number in range(processes)]
        self._manners = manners
        self._running: list[asyncio.subprocess.Process] = []

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._running]

    async def start(self) -> None:
        for number, part in enumerate(self._parts):
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bench.load.crowd",
                cwd=PROJECT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=2**26,
            )
            self._running.append(process)
            people = [(each.token, each.chats, each.address) for each in part]
            manners = replace(self._manners, port=self._ports[number % len(self._ports)])
            first = {"people": people, "manners": asdict(manners), "seed": number}
            await self._say(process, first)

    async def stop(self) -> None:
        for process in self._running:
            assert process.stdin
            process.stdin.close()
        for process in self._running:
            try:
                await asyncio.wait_for(process.wait(), 20)
            except TimeoutError:
                process.kill()
        self._running.clear()

    async def come(self, rate: float) -> None:
        """Begin to open all pages, so many a second."""
        await self._all({"do": "come", "rate": rate / len(self._running)})

    async def talk(self, **manners: Any) -> None:
        """Let everybody ask from time to time. See :class:`bench.load.person.Manners`."""
        await self._all({"do": "talk", **manners})

    async def quiet(self) -> None:
        """Let nobody ask any more; answers go on."""
        await self._all({"do": "quiet"})

    async def ask(self, count: int) -> None:
        """Let so many people ask at once."""
        await self._all({"do": "ask", "count": count // len(self._running)})

    async def drop(self) -> None:
        """Let all connections break at once."""
        await self._all({"do": "drop"})

    async def report(self) -> Seen:
        """What happened since the last report."""
        await self._all({"do": "report"})
        parts: list[dict[str, Any]] = []
        for process in self._running:
            assert process.stdout
            part = orjson.loads(await process.stdout.readline())
            parts.append(part)
        counts = total(Counts.from_json(part) for part in parts)
        there, streaming, waiting = (
            sum(part[name] for part in parts) for name in ("there", "streaming", "waiting")
        )
        return Seen(counts, there, streaming, waiting)

    async def _all(self, command: dict[str, Any]) -> None:
        for process in self._running:
            await self._say(process, command)

    async def _say(self, process: asyncio.subprocess.Process, command: dict[str, Any]) -> None:
        assert process.stdin
        process.stdin.write(orjson.dumps(command) + b"\n")
        await process.stdin.drain()
