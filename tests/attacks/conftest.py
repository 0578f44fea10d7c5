"""A victim with something to read, somebody else with an account, and nobody."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.answers.app import (
    CHAT,
    Person,
    _answering_app,
    answered,
    chat_app,
    first_question,
    order,
    query,
    sign_in,
    sign_up,
    store,
)
from tests.answers.conftest import fakes, provider_server
from tests.fakes import ProviderServer
from tests.harness.app import AppServer
from tests.harness.socket import ROOT

__all__ = ["_answering_app", "chat_app", "fakes", "provider_server"]

QUESTION = "alphasecret question"
ANSWER = "betasecret answer of the model"
COMING = "gammasecret"
OWN = "deltasecret"
SECRETS = (QUESTION, ANSWER, COMING, OWN, "alphasecret", "betasecret")

AGENT = f"{ROOT}.chatapp___agents___state____agent_state"
PERSONA = f"{ROOT}.chatapp___agents___persona_state____persona_state"


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to steal and to spoil."""

    app: AppServer
    victim: Person
    other: Person
    chat_id: str
    question_id: str
    answer_id: str
    coming_chat_id: str
    """A chat in which an answer is still coming."""
    coming_id: str
    agent_id: str
    """An agent of the victim's own."""
    memory_id: str
    """What is remembered of the victim."""

    async def rows(self) -> list[Any]:
        """Everything that the database has of the victim."""
        user = f"(SELECT id FROM users WHERE email = '{self.victim.email}')"
        found = await query(self.app, f"SELECT * FROM users WHERE email = '{self.victim.email}'")
        for table in ("chats", "messages", "answers", "login_sessions"):
            found += await query(
                self.app, f"SELECT * FROM {table} WHERE user_id = {user} ORDER BY id"
            )
        for table, owner in (
            ("agents", "owner_id"),
            ("personas", "user_id"),
            ("memories", "user_id"),
        ):
            found += await query(self.app, f"SELECT * FROM {table} WHERE {owner} = {user}")
        found += await query(self.app, "SELECT * FROM control_values ORDER BY name")
        return found


async def own_things(victim: Person, chat_id: str) -> tuple[str, str]:
    """The ids of an agent and of an entry of the memory that the victim makes."""
    async with victim.tab(chat_id) as tab:
        form = {"name": f"{OWN} {victim.email}"[:40], "instructions": OWN}
        await tab.send(f"{AGENT}.save", form=form)
        await tab.send(f"{PERSONA}.add", form={"text": f"{OWN} {victim.email}"})
        await tab.until(lambda tab: OWN in str(store(tab).get("persona")))
        await tab.send(f"{AGENT}.load")
        await tab.until(lambda tab: OWN in str(store(tab).get("agents:list")))
        agent = store(tab)["agents:list"]["mine"][0]["id"]
        return agent, store(tab)["persona"]["memories"][0]["id"]


@pytest.fixture
async def scene(chat_app: AppServer, fakes: ProviderServer) -> AsyncIterator[Scene]:
    victim, other = await sign_up(chat_app, "victim"), await sign_up(chat_app, "other")
    await fakes.set(text=ANSWER)
    chat_id = await first_question(victim, QUESTION)
    async with victim.tab(chat_id) as tab:
        await answered(tab, chat_id)
        question_id, answer_id = order(tab, chat_id)
    await fakes.set(tokens=[f"{COMING} "] * 5_000, tokens_per_second=10)
    coming_chat_id = await first_question(victim, "go on and on")
    async with victim.tab(coming_chat_id) as tab:
        await tab.until(lambda tab: order(tab, coming_chat_id))
        coming_id = order(tab, coming_chat_id)[-1]
        await tab.until(lambda tab: COMING in str(store(tab)))
    yield Scene(
        chat_app,
        victim,
        other,
        chat_id,
        question_id,
        answer_id,
        coming_chat_id,
        coming_id,
        *await own_things(victim, chat_id),
    )
    async with (await sign_in(victim)).tab(coming_chat_id) as tab:
        await tab.until(lambda tab: order(tab, coming_chat_id))
        await tab.send(f"{CHAT}.stop", answer_id=coming_id)
        await answered(tab, coming_chat_id)
