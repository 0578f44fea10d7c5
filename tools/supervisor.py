"""Programs that run together: started, kept alive, replaced one by one, ended together."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.phases import Refusal

START_SECONDS = 90.0
STOP_SECONDS = 45.0
LEAVE_SECONDS = 90.0
PAUSE = (0.5, 10.0)
"""The shortest and the longest pause before a program that ended is started again, in seconds."""
STEADY = 30.0
"""A program that ran for so long, in seconds, has not failed at its start."""
LARGEST_LOG = 50_000_000
"""A log of so many bytes is put aside when its program starts."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, and how to tell that it is ready."""

    name: str
    command: Sequence[str | Path]
    log: Path
    pid_file: Path
    ready: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    end: signal.Signals = signal.SIGTERM
    """What ends it soon."""
    leave: signal.Signals = signal.SIGTERM
    """What ends it while others take its place."""
    folder: int | None = None
    """A file descriptor that it inherits."""


class Child:
    """One program, which is started again whenever it ends."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._ending = False
        self._leaving = False
        self._replaced = asyncio.Event()

    async def start(self) -> None:
        """Start it, wait until it is ready, and keep it alive from then on.

        Raises:
            Refusal: it does not start.
        """
        self._process = await self._spawn()
        self._keeper = asyncio.create_task(self._keep(), name=self.program.name)
        await self.ready()

    async def ready(self) -> None:
        """Wait until it is ready.

        Raises:
            Refusal: it ends at once, or is not ready in time.
        """
        deadline = time.monotonic() + START_SECONDS
        while not await asyncio.to_thread(self.program.ready):
            ended = self._process is not None and self._process.returncode is not None
            if ended or time.monotonic() > deadline:
                raise Refusal(f"{self.program.name} did not start. {self._last_words()}")
            await asyncio.sleep(0.1)

    async def replace(self) -> None:
        """Let it leave, and wait until the next one is ready.

        Raises:
            Refusal: the next one does not start.
        """
        leaving = self._process
        if leaving is None:
            return
        self._replaced.clear()
        # One that has ended is about to be started again anyway.
        if leaving.returncode is None:
            self._leaving = True
            leaving.send_signal(self.program.leave)
        try:
            await asyncio.wait_for(self._replaced.wait(), LEAVE_SECONDS)
        except TimeoutError:
            print(f"{self.program.name} does not leave and is killed.", file=sys.stderr)
            self.kill()
            await self._replaced.wait()
        await self.ready()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def stop(self) -> None:
        """End it, with force if it takes too long."""
        self._ending = True
        if self._process is None or self._keeper is None:
            return
        self.send(self.program.end)
        done, _ = await asyncio.wait([self._keeper], timeout=STOP_SECONDS)
        if not done:
            print(f"{self.program.name} does not end by itself and is killed.", file=sys.stderr)
            self.kill()
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)

    def kill(self) -> None:
        """End it and what it started at once."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def _keep(self) -> None:
        pause = PAUSE[0]
        while True:
            process, began = self._process, time.monotonic()
            assert process is not None
            code = await process.wait()
            # What it started and left behind would hold its port.
            self.kill()
            self.program.pid_file.unlink(missing_ok=True)
            if self._ending:
                return
            if self._leaving:
                self._leaving = False
            else:
                print(f"{self.program.name} ended ({_how(code)}) and is started again.", flush=True)
                if time.monotonic() - began > STEADY:
                    pause = PAUSE[0]
                await asyncio.sleep(pause)
                pause = min(pause * 2, PAUSE[1])
            if self._ending:
                return
            self._process = await self._spawn()
            self._replaced.set()

    async def _spawn(self) -> asyncio.subprocess.Process:
        program = self.program
        _put_aside(program.log)
        with program.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *_dying_with_us(program.end),
                *(str(part) for part in program.command),
                cwd="/" if program.folder is not None else None,
                env={**os.environ, **program.env},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # The terminal's Ctrl-C is for us, who end the programs in their order.
                start_new_session=True,
                pass_fds=() if program.folder is None else (program.folder,),
            )
        draft = program.pid_file.with_suffix(".new")
        draft.write_text(f"{process.pid}\n")
        draft.replace(program.pid_file)
        return process

    def _last_words(self) -> str:
        lines = self.program.log.read_text(errors="replace").splitlines()
        last = next((line.strip() for line in reversed(lines) if line.strip()), "It said nothing.")
        return f"{last} The whole log is in {self.program.log}."


def _dying_with_us(number: signal.Signals) -> list[str]:
    """What to run a program through, so that it ends also when this process is killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", number.name.removeprefix("SIG")] if setpriv else []


def _put_aside(log: Path) -> None:
    if log.is_file() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".old.log"))


def _how(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
