"""nginx in front of a fleet, behind a link of its own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from chatapp.nginx import write_maps
from tests.faults.people import Behind
from tests.harness.link import Link
from tests.harness.nginx import Nginx


class Entrance(Behind):
    """The one address of a fleet."""

    def __init__(self, nginx: Nginx, link: Link) -> None:
        super().__init__(link)
        self.nginx = nginx
        self.link = link


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
