"""nginx of an installation: what makes it read anew, and its log of requests."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from tests.harness.processes import free_port
from tools import logs
from tools.entrance import Entrance
from tools.servers import Place


class Front(Entrance):
    """nginx with no backend."""

    def __init__(self, data: Path) -> None:
        self.data, self.port = data, free_port()
        for name in ("run", "logs"):
            (data / name).mkdir(parents=True)
        place = Place(data, data / "run", data / "logs", "")
        super().__init__(place, "127.0.0.1", self.port, [free_port()])

    def workers(self) -> set[int]:
        """The processes that serve; those of before a reload that have nobody end."""
        master = (self.data / "run" / "nginx.pid").read_text().strip()
        return set(map(int, Path(f"/proc/{master}/task/{master}/children").read_text().split()))

    async def visit(self) -> None:
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"http://127.0.0.1:{self.port}/login")).is_success


async def becomes(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.fixture
async def entrance(built_pages: None, tmp_path: Path) -> AsyncIterator[Front]:
    made = Front(tmp_path / "data")
    await made.start()
    yield made
    await made.stop()


async def test_it_reads_anew_only_what_has_changed(entrance: Front) -> None:
    first = entrance.workers()
    assert len(first) == 4
    entrance.refresh()
    await entrance.visit()
    added = entrance.data / "nginx" / "server.d" / "note.conf"
    added.write_text("# Mine.\n")
    entrance.refresh()
    await becomes(lambda: len(entrance.workers()) == 4 and not entrance.workers() & first)
    second = entrance.workers()
    entrance.refresh()
    await entrance.visit()
    assert entrance.workers() == second


async def test_a_certificate_that_is_renewed_counts(
    entrance: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = list[object]()
    monkeypatch.setattr(entrance.nginx, "send", sent.append)
    certificate = entrance.data / "nginx" / "own.pem"
    certificate.write_text("first")
    (entrance.data / "nginx" / "server.d" / "tls.conf").write_text(
        "ssl_certificate own.pem;\nssl_certificate_key /nowhere/own.key;\n"
    )
    entrance.refresh()
    assert len(sent) == 1
    entrance.refresh()
    assert len(sent) == 1
    certificate.write_text("second")
    entrance.refresh()
    assert len(sent) == 2


async def test_its_log_is_put_aside_while_it_serves(
    entrance: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = entrance.data / "logs" / "access.log"
    aside = log.with_name("access.old.log")
    await entrance.visit()
    await becomes(lambda: logs.size(log) > 0)
    entrance.shorten_log()
    assert not aside.exists()
    monkeypatch.setattr(logs, "LARGEST", 10)
    entrance.shorten_log()
    await becomes(log.exists)
    before = aside.read_text()
    await entrance.visit()
    await becomes(lambda: logs.size(log) > 0)
    assert "/login" in before
    assert aside.read_text() == before
