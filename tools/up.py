"""`make up`: PostgreSQL, Redis, the backends and nginx on one machine, and `make restart`."""

import asyncio
import fcntl
import json
import os
import resource
import secrets
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Any

from tools import machine, packages, phases, servers
from tools.entrance import Entrance
from tools.machine import LOOPBACK
from tools.network import answers, free_ports
from tools.phases import PROJECT, Refusal
from tools.servers import HOST, Place
from tools.supervisor import LEAVE_SECONDS, START_SECONDS, Child, Program

OUTCOME = "restart"
"""The file that tells how the last restart went."""

FILES = 65_536
"""How many files and sockets a program may have open, as far as the machine lets us."""


class Installation:
    """The programs of one data folder."""

    def __init__(self, place: Place, host: str, port: int, backends: int) -> None:
        self._place = place
        self._port = port
        self._servers: list[Child] = []
        self._ports = free_ports(port + 1, backends + 2)
        self._entrance = Entrance(place, host, port, self._ports[:-2])
        self._env: dict[str, str] = {}
        self.backends: list[Child] = []

    async def start(self) -> None:
        """Start everything, each as soon as what it needs is ready.

        Raises:
            Refusal: something does not start.
        """
        await self._start_servers()
        await asyncio.to_thread(_migrate, self._env)
        self._write_state()
        *ports, _, _ = self._ports
        self.backends = [Child(self._backend(*each)) for each in enumerate(ports, 1)]
        many = f"{len(ports)} backends" if len(ports) > 1 else "the backend"
        print(f"Starting {many} …", flush=True)
        await asyncio.gather(*(backend.start() for backend in self.backends))
        await self._entrance.start()

    async def replace(self) -> None:
        """Replace the backends one after the other.

        Raises:
            Refusal: a new one does not start; the old one and those after it serve on.
        """
        await asyncio.to_thread(_migrate, self._env)
        for backend in self.backends:
            await backend.replace()
            print(f"{backend.program.name} is replaced.", flush=True)
        self._entrance.refresh()

    def tell(self, reason: str) -> None:
        """Tell `make restart` how it went: why not all backends were replaced, or nothing."""
        draft = self._place.run / f"{OUTCOME}.new"
        draft.write_text(reason)
        draft.replace(self._place.run / OUTCOME)

    async def stop(self) -> None:
        """End everything, in the order in which they need each other."""
        await self._entrance.stop()
        await asyncio.gather(*(backend.stop() for backend in self.backends))
        await asyncio.gather(*(server.stop() for server in self._servers))
        for name in ("up.json", OUTCOME):
            (self._place.run / name).unlink(missing_ok=True)

    def kill(self) -> None:
        """End everything at once."""
        for child in (self._entrance.nginx, *self.backends, *self._servers):
            child.kill()

    async def _start_servers(self) -> None:
        *backends, postgres_port, redis_port = self._ports
        database, cache = machine.variable("DATABASE_URL", ""), machine.variable("REDIS_URL", "")
        if not database:
            each = machine.number("CHATAPP_DATABASE_CONNECTIONS", "20", 1000)
            # One more backend while one takes another's place; and some for the migrator, for
            # backups, and for whoever looks.
            most = (len(backends) + 1) * each + 30
            program = servers.postgres(self._place, postgres_port, most)
            self._servers.append(Child(program))
        if not cache:
            program, cache = servers.redis(self._place, redis_port)
            self._servers.append(Child(program))
        await asyncio.gather(*(server.start() for server in self._servers))
        if not database:
            database = await asyncio.to_thread(servers.make_database, self._place, postgres_port)
        self._env = {
            "DATABASE_URL": database,
            "REDIS_URL": cache,
            "CHATAPP_DATA_DIR": str(self._place.data),
            "CHATAPP_TRUSTED_PROXIES": "127.0.0.1/32",
            "PYTHONUNBUFFERED": "1",
        }

    def _backend(self, number: int, port: int) -> Program:
        return Program(
            f"backend-{number}",
            [packages.PYTHON, "-m", "chatapp", "serve"],
            self._place.logs / f"backend-{number}.log",
            self._place.run / f"backend-{number}.pid",
            lambda: answers(port, "/readyz"),
            {**self._env, "HOST": HOST, "PORT": str(port)},
            end=signal.SIGINT,
            leave=signal.SIGUSR1,
            listen=(HOST, port),
            says="chatapp is at",
        )

    def _write_state(self) -> None:
        """For those who look at the installation or copy it while it runs."""
        state = {
            "pid": os.getpid(),
            "port": self._port,
            "backends": self._ports[:-2],
            "database_url": self._env["DATABASE_URL"],
            "redis_url": self._env["REDIS_URL"],
        }
        servers.write_secretly(self._place.run / "up.json", json.dumps(state, indent=2) + "\n")


def up() -> int:
    """Start everything and keep it alive until a signal ends it.

    Raises:
        Refusal: something is missing or does not start.
    """
    host, port = machine.address("8080")
    count = machine.number("N", "2", 64)
    place = make_place()
    with (place.run / "up.lock").open("w") as lock:
        if not _locked(lock):
            raise Refusal(f"chatapp is up already, with its data in {place.data}.")
        machine.check_port(host, port, "up")
        _allow_files()
        shown = "localhost" if host in {*LOOPBACK, "0.0.0.0", "::"} else host
        asyncio.run(_supervise(Installation(place, host, port, count), f"http://{shown}:{port}"))
    return 0


def restart() -> int:
    """Have the backends of an installation that is up replaced, one after the other.

    Raises:
        Refusal: it is not up, or a new backend does not start.
    """
    place = make_place()
    if not is_up(place):
        raise Refusal(f"chatapp is not up with its data in {place.data}: `make up` starts it.")
    outcome = place.run / OUTCOME
    outcome.unlink(missing_ok=True)
    state = read_state(place)
    os.kill(state["pid"], signal.SIGUSR1)
    deadline = time.monotonic() + (LEAVE_SECONDS + START_SECONDS) * len(state["backends"])
    while not outcome.is_file():
        if time.monotonic() > deadline or not is_up(place):
            raise Refusal(f"Not all backends were replaced. {place.logs} has the reason.")
        time.sleep(0.1)
    if reason := outcome.read_text():
        raise Refusal(reason)
    print("All backends are replaced.", flush=True)
    return 0


def is_up(place: Place) -> bool:
    """Whether `make up` runs with this data."""
    with (place.run / "up.lock").open("w") as lock:
        return not _locked(lock)


def read_state(place: Place) -> dict[str, Any]:
    """What `make up` has written about the installation that is up."""
    return json.loads((place.run / "up.json").read_text())


async def _supervise(installation: Installation, where: str) -> None:
    loop = asyncio.get_running_loop()
    ending, replacing = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ending.set)
    loop.add_signal_handler(signal.SIGUSR1, replacing.set)
    living = asyncio.create_task(_live(installation, where, replacing))
    ended = asyncio.create_task(ending.wait())
    try:
        await asyncio.wait({living, ended}, return_when=asyncio.FIRST_COMPLETED)
        if living.done():
            await living
        print("Ending …", flush=True)
    finally:
        # Asked twice: at once.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, installation.kill)
        living.cancel()
        ended.cancel()
        await asyncio.gather(living, ended, return_exceptions=True)
        await installation.stop()


async def _live(installation: Installation, where: str, replacing: asyncio.Event) -> None:
    await installation.start()
    print(f"chatapp is at {where}", flush=True)
    while True:
        await replacing.wait()
        replacing.clear()
        try:
            await installation.replace()
            reason = ""
        except Refusal as refusal:
            reason = str(refusal)
        except Exception as error:
            # A full disk, or newer files that this code cannot read: what runs goes on.
            reason = f"Not all was replaced: {error!r}."
        if reason:
            print(reason, file=sys.stderr)
        # With a full disk: `make restart` gives up by itself.
        with suppress(OSError):
            installation.tell(reason)


def make_place() -> Place:
    """The folders of the installation, made if they are not there."""
    data = (PROJECT / machine.variable("CHATAPP_DATA_DIR", "data")).resolve()
    for folder in (data, data / "run", data / "logs"):
        folder.mkdir(parents=True, exist_ok=True)
    secret = data / "servers.secret"
    if not secret.is_file():
        servers.write_secretly(secret, secrets.token_urlsafe(24))
    return Place(data, data / "run", data / "logs", secret.read_text())


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _migrate(env: Mapping[str, str]) -> None:
    command = [packages.PYTHON, "-m", "chatapp", "migrate"]
    phases.run("Preparing the database", command, name="migrate", env=env)


def _allow_files() -> None:
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
