"""nginx in front of a fleet, behind a link of its own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from chatapp.nginx import write_maps
from tests.harness.link import Link
from tests.harness.nginx import Nginx
from tests.harness.socket import Tab


class Entrance:
    """The one address of a fleet."""

    def __init__(self, nginx: Nginx, link: Link) -> None:
        self.nginx = nginx
        self.link = link
        self.url = f"http://localhost:{link.port}"

    def tab(self, path: str = "/", **options: Any) -> Tab:
        """A browser tab, not yet connected."""
        return Tab(self.url, path, **options)


@asynccontextmanager
async def entrance(folder: Path, backends: Sequence[int]) -> AsyncIterator[Entrance]:
    """An entrance that is open, to backends at these ports. It has no pages but an empty one."""
    published = folder / "published"
    page = published / "client" / "__spa-fallback.html"
    page.parent.mkdir(parents=True)
    page.write_text("<html></html>")
    write_maps(published, page.parent)
    nginx = Nginx(folder, published, backends)
    await nginx.start()
    try:
        async with Link(nginx.port) as link:
            yield Entrance(nginx, link)
    finally:
        await nginx.stop()
