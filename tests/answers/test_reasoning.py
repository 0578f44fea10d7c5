"""What a model thinks, and who was asked in vain, is seen as it happens and kept."""

from typing import Any

import pytest

from chatapp.agents.steps import LONGEST_SHOWN, Kind, State
from chatapp.answers import service, views
from chatapp.answers.process import Process
from chatapp.chats.models import Status
from tests.answers.test_agent_turn import kept, shown
from tests.answers.tools import Toolbox, give
from tests.answers.world import LABELS, ask, finished, row, screen, words
from tests.fakes import ProviderServer

THOUGHTS = ["Hm. ", "Grüße \U0001f914 ", "so."]


def other(provider: str) -> str:
    return "google" if provider == "groq" else "groq"


def thinking(kind: str, after: int = 2) -> dict[str, Any]:
    return {"kind": kind, "after": after, "thinking": True}


async def first(process: Process, fakes: ProviderServer, user: Any, provider: str) -> None:
    """Let it be this provider's turn."""
    if provider == "google":
        await ask(process, user, "[[say 1 words]]")
        await finished(process)


@pytest.fixture(params=["plain", "tools"])
def box(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Toolbox | None:
    """Turns with tools and without behave alike."""
    return give(monkeypatch) if request.param == "tools" else None


@pytest.mark.parametrize("provider", ["groq", "google"])
async def test_a_stop_while_it_thinks_keeps_what_was_thought(
    process: Process, ada: Any, fakes: ProviderServer, box: Toolbox | None, provider: str
) -> None:
    await first(process, fakes, ada, provider)
    await fakes.set(provider, thoughts=THOUGHTS, fault=thinking("stall_after", 3))
    asked = await ask(process, ada, "[[say 4 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.until(lambda tab: shown(tab, asked.answer_id))
        view = tab.values[f"m:{asked.answer_id}"]
        assert (view["status"], view["thoughts"]) == ("streaming", "Thinking")
        # What is open anew sees the same.
        async with screen(process.hub, ada, asked.chat_id) as again:
            await again.until(lambda again: shown(again, asked.answer_id))
            assert again.values[f"m:{asked.answer_id}"]["thoughts"] == "Thinking"
        await fakes.wait(thoughts=len(THOUGHTS))
        await service.stop(process.runner, ada, asked.answer_id)
        view = await tab.ended(asked.answer_id)
        assert view["status"] == "stopped"
        assert view["thoughts"].startswith("Thought for ")
        (step,) = shown(tab, asked.answer_id)
    (written,) = await kept(ada, asked.answer_id)
    assert (written.kind, written.state) == (Kind.MODEL, State.STOPPED)
    assert "".join(THOUGHTS).startswith(written.output)
    assert written.view() == step
    message, answer = await row(asked.answer_id)
    assert (message.status, message.text, answer.problem) == (Status.STOPPED, "", "")
    await fakes.wait(closed_early=1)


@pytest.mark.parametrize("provider", ["groq", "google"])
async def test_what_a_model_thought_that_failed_stays_with_who_was_asked_instead(
    process: Process, ada: Any, fakes: ProviderServer, box: Toolbox | None, provider: str
) -> None:
    await first(process, fakes, ada, provider)
    await fakes.set(provider, thoughts=THOUGHTS, fault=thinking("drop_after"))
    await fakes.set(other(provider), thoughts=["Aha."])
    asked = await ask(process, ada, "[[say 4 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        view = await tab.ended(asked.answer_id)
        assert tab.text(asked.answer_id) == words(4)
        hop, model = live = shown(tab, asked.answer_id)
    failed, answered = LABELS[provider], LABELS[other(provider)]
    assert (hop["kind"], hop["state"]) == (Kind.HOP, State.DONE)
    assert hop["title"] == f"{failed} broke off while it thought, so {answered} was asked"
    assert hop["output"] == "".join(THOUGHTS[:2])
    assert (model["kind"], model["output"]) == (Kind.MODEL, "Aha.")
    assert view["thoughts"].startswith("Thought for ")
    assert view["by"].startswith(f"{answered}, after {failed} broke off while it thought · ")
    assert list((await views.steps(ada, asked.answer_id)).values()) == live


async def test_a_plain_answer_tells_who_was_asked_in_vain(
    process: Process, ada: Any, fakes: ProviderServer
) -> None:
    await fakes.set("groq", fault={"kind": "http_500"})
    asked = await ask(process, ada, "[[say 4 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        view = await tab.ended(asked.answer_id)
        (hop,) = live = shown(tab, asked.answer_id)
    why = f"{LABELS['groq']} did not answer, so {LABELS['google']} was asked"
    assert (hop["kind"], hop["title"], hop["output"]) == (Kind.HOP, why, "")
    assert view["thoughts"] == (await row(asked.answer_id))[1].thoughts == "Took 2 tries"
    assert list((await views.steps(ada, asked.answer_id)).values()) == live


async def test_a_plain_answer_that_begins_again_tells_why(
    process: Process, ada: Any, fakes: ProviderServer
) -> None:
    await fakes.set("groq", thoughts=["Hm."], fault={"kind": "drop_after", "after": 3})
    await fakes.set("google", thoughts=["Aha."])
    asked = await ask(process, ada, "[[say 9 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.ended(asked.answer_id)
        assert tab.text(asked.answer_id) == words(9)
        hop, model = shown(tab, asked.answer_id)
    why = f"{LABELS['groq']} broke off, so {LABELS['google']} was asked"
    assert (hop["kind"], hop["title"], hop["output"]) == (Kind.HOP, why, "Hm.")
    assert (model["kind"], model["output"]) == (Kind.MODEL, "Aha.")


async def test_an_answer_of_one_model_without_reasoning_has_no_steps(
    process: Process, ada: Any, fakes: ProviderServer
) -> None:
    asked = await ask(process, ada, "[[say 4 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        view = await tab.ended(asked.answer_id)
        assert (view["thoughts"], shown(tab, asked.answer_id)) == ("", [])
    assert await kept(ada, asked.answer_id) == []


async def test_long_reasoning_is_sent_no_oftener_than_there_is_something_new_to_see(
    process: Process, ada: Any, fakes: ProviderServer
) -> None:
    thoughts = ["A long thought. " * 10] * 200
    await fakes.set(thoughts=thoughts)
    asked = await ask(process, ada, "[[say 4 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.ended(asked.answer_id)
        sent = [update for update in tab.updates if f"s:{asked.answer_id}.0" in update]
        (step,) = shown(tab, asked.answer_id)
    assert len(step["output"]) < LONGEST_SHOWN + 60
    # Each piece that it needs to be full, and its end twice.
    assert len(sent) <= LONGEST_SHOWN // len(thoughts[0]) + 3
