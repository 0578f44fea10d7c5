"""A tab is served for as long as it is open, whatever goes wrong meanwhile."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from chatapp.answers import state


@pytest.mark.parametrize("fault", [RedisConnectionError("away"), KeyError("of ours")])
async def test_a_tab_is_followed_again_after_a_fault(
    fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: dict[str, Any] = {}
    begun = 0

    async def follow(*_who: object) -> AsyncIterator[dict[str, Any]]:
        nonlocal begun
        begun += 1
        if begun == 1:
            yield {"text": "some"}
            raise fault
        assert shown["away"] is True
        yield {"text": "all", "away": False}

    async def push(values: dict[str, Any]) -> None:
        shown.update(values)

    async def has_room() -> None:
        pass

    monkeypatch.setattr(state, "RETRY", (0.0, 0.0))
    monkeypatch.setattr(state, "_chat_of_url", lambda: (None, ""))
    monkeypatch.setattr(state, "zone_here", lambda: "UTC")
    monkeypatch.setattr(state, "process", lambda: SimpleNamespace(hub=None))
    monkeypatch.setattr(state, "current_user", lambda: SimpleNamespace(id=None))
    monkeypatch.setattr(state, "is_open", lambda: shown.get("text") != "all")
    for name, stub in (("follow", follow), ("push", push), ("has_room", has_room)):
        monkeypatch.setattr(state, name, stub)
    await state._follow()
    assert (begun, shown) == (2, {"text": "all", "away": False})
