"""A program under test, with its output in a file."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from tools.phases import PROJECT

START_SECONDS = 60.0
STOP_SECONDS = 20.0


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A child process. It is asked to end, and made to when it does not."""

    def __init__(
        self, command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.log = log
        self._command = [str(part) for part in command]
        self.env = dict(os.environ if env is None else env)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return None if self._child is None else self._child.poll()

    @property
    def runs(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def text(self) -> str:
        """What it has said so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    async def start(
        self, ready: Callable[[], Awaitable[bool]], seconds: float = START_SECONDS
    ) -> None:
        with self.log.open("ab") as output:
            self._child = self._spawn(output)
        deadline = time.monotonic() + seconds
        while not await ready():
            if self.exit_code is not None:
                raise RuntimeError(f"{self._command} ended with {self.exit_code}:\n{self.text}")
            if time.monotonic() > deadline:
                await self.kill()
                raise TimeoutError(f"{self._command} is not ready:\n{self.text}")
            await asyncio.sleep(0.02)

    def _spawn(self, output: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            env=self.env,
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._child is not None
        self._child.send_signal(number)

    async def ended(self, seconds: float = STOP_SECONDS) -> int:
        """Its exit code, once it has ended.

        Raises:
            TimeoutError: it still runs.
        """
        assert self._child is not None
        return await asyncio.to_thread(_wait, self._child, seconds)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int | None:
        """Ask it to end; its exit code.

        Raises:
            TimeoutError: it had to be killed.
        """
        if self._child is None:
            return None
        if self.exit_code is None:
            self.send(number)
        try:
            return await self.ended()
        except TimeoutError:
            await self.kill()
            raise

    async def kill(self) -> None:
        """End it and its children at once."""
        if self._child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        await self.ended()


def _wait(child: subprocess.Popen[bytes], seconds: float) -> int:
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"{child.args} still runs after {seconds} s") from None


async def accepts(host: str, port: int) -> bool:
    """Whether a TCP connection is accepted."""
    try:
        _reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True
