"""`make up`, as an operator starts it, on a set-up that is there already."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from tests.harness.processes import Process, free_port
from tests.harness.socket import Tab

START_SECONDS = 180.0
CODE = """
import sys
from tools import copies, phases, up
try:
    sys.exit({command}())
except phases.Refusal as refusal:
    sys.exit(str(refusal))
"""


class Up:
    """PostgreSQL, Redis, backends and nginx of the test's own."""

    def __init__(self, data: Path, backends: int, env: Mapping[str, str] | None = None) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.env = {
            **os.environ,
            "CHATAPP_DATA_DIR": str(data),
            "N": str(backends),
            "PORT": str(self.port),
            **(env or {}),
        }
        self.process = self._command("up.up")

    def _command(self, name: str, env: Mapping[str, str] | None = None) -> Process:
        command = [sys.executable, "-c", CODE.format(command=name)]
        return Process(command, self.data.with_name(f"{name}.log"), {**self.env, **(env or {})})

    async def start(self) -> None:
        said = len(self.process.text)

        async def ready() -> bool:
            return "chatapp is at http" in self.process.text[said:]

        await self.process.start(ready, START_SECONDS)

    async def restart(self) -> None:
        """`make restart`, to its end."""
        await self.run("up.restart")

    async def run(self, name: str, env: Mapping[str, str] | None = None, code: int = 0) -> str:
        """A command on this data, to its end; what it says."""
        command = self._command(name, env)
        said = len(command.text)

        async def begun() -> bool:
            return True

        await command.start(begun)
        assert await command.ended(START_SECONDS) == code, command.text
        return command.text[said:]

    async def stop(self) -> int | None:
        return await self.process.stop()

    @property
    def database(self) -> dict[str, str]:
        """The environment that names its database."""
        return {"DATABASE_URL": self.state["database_url"], "CHATAPP_DATA_DIR": str(self.data)}

    def pid(self, name: str) -> int:
        """The process that a pid file names; 0 while there is none."""
        try:
            return int((self.data / "run" / f"{name}.pid").read_text())
        except FileNotFoundError:
            return 0

    @property
    def state(self) -> dict[str, Any]:
        """What it has written about itself."""
        return json.loads((self.data / "run" / "up.json").read_text())

    def log(self, name: str) -> str:
        return (self.data / "logs" / name).read_text(errors="replace")

    def tab(self, path: str = "/", **options: Any) -> Tab:
        return Tab(self.url, path, **options)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, headers={"Origin": self.url})
