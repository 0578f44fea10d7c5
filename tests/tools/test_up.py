"""What becomes of an installation that is up when a restart of it fails."""

import asyncio

import pytest

from tools import up
from tools.phases import Refusal


class Troubled:
    """An installation whose restarts fail, one after the other."""

    def __init__(self, *troubles: Exception) -> None:
        self._troubles = list(troubles)
        self.told: list[str] = []
        self.replaced = asyncio.Event()

    async def start(self) -> None: ...

    async def replace(self) -> None:
        if self._troubles:
            raise self._troubles.pop(0)
        self.replaced.set()

    def tell(self, reason: str) -> None:
        self.told.append(reason)
        if self._troubles:
            raise OSError("No space left on device")


async def test_a_restart_that_fails_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    troubles = [
        OSError("No space left on device"),
        KeyError("CHATAPP_NEW"),
        Refusal("It is broken."),
    ]
    installation = Troubled(*troubles)
    asked = asyncio.Event()
    living = asyncio.create_task(up._live(installation, "here", asked))  # pyright: ignore[reportArgumentType]
    for number in range(1, len(troubles) + 2):
        asked.set()
        async with asyncio.timeout(5):
            while len(installation.told) < number:  # noqa: ASYNC110
                await asyncio.sleep(0)
    assert installation.replaced.is_set()
    assert not living.done()
    living.cancel()
    await asyncio.gather(living, return_exceptions=True)
    full, newer, broken, well = installation.told
    assert "No space left" in full
    assert "CHATAPP_NEW" in newer
    assert (broken, well) == ("It is broken.", "")
    assert "It is broken." in capsys.readouterr().err
