"""``python -m tests.faults.counted FILE STUCK``: chatapp, which writes what it holds at SIGUSR2.

A reader that takes nothing in for STUCK seconds is cut.
"""

import asyncio
import gc
import json
import signal
import sys
from pathlib import Path
from typing import Any

from engineio.packet import Packet
from reflex_base.registry import RegistrationContext
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from chatapp import serve
from chatapp.accounts import garbage
from chatapp.answers import hub, state
from chatapp.answers.events import Event

_garbage: list[int] = []
"""How much of it was found at each look: Python looks only where it is counted."""


def _unread(objects: list[object]) -> int:
    """How much waits for readers: events, packets, and what of these is on its way to the system.

    In characters and bytes; an event that waits for several is counted once, as it is there once.
    """
    waits = 0
    for each in objects:
        if isinstance(each, Packet | Event):
            waits += len(each.data or "")
        elif isinstance(each, WebSocketsSansIOProtocol):
            waits += each.transport.get_write_buffer_size()
    return waits


def holds(loop: asyncio.AbstractEventLoop) -> dict[str, int]:
    """What there is of everything that a tab brings with it."""
    _garbage.append(gc.collect())
    app: Any = RegistrationContext.get().app
    objects = gc.get_objects()
    return {
        "tasks": len(asyncio.all_tasks(loop)),
        "files": sum(1 for _ in Path("/proc/self/fd").iterdir()),
        "tabs": len(app.event_namespace._token_manager.token_to_socket),
        "states": len(app.state_manager.states),
        "followers": len(state._followers),
        "channels": sum(len(each._followers) for each in hub._hubs),
        "objects": len(objects),
        "garbage": sum(_garbage),
        "unread": _unread(objects),
    }


def _collect_never() -> None:
    gc.collect()
    gc.disable()
    # Nor is anything set aside, which would not be counted.
    garbage.CAME = garbage.GONE = sys.maxsize


def main(file: Path, stuck: int) -> int:
    """Serve, and write at each signal."""

    def write(_number: int, _frame: object) -> None:
        loop = asyncio.get_running_loop()
        # Not between two steps of whoever is interrupted.
        loop.call_soon_threadsafe(lambda: file.write_text(json.dumps(holds(loop))))

    serve.STUCK = stuck
    serve.collect_seldom = _collect_never
    signal.signal(signal.SIGUSR2, write)
    return serve.serve()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
