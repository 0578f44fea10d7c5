"""A hundred answers while everything fails at random moments: nothing is lost, nothing is twice."""

import random
from pathlib import Path

from tests.faults.fleet import fleet
from tests.faults.storm import FAULTS, storm

SEED = 20_264
ANSWERS = 100
OURS = [name for name in FAULTS if not name.startswith("provider")]
PROVIDERS = [name for name in FAULTS if name.startswith("provider")]


async def test_every_fault_at_random_moments_of_a_hundred_answers(
    built_pages: None, tmp_path: Path
) -> None:
    order = random.Random(SEED)
    # Those of the providers at the end: what they break off ends in words and not in an answer.
    faults = [*order.sample(OURS, len(OURS)), *order.sample(PROVIDERS, len(PROVIDERS))]
    async with fleet(tmp_path) as ships:
        history = await storm(ships, faults, ANSWERS, SEED)
        logs = "\n".join(member.server.process.text for member in ships.members)
    assert not history.wrong(), "\n".join(history.wrong())
    assert len(history.asked) >= ANSWERS
    assert "Traceback" not in logs, logs[-20_000:]
    last = max(i.began for i in history.incidents if i.what in OURS)
    before = [asked for asked in history.asked if asked.ended < last]
    failed = [a.text for a in before if any(status == "failed" for status, _ in a.shown)]
    assert failed == []
