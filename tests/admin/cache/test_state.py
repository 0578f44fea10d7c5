"""What the page about the cache is told, also while what keeps the answers is away."""

from collections.abc import Mapping
from typing import Any

import pytest

from chatapp.admin.cache import state
from chatapp.admin.cache.state import AWAY
from chatapp.answers import kept
from chatapp.answers.cache import Scope
from chatapp.answers.shelf import shelf
from chatapp.settings import Settings


async def test_without_its_redis_the_rest_is_shown_and_nothing_counts_as_forgotten(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: dict[str, Any] = {}

    async def push(values: Mapping[str, Any]) -> None:
        shown.update(values)

    def away() -> None:
        raise ConnectionError

    monkeypatch.setattr(state, "push", push)
    monkeypatch.setattr(shelf(), "_client", away)
    await state._show("")
    assert shown["admin:cache"]["policy"] == "shared"
    assert shown["admin:cache:best"]["failed"] == AWAY
    with pytest.raises(ConnectionError):
        await kept.clear(Scope.SHARED, None)
    monkeypatch.undo()
    monkeypatch.setattr(state, "push", push)
    await state._show("")
    assert shown["admin:cache:best"]["failed"] == ""
