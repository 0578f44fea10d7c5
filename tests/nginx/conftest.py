"""nginx in front of backends that tell what they see, with pages of a small build."""

import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from chatapp.headers import SecurityHeaders
from chatapp.nginx import write_maps
from chatapp.static import Pages
from tests.harness.nginx import Nginx
from tests.nginx.backend import FakeBackend

SCRIPT = "assets/root-Bg7ZP8m2.js"
TREE = {
    "index.html": "<html><script>go('home')</script><script src='/x.js'></script></html>",
    "__spa-fallback.html": "<html><script>go('any')</script></html>",
    "404.html": "<html>nothing here</html>",
    "login.html": "<html>log in<script>go('log in')</script></html>",
    "login/index.html": "<html>log in</html>",
    "admin/index.html": "<html>administration</html>",
    SCRIPT: "import 'x'",
    "behaviour.js": "behave()",
    "fonts/inter-latin.woff2": "font",
    "fonts/old.ttf": "font",
    "secret.py": "KEY = 1",
}

StartNginx = Callable[..., Awaitable[Nginx]]


@pytest.fixture(scope="package")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small build, with what nginx is told of it."""
    folder = tmp_path_factory.mktemp("published")
    for name, text in TREE.items():
        path = folder / "client" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if path.suffix in {".html", ".js"}:
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(text.encode()))
    (folder / "outside.txt").write_text("outside")
    write_maps(folder, folder / "client")
    return folder


@pytest.fixture(scope="package")
async def backends(published: Path) -> AsyncIterator[tuple[FakeBackend, FakeBackend]]:
    async with AsyncExitStack() as stack:
        pages = Pages(published / "client")
        one, two = [await stack.enter_async_context(FakeBackend(pages).running()) for _ in range(2)]
        yield one, two


@pytest.fixture(scope="package")
async def nginx(
    backends: tuple[FakeBackend, FakeBackend],
    published: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Nginx]:
    """One that tests share."""
    ports = [backend.port for backend in backends]
    server = Nginx(tmp_path_factory.mktemp("nginx"), published, ports)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def start_nginx(published: Path, tmp_path: Path) -> AsyncIterator[StartNginx]:
    """Starts others, with other names: ``await start_nginx([port], CHATAPP_CONNECTS="1")``."""
    started: list[Nginx] = []

    async def start(ports: list[int], **names: str) -> Nginx:
        server = Nginx(tmp_path, published, ports, names)
        started.append(server)
        await server.start()
        return server

    yield start
    for server in started:
        await server.stop()


@pytest.fixture
async def client(nginx: Nginx) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=nginx.url) as made:
        yield made


@pytest.fixture
async def alone(published: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of what chatapp serves without nginx."""
    transport = httpx.ASGITransport(SecurityHeaders(Pages(published / "client")))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made
