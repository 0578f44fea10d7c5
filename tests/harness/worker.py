"""Processes of their own that tests tell what to do, several on the same databases.

Such a module reads one JSON line that tells what to do, says ``ready``, waits for a line, works and
says in a line what has come of it.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tools.phases import PROJECT


class Worker:
    """One of them, which is ready."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    def go(self) -> None:
        """Let it work."""
        assert self._process.stdin
        self._process.stdin.write(b"go\n")

    async def says(self) -> str:
        """What has come of it."""
        assert self._process.stdout
        return (await self._process.stdout.readline()).decode().strip()

    async def kill(self) -> None:
        """End it in the midst of whatever it does."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def worker(module: str, order: Mapping[str, Any]) -> AsyncIterator[Worker]:
    """Start one, and end it afterwards.

    Args:
        module: What it runs.
        order: What it is to do.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        cwd=PROJECT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    made = Worker(process)
    try:
        assert process.stdin
        process.stdin.write(json.dumps(order).encode() + b"\n")
        assert await made.says() == "ready"
        yield made
    finally:
        await made.kill()
