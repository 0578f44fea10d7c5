"""What an admin enters of an MCP server, and what of it can be kept."""

import re
from dataclasses import dataclass

import httpx
import orjson

from chatapp.accounts.sealing import seal
from chatapp.agents.tools.models import McpServer
from chatapp.chats.text import storable

TIMES = (1, 300)
"""The shortest and the longest time, in seconds, that a tool of a server may be given."""

HEADERS = 20
"""The most headers that are sent to a server."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,19}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


class Unfit(ValueError):
    """What an admin has entered cannot be kept. Its text says why, and holds no secret."""


@dataclass(frozen=True, slots=True)
class Entered:
    """What an admin enters of a server."""

    name: str
    url: str
    timeout: int = 30
    headers: str | None = None
    """Lines of ``Name: value``; None: those that are kept stay."""


def put(server: McpServer, entered: Entered) -> None:
    """Put what was entered into a row.

    Raises:
        Unfit: something of it cannot be kept.
    """
    name, url = entered.name.strip(), entered.url.strip()
    if not _NAME.fullmatch(name):
        raise Unfit("The name has 1 to 20 small letters, digits and _, and begins with a letter.")
    if origin(url) is None or len(url) > 2_000:
        raise Unfit("The address begins with http:// or https://, and has no password in it.")
    if not TIMES[0] <= entered.timeout <= TIMES[1]:
        raise Unfit(f"The time is {TIMES[0]} to {TIMES[1]} seconds.")
    if entered.headers is not None:
        headers = _headers(entered.headers)
        server.sealed = seal(server.id, orjson.dumps(headers).decode()) if headers else None
    server.name, server.url, server.timeout = name, url, entered.timeout


def origin(url: str) -> tuple[str, str, int | None] | None:
    """Whom an address reaches; None: it is no address that can be used."""
    try:
        found = httpx.URL(url.strip())
    except (httpx.InvalidURL, ValueError):
        return None
    if found.scheme not in ("http", "https") or not found.host or found.userinfo:
        return None
    return found.scheme, found.host, found.port


def _headers(lines: str) -> dict[str, str]:
    found = {}
    for line in storable(lines).splitlines():
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        value = value.strip()
        fits = _HEADER.fullmatch(name.strip()) and value.isascii() and value.isprintable()
        if not colon or not fits or not value or len(value) > 4_000:
            raise Unfit("Each line of the headers is a name, a colon and a value.")
        found[name.strip()] = value
    if len(found) > HEADERS:
        raise Unfit(f"There are at most {HEADERS} headers.")
    return found
