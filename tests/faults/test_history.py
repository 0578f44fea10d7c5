"""A hundred answers while everything fails at random moments: nothing is lost, nothing is twice."""

from pathlib import Path

import pytest

from tests.faults.fleet import fleet
from tests.faults.storm import every_fault, storm
from tests.faults.troubles import ALL, FRONT, PROVIDERS

SEED = 20_264
ANSWERS = 100


@pytest.mark.parametrize("fronted", [False, True], ids=["direct", "through nginx"])
async def test_every_fault_at_random_moments_of_a_hundred_answers(
    built_pages: None, tmp_path: Path, fronted: bool
) -> None:
    async with fleet(tmp_path, fronted=fronted) as ships:
        history = await storm(ships, every_fault(SEED, fronted=fronted), ANSWERS, SEED)
        logs = "\n".join(member.server.process.text for member in ships.members)
    assert not history.wrong(), "\n".join(history.wrong())
    assert len(history.asked) >= ANSWERS
    # Each word tells its attempt: else two of them could not be told apart.
    said = [words for kept in history.rows.values() for _, words, _ in kept if words]
    assert all(words.startswith("w0.") for words in said)
    assert {incident.what for incident in history.incidents} == {*ALL, *(FRONT if fronted else ())}
    _, traceback, rest = logs.partition("Traceback")
    assert not traceback, rest[:10_000]
    # Whatever failed but the providers, there is an answer in the end.
    broken = min(i.began for i in history.incidents if i.what in PROVIDERS)
    failed = [asked.text for asked in history.asked if asked.ended < broken and asked.failed]
    assert failed == []
