"""chatapp as `make up` runs it, all on this machine, with providers of its own."""

import json
import os
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from bench.load.groups import Use, uses
from tests.harness.processes import Process, accepts, free_port

POOL = """
[[account]]
name = "{name}"
provider = "openai"
api_key_env = "NO_KEY"
base_url = "http://127.0.0.1:{port}/v1"

[[member]]
tier = "fast"
account = "{name}"
model = "load"
"""

START_SECONDS = 180.0
STOP_SECONDS = 60.0
UP = "import sys; from tools.up import up; sys.exit(up())"


class Installation:
    """Everything that serves, from :meth:`start` to the end of the stack."""

    def __init__(
        self, stack: AsyncExitStack, folder: Path, backends: int, settings: dict[str, str]
    ) -> None:
        self._stack = stack
        self._folder = folder
        self._count = backends
        self._settings = settings
        self.data = folder / "data"
        self.port = free_port()
        self.providers: list[Process] = []
        self._provider_ports: list[int] = []

    async def start(self) -> None:
        pool = [await self._provide(name) for name in ("one", "two")]
        (self._folder / "pool.toml").write_text("".join(pool))
        self.up = Process([sys.executable, "-c", UP], self._folder / "up.log", self._env())
        self._stack.push_async_callback(self._stop)
        await self.up.start(self._serves, START_SECONDS)

    async def _serves(self) -> bool:
        return "chatapp is at" in self.up.text

    async def _stop(self) -> None:
        if self.up.runs:
            self.up.send(signal.SIGTERM)
        try:
            await self.up.ended(STOP_SECONDS)
        except TimeoutError:
            # What was measured is not lost for it; what it started ends with it.
            print(f"It did not end in {STOP_SECONDS:.0f} s and was killed.", flush=True)
            await self.up.kill()

    def _env(self) -> dict[str, str]:
        return {
            **os.environ,
            "PORT": str(self.port),
            "N": str(self._count),
            "CHATAPP_DATA_DIR": str(self.data),
            "CHATAPP_POOL": str(self._folder / "pool.toml"),
            "NO_KEY": "none",
            **self._settings,
        }

    async def _provide(self, name: str) -> str:
        port = free_port()
        command = [sys.executable, "-m", "bench.load.provider", str(port)]
        process = Process(command, self._folder / f"provider-{name}.log")
        self._stack.push_async_callback(process.stop)
        self._provider_ports.append(port)
        self.providers.append(process)
        await self.provide_again(len(self.providers) - 1)
        return POOL.format(name=name, port=port)

    async def provide_again(self, number: int) -> None:
        """Start a provider."""
        port = self._provider_ports[number]
        await self.providers[number].start(lambda: accepts("127.0.0.1", port))

    @property
    def state(self) -> dict[str, Any]:
        """What `make up` says about itself."""
        return json.loads((self.data / "run" / "up.json").read_text())

    @property
    def database_url(self) -> str:
        return self.state["database_url"]

    def pid(self, name: str) -> int:
        """The process of a part, by the name of its pid file."""
        return int((self.data / "run" / f"{name}.pid").read_text())

    @property
    def backends(self) -> list[int]:
        """The processes of the backends."""
        return [self.pid(f"backend-{number + 1}") for number in range(self._count)]

    def logs(self) -> str:
        """What the backends have said."""
        files = sorted((self.data / "logs").glob("backend-*.log"))
        return "\n".join(file.read_text(errors="replace") for file in files)

    def uses(self, generators: list[int], *, memory: bool = False) -> dict[str, Use]:
        """What each part has used."""
        groups = {
            "backends": self.backends,
            "nginx": [self.pid("nginx")],
            "PostgreSQL": [self.pid("postgres")],
            "Redis": [self.pid("redis")],
            "provider": [process.pid for process in self.providers],
            "generator": generators,
        }
        return uses(groups, memory=memory)
