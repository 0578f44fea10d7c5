"""HTTP by hand: what a proper client would never send."""

import asyncio
import contextlib
import re

from tests.harness.nginx import HOST, Nginx

WAIT_SECONDS = 40.0


async def say(nginx: Nginx, text: str | bytes, *, finish: bool = False) -> bytes:
    """Send some bytes; all that comes back until the other side closes."""
    reader, writer = await asyncio.open_connection(HOST, nginx.port)
    try:
        writer.write(text.encode() if isinstance(text, str) else text)
        await writer.drain()
        if finish:
            writer.write_eof()
        async with asyncio.timeout(WAIT_SECONDS):
            with contextlib.suppress(ConnectionResetError):
                return await reader.read()
        return b""
    finally:
        writer.close()


def statuses(answer: bytes) -> list[int]:
    """The status of each response."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]
