"""Programs that run together: started, kept alive, replaced one by one, ended together."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools import logs
from tools.phases import Refusal

START_SECONDS = 90.0
STOP_SECONDS = 45.0
LEAVE_SECONDS = 100.0
PAUSE = (0.5, 10.0)
"""The shortest and the longest pause before a program that ended is started again, in seconds."""
STEADY = 30.0
"""A program that ran for so long, in seconds, has not failed at its start."""
HANDED = "CHATAPP_LISTENER"
"""Tells a program the descriptor of its listener: see :mod:`chatapp.serve`."""


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
    """What lets it go when the next one listens in its place."""
    folder: int | None = None
    """A file descriptor that it inherits."""
    listen: tuple[str, int] | None = None
    """Where it listens, at a socket that it inherits; without, it cannot be replaced."""
    says: str = ""
    """What it writes to its log as soon as it listens."""


class Child:
    """One program, which is started again whenever it ends.

    When it is replaced, the next process is ready before the one before it leaves. Both have the
    same listening socket, which is held here. So the port is never without somebody, and what waits
    in the socket's queue when the old one closes its own descriptor is taken by the new one. Two
    sockets on one port (SO_REUSEPORT) would lose it; another port would have to be made known to
    nginx each time, whose old workers keep their sockets. As both answer at the same address, what
    the new one writes to its log tells that it is there.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._process: Process | None = None
        """The one that serves, or the last one that did."""
        self._others: set[Process] = set()
        """Those that are not yet ready, and those that leave."""
        self._listener: socket.socket | None = None
        self._keepers: set[asyncio.Task[None]] = set()
        self._changing = asyncio.Lock()
        """Held while one process comes after another."""
        self._ending = asyncio.Event()

    async def start(self) -> None:
        """Start it, wait until it is ready, and keep it alive from then on.

        Raises:
            Refusal: it does not start.
        """
        try:
            self._serve(await self._spawn())
        except OSError as error:
            raise self._refusal(error) from error
        assert self._process is not None
        await self._until_ready(self._process)

    async def replace(self) -> None:
        """Start the next one, and let the one before it leave when that is ready.

        Raises:
            Refusal: the next one does not start; the one before it serves on.
        """
        async with self._changing:
            leaving = self._process
            try:
                await self._succeed()
            except OSError as error:
                raise self._refusal(error) from error
        if leaving is None or leaving.returncode is not None:
            return
        self._others.add(leaving)
        leaving.send_signal(self.program.leave)
        try:
            await asyncio.wait_for(leaving.wait(), LEAVE_SECONDS)
        except TimeoutError:
            print(f"{self.program.name} does not leave and is killed.", file=sys.stderr)
            _kill(leaving)
        self._others.discard(leaving)

    async def _succeed(self) -> None:
        logs.put_aside(self.program.log)
        said = logs.size(self.program.log)
        process = await self._spawn()
        self._others.add(process)
        try:
            await self._until_ready(process, said)
            self._serve(process)
        except BaseException:
            _kill(process)
            raise
        finally:
            self._others.discard(process)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        _send(self._process, number)

    async def stop(self) -> None:
        """End it, with force if it takes too long."""
        self._ending.set()
        for process in (self._process, *self._others):
            _send(process, self.program.end)
        if self._keepers:
            _done, late = await asyncio.wait(self._keepers, timeout=STOP_SECONDS)
            if late:
                print(f"{self.program.name} does not end by itself and is killed.", file=sys.stderr)
                self.kill()
                await asyncio.wait(late)
        self._close()

    def kill(self) -> None:
        """End it and what it started at once."""
        for process in (self._process, *self._others):
            if process is not None:
                _kill(process)

    def _serve(self, process: Process) -> None:
        """Let a process be the one that serves, and that is kept alive."""
        self._write_pid(process)
        self._process = process
        keeper = asyncio.create_task(self._keep(process), name=self.program.name)
        self._keepers.add(keeper)
        keeper.add_done_callback(self._keepers.discard)

    async def _keep(self, process: Process) -> None:
        pause = PAUSE[0]
        while True:
            began = time.monotonic()
            code = await process.wait()
            # What it started and left behind would hold its port.
            _kill(process)
            async with self._changing:
                if process is not self._process:
                    return
                self._close()
                if not self._ending.is_set():
                    ended = f"{self.program.name} ended ({_how(code)}) and is started again."
                    print(ended, flush=True)
                if time.monotonic() - began > STEADY:
                    pause = PAUSE[0]
                while not await self._ends_within(pause):
                    pause = min(pause * 2, PAUSE[1])
                    try:
                        process = self._process = await self._spawn()
                        self._write_pid(process)
                        if self._ending.is_set():  # since then
                            _send(process, self.program.end)
                        break
                    except OSError as error:
                        self._close()
                        print(f"{self.program.name} cannot be started: {error}", file=sys.stderr)
                else:
                    return

    async def _ends_within(self, seconds: float) -> bool:
        """Wait for so long, or until all is to end."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), seconds)
        return self._ending.is_set()

    async def _spawn(self) -> Process:
        program = self.program
        if program.listen and self._listener is None:
            self._listener = _bound(*program.listen)
        handed = None if self._listener is None else self._listener.fileno()
        logs.put_aside(program.log)
        with program.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *_dying_with_us(program.end),
                *(str(part) for part in program.command),
                cwd="/" if program.folder is not None else None,
                env={
                    **os.environ,
                    **program.env,
                    **({} if handed is None else {HANDED: str(handed)}),
                },
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                # The terminal's Ctrl-C is for us, who end the programs in their order.
                start_new_session=True,
                pass_fds=[each for each in (program.folder, handed) if each is not None],
            )

    async def _until_ready(self, process: Process, said: int = 0) -> None:
        """Wait until a process is ready.

        Raises:
            Refusal: it ends at once, or is not ready in time.
        """
        deadline = time.monotonic() + START_SECONDS
        while not await asyncio.to_thread(self._is_ready, said):
            if process.returncode is not None or time.monotonic() > deadline:
                raise Refusal(f"{self.program.name} did not start. {self._last_words()}")
            await asyncio.sleep(0.1)

    def _is_ready(self, said: int) -> bool:
        return logs.says(self.program.log, self.program.says, said) and self.program.ready()

    def _write_pid(self, process: Process) -> None:
        draft = self.program.pid_file.with_suffix(".new")
        try:
            draft.write_text(f"{process.pid}\n")
            draft.replace(self.program.pid_file)
        except OSError:
            _kill(process)
            raise

    def _close(self) -> None:
        """Nobody serves: then nobody is to wait in the queue either."""
        self.program.pid_file.unlink(missing_ok=True)
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _refusal(self, error: OSError) -> Refusal:
        return Refusal(f"{self.program.name} did not start: {error.strerror or error}.")

    def _last_words(self) -> str:
        lines = self.program.log.read_text(errors="replace").splitlines()
        last = next((line.strip() for line in reversed(lines) if line.strip()), "It said nothing.")
        return f"{last} The whole log is in {self.program.log}."


def _bound(host: str, port: int) -> socket.socket:
    """A socket at which nobody listens yet."""
    made = socket.socket()
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
    except OSError:
        made.close()
        raise
    return made


def _send(process: Process | None, number: signal.Signals) -> None:
    if process is not None and process.returncode is None:
        process.send_signal(number)


def _kill(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _dying_with_us(number: signal.Signals) -> list[str]:
    """What to run a program through, so that it ends also when this process is killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", number.name.removeprefix("SIG")] if setpriv else []


def _how(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
