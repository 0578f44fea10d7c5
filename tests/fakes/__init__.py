"""Fake providers for tests, in a process of their own."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, Self

import httpx

ROOT = Path(__file__).resolve().parents[2]


class ProviderServer:
    """Fake Groq, OpenAI and Gemini on one loopback port, as a separate process.

    Use it as an async context manager, or call ``start`` and ``stop``.
    """

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self._process: asyncio.subprocess.Process | None = None
        self._http: httpx.AsyncClient | None = None

    @property
    def url(self) -> str:
        """The address of the server, which is also Groq's and Gemini's base URL."""
        return f"http://127.0.0.1:{self.port}"

    def base_url(self, provider: str, account: str = "") -> str:
        """The base URL for a provider's integration; ``account`` keeps accounts apart."""
        base = f"{self.url}/as/{account}" if account else self.url
        return f"{base}/v1" if provider == "openai" else base

    async def start(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.fakes.providers",
            "--port",
            str(self.port),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self.port = json.loads(await self._process.stdout.readline())["port"]
        self._http = httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=30)
        return self

    async def stop(self) -> None:
        if self._http is not None:
            await self._http.aclose()
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            await self._process.wait()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def set(self, provider: str = "*", **behaviour: Any) -> None:
        """Set how a provider (and, by ``account`` and ``model``, a part of it) behaves."""
        await self._post("/control", {"provider": provider, **behaviour})

    async def reset(self) -> None:
        """Forget all behaviours and requests."""
        await self._post("/control", {"reset": True})

    async def requests(self) -> list[dict[str, Any]]:
        """The requests received, oldest first."""
        assert self._http is not None
        return (await self._http.get("/requests")).raise_for_status().json()

    async def wait(self, within: float = 10, **counts: int) -> list[dict[str, Any]]:
        """Wait until there are so many and return the requests; fail after ``within`` seconds.

        Counts: ``received``, ``sent`` (tokens), ``open``, ``done``, ``fault``, ``closed_early``.
        """
        return await self._post("/wait", {"timeout": within, **counts})

    async def _post(self, path: str, data: dict[str, Any]) -> Any:
        assert self._http is not None
        return (await self._http.post(path, json=data)).raise_for_status().json()
