"""Fake providers on one port: Groq, OpenAI and Gemini, with any fault at any moment.

Run ``python -m tests.fakes.providers --port 0``; it prints ``{"port": …}`` and ends with its
standard input. ``/as/NAME`` before a provider's path makes it another account, ``NAME``.
"""

import argparse
import asyncio
import contextlib
import json
import re
import sys
import time
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

import uvloop

from tests.fakes.answering import Answer, Record
from tests.fakes.behaviour import Behaviour, Fault, plan
from tests.fakes.connection import Connection, Gone
from tests.fakes.dialects import Gemini, OpenAI, gemini_refuses, openai_refuses
from tests.fakes.quota import Quota

PATH = re.compile(
    r"(?:/as/(?P<account>[^/]+))?"
    r"(?:/(?P<openai>(?:openai/)?v1)/chat/completions"
    r"|/v1beta/models/(?P<model>[^:]+):(?P<verb>streamGenerateContent|generateContent))"
)


class Server:
    """All fake providers and the record of what they were asked."""

    def __init__(self) -> None:
        self.behaviours: list[Behaviour] = []
        self.records: list[Record] = []
        self.quotas: dict[tuple[str, str, str], Quota] = {}
        self.changed = asyncio.Condition()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        try:
            while (request := await connection.read()) is not None:
                await self.handle(connection, *request)
        except (Gone, ConnectionError):
            pass
        finally:
            with contextlib.suppress(ConnectionError):
                writer.close()

    async def handle(
        self, c: Connection, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> None:
        path = urlsplit(target).path
        match (method, path):
            case ("POST", "/control"):
                await self.control(c, json.loads(body))
            case ("POST", "/wait"):
                await self.wait(c, json.loads(body))
            case ("GET", "/requests"):
                await c.reply(200, [asdict(record) for record in self.records])
            case _ if method == "POST" and (match := PATH.fullmatch(path)):
                await self.provide(c, match, headers, json.loads(body))
            case _:
                await c.reply(404, {"error": {"message": f"no {method} {path}"}})

    async def control(self, c: Connection, data: dict[str, Any]) -> None:
        if data.pop("reset", False):
            self.behaviours.clear()
            self.records.clear()
            self.quotas.clear()
        if data:
            new = Behaviour.from_json(data)
            who = (new.provider, new.account, new.model)
            self.behaviours = [
                b for b in self.behaviours if (b.provider, b.account, b.model) != who
            ]
            self.behaviours.insert(0, new)
        await c.reply(200, {})

    async def wait(self, c: Connection, data: dict[str, Any]) -> None:
        """Answer when so many requests are in each state, or so much was sent.

        That is ``sent`` for tokens and ``thoughts`` for pieces of reasoning.
        """
        timeout = data.pop("timeout", 10)

        def reached() -> bool:
            for name, wanted in data.items():
                if name == "received":
                    found = len(self.records)
                elif name == "sent":
                    found = sum(len(record.sent) for record in self.records)
                elif name == "thoughts":
                    found = sum(record.thoughts for record in self.records)
                else:
                    found = sum(record.state == name for record in self.records)
                if found < wanted:
                    return False
            return True

        status = 200
        async with self.changed:
            try:
                await asyncio.wait_for(self.changed.wait_for(reached), timeout)
            except TimeoutError:
                status = 408
        await c.reply(status, [asdict(record) for record in self.records])

    async def notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def provide(
        self, c: Connection, match: re.Match[str], headers: dict[str, str], body: dict[str, Any]
    ) -> None:
        provider = {"openai/v1": "groq", "v1": "openai"}.get(match["openai"], "google")
        dialect = Gemini() if provider == "google" else OpenAI(provider)
        asked = dialect.read(body, match["model"] or "", match["verb"] == "streamGenerateContent")
        account = match["account"] or ""
        key = headers.get("x-goog-api-key") or headers.get("authorization", "").removeprefix(
            "Bearer "
        )
        record = Record(
            len(self.records) + 1,
            provider,
            account,
            asked.model,
            key,
            asked.stream,
            body,
            time.monotonic(),
        )
        self.records.append(record)
        await self.notify()
        known = (b for b in self.behaviours if b.fits(provider, account, asked.model))
        behaviour = next(known, Behaviour())
        answer = plan(
            behaviour, asked.model, asked.texts, asked.question, asked.results, asked.tools
        )
        if (gemini_refuses if provider == "google" else openai_refuses)(body):
            answer.fault = Fault("http_400")
        quota = None
        if behaviour.limits is not None:
            who = (provider, account, asked.model)
            quota = self.quotas.setdefault(who, Quota(behaviour.limits))
        c.split = behaviour.split
        record.fault = answer.fault.kind if answer.fault else None
        try:
            record.state = await Answer(c, dialect, asked, answer, record, self.notify, quota).run()
        except (Gone, ConnectionError):
            record.state = "closed_early"
            raise Gone from None
        finally:
            record.ended_at = time.monotonic()
            await self.notify()


async def main(port: int, stay: bool) -> None:
    """Serve until the standard input ends, or for ever."""
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", port, limit=2**22)
    print(json.dumps({"port": listening.sockets[0].getsockname()[1]}), flush=True)
    if stay:
        await listening.serve_forever()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    await reader.read()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--stay", action="store_true", help="do not end with the standard input")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(main(options.port, options.stay))
