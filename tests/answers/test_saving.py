"""What an answer is when quota is scarce: shorter, smaller, known, or nothing that costs."""

from uuid import UUID

import pytest

from chatapp.answers.making import ONLY_KNOWN
from chatapp.answers.process import Process
from chatapp.answers.prompt import BUDGET
from chatapp.chats.models import Status
from chatapp.limits import degradation
from chatapp.limits.degradation import Left, Steps
from tests.answers.world import ask, finished, row
from tests.fakes import ProviderServer
from tests.limits.world import allow, books


@pytest.fixture
def scarce(monkeypatch: pytest.MonkeyPatch) -> None:
    async def left(_tier: str | None) -> Left:
        return Left(0.05)

    monkeypatch.setattr(degradation, "left", left)


@pytest.mark.usefixtures("scarce")
async def test_with_a_shorter_context_less_is_given_and_said(
    process: Process, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(degradation.STEPS, "default", Steps(shorter_context=10, small_model=0))
    monkeypatch.setattr(BUDGET, "default", 400)
    chat_id = None
    shortened = []
    for number in range(3):
        asked = await ask(process, ada, f"Question {number} {'long ' * 40}", chat_id)
        chat_id = asked.chat_id
        await finished(process)
        shortened.append((await row(asked.answer_id))[1].context_from is not None)
    assert shortened == [False, True, True]


@pytest.mark.usefixtures("scarce")
async def test_when_only_the_known_is_given_nobody_is_asked_and_nothing_is_charged(
    process: Process, ada: UUID, fakes: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await allow(ada, questions_a_day=1)
    monkeypatch.setattr(degradation.STEPS, "default", Steps(cache_only=10))
    for _ in range(2):
        asked = await ask(process, ada, "[[say 3 words]]")
        await finished(process)
        message, answer = await row(asked.answer_id)
        assert (message.status, answer.problem) == (Status.FAILED, ONLY_KNOWN)
    assert await fakes.requests() == []
    assert (await books(ada)).get("day_questions", 0) == 0
