"""The processes of the subjects. LiteLLM lives in an environment of its own."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from bench.environment import python_with
from chatapp.settings import PROJECT

LITELLM = "1.106.2"
PATIENCE = 600.0
"""Seconds that an order may take."""


class Process:
    """One subject's process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def do(self, task: str, **order: Any) -> Any:
        """Carry out an order; what was found, or None if it could not be done."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"task": task, **order}).encode() + b"\n")
        await self._process.stdin.drain()
        answer = json.loads(await self.line())
        if "error" in answer:
            print(f"{task}: {answer['error']}", file=sys.stderr)
        return answer.get("found")

    async def line(self) -> bytes:
        """The next line that it says, other libraries' chatter left out."""
        assert self._process.stdout
        async with asyncio.timeout(PATIENCE):
            while line := await self._process.stdout.readline():
                if line.startswith((b"ready", b'{"')):
                    return line
        raise RuntimeError("A subject has ended before its time")


@asynccontextmanager
async def process(python: Path | str, module: str, redis_url: str) -> AsyncIterator[Process]:
    """Run a subject until the context ends."""
    env = os.environ | {"REDIS_URL": redis_url, "LITELLM_LOG": "CRITICAL"}
    running = await asyncio.create_subprocess_exec(
        str(python),
        "-m",
        f"bench.pool.{module}",
        cwd=PROJECT,
        env=env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=2**22,
    )
    subject = Process(running)
    try:
        await subject.line()
        yield subject
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


@asynccontextmanager
async def subjects(redis_url: str) -> AsyncIterator[tuple[Process, Process, Process | None]]:
    """The product's pool, LangChain and, where it can be installed, LiteLLM."""
    async with AsyncExitStack() as stack:
        own, theirs = [
            await stack.enter_async_context(process(sys.executable, module, redis_url))
            for module in ("with_chatapp", "with_langchain")
        ]
        python = await asyncio.to_thread(python_with, "litellm", LITELLM, "uvloop")
        litellm = None
        if python is not None:
            entered = process(python, "with_litellm", redis_url)
            litellm = await stack.enter_async_context(entered)
        yield own, theirs, litellm
