"""Ports of this machine, and whether what listens on them is well."""

import http.client
import socket
from contextlib import suppress

from tools.phases import Refusal
from tools.servers import HOST


def reachable(host: str) -> str:
    """An address at which this machine finds what listens on a host."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def answers(port: int, path: str, host: str = HOST) -> bool:
    """Whether a server on this machine answers that all is well, or where it is well."""
    connection = http.client.HTTPConnection(host, port, timeout=5.0)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def free_ports(first: int, count: int) -> list[int]:
    """The next free ports. Not any that the system gives: those it may give to others meanwhile."""
    found: list[int] = []
    for port in [*range(first, 65_536), *range(10_000, first)]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind((HOST, port))
                found.append(port)
        if len(found) == count:
            return found
    raise Refusal("There are no free ports on this machine.")
