"""nginx with the very configuration that `make up` and the image use."""

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.harness.processes import Process, accepts, free_port
from tools import front, machine

HOST = "127.0.0.1"


class Nginx:
    """A nginx of the test's own, in front of backends on this machine."""

    def __init__(
        self,
        folder: Path,
        pages: Path,
        backends: Sequence[int],
        names: Mapping[str, str] | None = None,
    ) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.folder = folder / f"nginx{self.port}"
        self.access_log = self.folder / "access.log"
        (self.folder / "server.d").mkdir(parents=True)
        self._names = front.names(
            listen=f"{HOST}:{self.port}",
            backends=[f"{HOST}:{port}" for port in backends],
            pages=pages,
            run=self.folder,
            access_log=self.access_log,
        ) | dict(names or {})
        program = machine.find("nginx")
        assert program is not None, "nginx is missing: `make test` installs it"
        user = " user root;" if os.geteuid() == 0 else ""
        given = ("-p", self.folder, "-c", self.folder / "nginx.conf", "-e", "stderr")
        command = [program, *given, "-g", f"daemon off;{user}"]
        self.process = Process(command, self.folder / "nginx.log")

    async def start(self) -> None:
        (self.folder / "nginx.conf").write_text(front.fill(self._names))
        await self.process.start(lambda: accepts(HOST, self.port))

    def reload(self) -> None:
        """Read the configuration anew; connections stay."""
        self.process.send(signal.SIGHUP)

    async def stop(self) -> None:
        await self.process.kill()

    @property
    def requests(self) -> str:
        """The log of requests so far."""
        return self.access_log.read_text()
