"""Reading a posted form with a limit, and the local path to go on to."""

import asyncio
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import ClientDisconnect, Request

from chatapp import routes

LONGEST = 16 * 1024
"""The longest body, in bytes."""

PATIENCE = 10.0
"""How long, in seconds, a body may take to arrive."""

FIELDS = 20
TYPE = "application/x-www-form-urlencoded"


class Unreadable(Exception):
    """A form that is not taken.

    Attributes:
        status: the HTTP status that says so.
        words: what people read.
    """

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


async def read_body(request: Request, longest: int, too_long: str) -> bytes:
    """What was posted.

    Args:
        request: with which it comes.
        longest: the most bytes that are taken.
        too_long: what people read if there are more.

    Raises:
        Unreadable: it is too long or too slow.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for chunk in request.stream():
                body += chunk
                if len(body) > longest:
                    raise Unreadable(413, too_long)
    except (TimeoutError, ClientDisconnect) as error:
        raise Unreadable(408, "The form took too long to arrive. Please try again.") from error
    return bytes(body)


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form.

    Raises:
        Unreadable: it is too long, too slow or no form.
    """
    # An empty form may come without a type.
    if request.headers.get("content-type", TYPE).partition(";")[0].strip().lower() != TYPE:
        raise Unreadable(415, "This address takes a plain form only.")
    body = await read_body(request, LONGEST, "That is more than this form takes (16 KB).")
    try:
        pairs = parse_qsl(
            body.decode("latin-1"), keep_blank_values=True, errors="replace", max_num_fields=FIELDS
        )
    except ValueError as error:
        raise Unreadable(400, "That form has more fields than ours.") from error
    return dict(pairs)


def local_path(text: str | None) -> str:
    """A path on this site to go on to, or home for anything else."""
    if not text or len(text) > 500 or not text.startswith("/") or text.startswith("//"):
        return routes.HOME
    if "\\" in text or any(ord(char) < 0x21 or ord(char) == 0x7F for char in text):
        return routes.HOME
    try:
        parts = urlsplit(text)
    except ValueError:
        return routes.HOME
    if parts.scheme or parts.netloc or parts.path.startswith(("/auth/", "/_")):
        return routes.HOME
    return text
