"""The true address, scheme and host of a client, and whether a request comes from our own pages.

A header says something only if the connection comes from a proxy of ``CHATAPP_TRUSTED_PROXIES``.
``X-Forwarded-For`` is walked from the right, because everything left of what the nearest proxy
wrote may have been invented. ``X-Real-IP`` and ``Forwarded`` are never looked at.
"""

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

from chatapp.settings import settings

Scope = Mapping[str, Any]
Address = IPv4Address | IPv6Address

UNKNOWN = "unknown"
"""The address of a client that none can be told of, such as one on a Unix socket."""

_HOST = r"(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\.?|\[[0-9a-f:.]+\])"
_ORIGIN = re.compile(rf"(?P<scheme>https?)://(?P<host>{_HOST})(?::(?P<port>\d{{1,5}}))?")
_REQUEST_ID = re.compile(r"[0-9a-f]{16,64}")
_BRACKETED = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d+)?")
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_PORTS = {"http": "80", "https": "443"}


def headers_of(scope: Scope, name: bytes) -> list[str]:
    """All values of a header, in order."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def _parsed(text: str) -> Address | None:
    """An address as proxies write it, perhaps with a port."""
    text = text.strip()
    if bracketed := _BRACKETED.fullmatch(text):
        text = bracketed[1]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ip_address(text)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        return parsed.ipv4_mapped
    return parsed


def _peer(scope: Scope) -> Address | None:
    client = scope.get("client")
    return _parsed(str(client[0])) if client else None


def _trusted(address: Address | None) -> bool:
    return address is not None and any(
        address.version == network.version and address in network
        for network in settings().trusted_proxies
    )


def client_address(scope: Scope) -> str:
    """The address of who is really there: the first from the right that is no proxy of ours."""
    address = _peer(scope)
    hops = ",".join(headers_of(scope, b"x-forwarded-for")).split(",")
    while hops and _trusted(address):
        if (further := _parsed(hops.pop())) is None:
            break
        address = further
    return str(address) if address else UNKNOWN


def request_id(scope: Scope) -> str:
    """The id under which a proxy of ours has logged this request; a new one if there is none."""
    ids = headers_of(scope, b"x-request-id")
    if len(ids) == 1 and _trusted(_peer(scope)) and _REQUEST_ID.fullmatch(ids[0]):
        return ids[0]
    return token_hex(8)


def _forwarded(scope: Scope, name: bytes) -> str | None:
    if not _trusted(_peer(scope)):
        return None
    values = ",".join(headers_of(scope, name)).split(",")
    return values[-1].strip().lower() or None


def true_scheme(scope: Scope) -> str:
    """``http`` or ``https``, as the client's browser shows it."""
    forwarded = _SCHEMES.get(_forwarded(scope, b"x-forwarded-proto") or "")
    return forwarded or _SCHEMES.get(scope.get("scheme", "http"), "http")


def _normal(origin: str) -> str | None:
    """An origin with its default port left out; None for anything that is not just an origin."""
    if not (found := _ORIGIN.fullmatch(origin.lower())):
        return None
    scheme, host, port = found["scheme"], found["host"], found["port"]
    return f"{scheme}://{host}" + (f":{int(port)}" if port and port != _PORTS[scheme] else "")


def own_origin(scope: Scope) -> str | None:
    """The origin of our own pages: ``CHATAPP_PUBLIC_URL``, else what this request was sent to."""
    if public := settings().public_url:
        parts = urlsplit(str(public))
        return _normal(f"{parts.scheme}://{parts.netloc}")
    hosts = headers_of(scope, b"host")
    host = _forwarded(scope, b"x-forwarded-host") or (hosts[0] if len(hosts) == 1 else "")
    return _normal(f"{true_scheme(scope)}://{host}")


def is_secure(scope: Scope) -> bool:
    """Whether the browser speaks https."""
    return (own_origin(scope) or "").startswith("https:")


def from_own_page(scope: Scope, *, referer: bool) -> bool:
    """Whether a request comes from one of our own pages. Nothing said counts as no.

    Args:
        scope: the request's ASGI scope.
        referer: whether its Referer counts when it has no Origin.
    """
    own, origins = own_origin(scope), headers_of(scope, b"origin")
    if own is None or len(origins) > 1:
        return False
    if origins:
        return _normal(origins[0]) == own
    referers = headers_of(scope, b"referer") if referer else []
    if len(referers) != 1:
        return False
    try:
        parts = urlsplit(referers[0])
    except ValueError:
        return False
    return _normal(f"{parts.scheme}://{parts.netloc}") == own
