"""The id under which nginx logs a socket is in the backend's lines about what came over it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.answers.app import _answering, answered, first_question, sign_up
from tests.answers.conftest import fakes, provider_server
from tests.fakes import ProviderServer
from tests.harness.backends import Backend
from tests.harness.nginx import Nginx
from tests.nginx.conftest import StartNginx
from tests.nginx.wire import WAIT_SECONDS

__all__ = ["fakes", "provider_server"]


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


async def opened(nginx: Nginx) -> set[str]:
    """The ids of sockets that nginx has logged, once there are two."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            ended = [line for line in lines(nginx.requests) if line["status"] == 101]
            if len(ended) == 2:
                return {line["request"] for line in ended}
            await asyncio.sleep(0.02)


async def test_a_line_about_an_answer_names_the_socket_that_nginx_has_logged(
    embedded: Backend,
    built_pages: None,
    fakes: ProviderServer,
    start_nginx: StartNginx,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHATAPP_LOG", "json")
    monkeypatch.setenv("CHATAPP_TRUSTED_PROXIES", "127.0.0.1/32")
    for provider in ("groq", "google"):
        await fakes.set(provider, fault={"kind": "http_500", "times": 1})
    async with _answering(embedded, fakes, tmp_path) as app:
        ada = await sign_up(app)
        nginx = await start_nginx([app.port])
        app.url = nginx.url
        chat_id = await first_question(ada, "[[say 5 words]]")
        async with ada.tab(chat_id) as tab:
            await answered(tab, chat_id)
        about = [entry for entry in lines(app.process.text) if "answer" in entry]
    sockets = await opened(nginx)
    assert about
    assert {entry["socket"] for entry in about} <= sockets
