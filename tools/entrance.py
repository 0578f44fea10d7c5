"""nginx of an installation that is up: started, told of new pages, its log kept short."""

import asyncio
import os
import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from tools import front, logs, machine, stamps
from tools.network import answers, reachable
from tools.servers import HOST, Place
from tools.supervisor import Child, Program

LOOK = 60.0
"""Seconds between two looks at the size of the log of requests."""


class Entrance:
    """nginx in front of the backends of this machine."""

    def __init__(self, place: Place, host: str, port: int, backends: Sequence[int]) -> None:
        self._folder = place.data / "nginx"
        self._pages = place.data / "pages"
        self._access_log = place.logs / "access.log"
        self._host = host
        self._port = port
        self._backends = backends
        self._read = ""
        self._keeper: asyncio.Task[None] | None = None
        self.nginx = Child(self._program(place))

    async def start(self) -> None:
        """Start nginx, and keep its log short from then on.

        Raises:
            Refusal: it does not start.
        """
        self._configure()
        logs.put_aside(self._access_log)
        await self.nginx.start()
        self._keeper = asyncio.create_task(self._keep_log_short(), name="log of requests")

    def refresh(self) -> None:
        """Let nginx have what has changed, pages above all.

        Not without a reason: the sockets stay with the workers that have them, which end when the
        last of their sockets does. That is at the next restart, in which all of them move.
        """
        before = self._read
        self._configure()
        if self._read != before:
            self.nginx.send(signal.SIGHUP)

    def shorten_log(self) -> None:
        """Put the log of requests aside if it is too large, and let nginx open a new one."""
        if logs.put_aside(self._access_log):
            self.nginx.send(signal.SIGUSR1)

    async def stop(self) -> None:
        """End nginx."""
        if self._keeper:
            self._keeper.cancel()
        await self.nginx.stop()

    async def _keep_log_short(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            with suppress(OSError):
                self.shorten_log()

    def _program(self, place: Place) -> Program:
        program = machine.find("nginx")
        assert program is not None
        # The workers of a nginx that root starts would be nobody, who may not read the pages.
        user = " user root;" if os.geteuid() == 0 else ""
        options = ["-p", self._folder, "-c", self._folder / "nginx.conf", "-e", "stderr"]
        return Program(
            "nginx",
            [program, *options, "-g", f"daemon off;{user}"],
            place.logs / "nginx.log",
            place.run / "nginx.pid",
            lambda: answers(self._port, "/nginx-healthz", reachable(self._host)),
        )

    def _configure(self) -> None:
        (self._folder / "server.d").mkdir(parents=True, exist_ok=True)
        trusted = machine.variable("CHATAPP_TRUSTED_PROXIES", "")
        host = f"[{self._host}]" if ":" in self._host else self._host
        names = front.names(
            listen=f"{host}:{self._port}",
            backends=[f"{HOST}:{port}" for port in self._backends],
            pages=front.publish(self._pages),
            run=self._folder,
            access_log=self._access_log,
            server_names=machine.variable("CHATAPP_NAMES", "~^"),
            proxies=[part.strip() for part in trusted.split(",") if part.strip()],
            connects=machine.variable("CHATAPP_CONNECTS", "300"),
            sockets=machine.variable("CHATAPP_SOCKETS_PER_ADDRESS", "2000"),
        )
        file = self._folder / "nginx.conf"
        draft = file.with_suffix(".new")
        draft.write_text(front.fill(names))
        draft.replace(file)
        self._read = stamps.digest([file, *_included(self._folder)])


def _included(folder: Path) -> Iterator[Path]:
    """What the owner has added, and the certificates that it names."""
    for file in sorted(folder.glob("server.d/*.conf")):
        yield file
        for named in re.findall(r"ssl_certificate(?:_key)?\s+([^\s;$]+)\s*;", file.read_text()):
            if (certificate := folder / named).is_file():
                yield certificate
