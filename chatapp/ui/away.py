"""What a tab is told while what it needs does not come: a quiet line, until it is there.

In the store ``away`` says that nothing can be read or kept, because the database is away, and
``late`` that what happens elsewhere is shown late, because Redis is. Both may be at once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chatapp.ui.store import push

SOON = 1.5
"""After so many seconds of waiting a person is told."""


@asynccontextmanager
async def told_when_slow() -> AsyncIterator[None]:
    """Say so in the tab whose event is handled while what is done inside takes long."""
    telling: list[asyncio.Task[None]] = []

    def tell() -> None:
        telling.append(asyncio.create_task(push({"away": True})))

    timer = asyncio.get_running_loop().call_later(SOON, tell)
    try:
        yield
    finally:
        timer.cancel()
        if telling:
            await asyncio.gather(*telling, return_exceptions=True)
            await push({"away": False})
