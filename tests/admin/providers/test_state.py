"""The handlers of the page about providers, as its page and as others call them."""

from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest

from chatapp import routes
from chatapp.admin.people.state import PeopleState
from chatapp.admin.providers.editing_state import PoolEditingState
from chatapp.admin.providers.state import ProviderState
from tests.answers.app import Person, answered, ask, first_question, sign_up, store
from tests.answers.conftest import fakes, provider_server
from tests.answers.world import GROQ_KEY, KEYS, LABELS, pool_file
from tests.conftest import StartApp
from tests.fakes import ProviderServer
from tests.harness.app import AppServer
from tests.harness.socket import Tab

__all__ = ["fakes", "provider_server"]

HANDLERS = ProviderState.get_full_name()
EDITING = PoolEditingState.get_full_name()
PEOPLE = PeopleState.get_full_name()
POOL_TIER = "fast"
GROQ, GEMINI = "groq/llama-fake", "google/gemini-fake"


@pytest.fixture
async def app(
    start_app: StartApp, fakes: ProviderServer, tmp_path_factory: pytest.TempPathFactory
) -> AppServer:
    file = tmp_path_factory.mktemp("pool") / "pool.toml"
    file.write_text(pool_file(fakes))
    return await start_app(KEYS | {"CHATAPP_POOL": str(file)})


def watching(admin: Person) -> Tab:
    return admin.app.tab(routes.ADMIN_PROVIDERS, cookie=admin.cookie)


def members(tab: Tab) -> dict[str, Any]:
    return {member["name"]: member for member in store(tab).get("admin:members", [])}


def attempts(tab: Tab) -> list[tuple[str, str, str]]:
    found = store(tab).get("admin:attempts", [])
    return [(attempt["label"], attempt["outcome"], attempt["why"]) for attempt in found]


async def answers(person: Person, count: int) -> None:
    """Ask so many questions and see their answers through."""
    for _ in range(count):
        chat_id = await first_question(person, "[[say 2 words]]")
        async with person.tab(chat_id) as tab:
            await answered(tab, chat_id)


async def test_admins_see_each_member_and_the_last_attempts_live(
    app: AppServer, fakes: ProviderServer
) -> None:
    await fakes.set("groq", fault={"kind": "http_429", "retry_after": 600})
    admin = await sign_up(app, "admin")
    async with watching(admin) as tab:
        await tab.until(members)
        assert {name: m["state"] for name, m in members(tab).items()} == {
            GROQ: "Healthy",
            GEMINI: "Healthy",
        }
        assert attempts(tab) == []
        await answers(admin, 2)
        await tab.until(lambda tab: len(attempts(tab)) == 4)
        await tab.until(lambda tab: members(tab)[GEMINI]["facts"][0][1] == "100% of 2")
        groq, gemini = members(tab)[GROQ], members(tab)[GEMINI]
        assert (groq["state"], groq["why"]) == ("On hold", "It is at its limit.")
        assert groq["until"]
        assert groq["errors"] == [["At its limit", "RateLimitError 429", "1"]]
        assert gemini["state"] == "Healthy"
        assert [quota["what"] for quota in groq["quotas"]] == ["Tokens a minute", "Requests a day"]
        asked = f"so {LABELS['google']} was asked."
        left = attempts(tab)[0][2].removeprefix(f"It was at its limit, {asked} (rate, ")
        assert left.removesuffix(" s left)").isdigit()
        assert attempts(tab)[1:] == [
            (LABELS["google"], "Answered", ""),
            (LABELS["groq"], "At its limit", f"It was at its limit, {asked} (RateLimitError 429)"),
            (LABELS["google"], "Answered", ""),
        ]
        assert not [key for key in KEYS.values() if key in str(tab.updates)]


async def test_a_member_is_tested_with_one_request(app: AppServer, fakes: ProviderServer) -> None:
    admin = await sign_up(app, "admin")
    await fakes.set("groq", fault={"kind": "auth"})
    async with watching(admin) as tab:
        await tab.until(members)
        words: dict[str, str] = {}
        for name in (GROQ, GEMINI, "gone"):
            await tab.send(f"{HANDLERS}.test", name=name)
            place = f"admin:tested:{name}"
            await tab.until(
                lambda tab, place=place: (
                    place in store(tab) and not (store(tab)[place] or {"busy": False})["busy"]
                )
            )
            words[name] = (store(tab)[place] or {}).get("words", "")
    assert words[GROQ] == "Tested: no: the key or the model is refused (AuthenticationError 401)."
    assert words[GEMINI].startswith("Tested: it answers, with its first words after ")
    assert words["gone"] == ""
    assert GROQ_KEY not in str(tab.updates)
    assert [request["provider"] for request in await fakes.requests()] == ["groq", "google"]


async def test_others_see_and_test_nothing(app: AppServer, fakes: ProviderServer) -> None:
    await sign_up(app, "admin")
    member = await sign_up(app)
    async with watching(member) as tab:
        await tab.until(lambda tab: "admin:missing" in store(tab))
        await tab.send(f"{HANDLERS}.watch")
        await tab.send(f"{HANDLERS}.test", name=GROQ)
        # Events of a tab are handled in order: this comes after them.
        await ask(tab, "[[say 2 words]]")
        await tab.until(lambda tab: "accepted" in store(tab))
        assert {name for name in store(tab) if name.startswith("admin:")} == {"admin:missing"}
    (request,) = await fakes.wait(received=1)
    assert "say 2 words" in str(request["body"])


async def test_who_is_no_admin_any_more_sees_nothing_new(app: AppServer) -> None:
    admin = await sign_up(app, "admin")
    second = await sign_up(app, "second")

    async def make(role: str) -> None:
        target = {"user_id": str(await second.user_id())}
        async with admin.tab() as tab:
            await tab.send(f"{PEOPLE}.set_role", role=role, **target)
            await tab.until(lambda tab: "admin:people" in store(tab))

    await make("admin")
    async with watching(second) as theirs, watching(admin) as mine:
        await theirs.until(members)
        await mine.until(members)
        await make("member")
        for count in (1, 2):
            await answers(admin, 1)
            await mine.until(lambda tab, count=count: len(attempts(tab)) == count)
        assert attempts(theirs) == []


@pytest.mark.parametrize("backend", ["real"], indirect=True)
async def test_a_member_that_is_switched_off_is_asked_by_none_of_three_processes(
    app: AppServer, start_app: StartApp, fakes: ProviderServer
) -> None:
    admin = await sign_up(app, "admin")
    others = [await start_app(like=app) for _ in range(2)]
    everywhere = [replace(admin, app=each) for each in (app, *others)]
    where = f"{POOL_TIER}/{GROQ}"
    async with AsyncExitStack() as stack:
        tabs = [await stack.enter_async_context(watching(each)) for each in everywhere]
        for tab in tabs:
            await tab.until(members)
        await tabs[0].send(f"{EDITING}.do", action="off", name=where, confirmed=False)
        for tab in tabs:
            await tab.until(lambda tab: set(members(tab)) == {GEMINI})
        for person in everywhere:
            await answers(person, 2)
        assert {request["provider"] for request in await fakes.requests()} == {"google"}
        # The last one that could answer stays, even when one insists.
        last = f"{POOL_TIER}/{GEMINI}"
        await tabs[1].send(f"{EDITING}.do", action="off", name=last, confirmed=False)
        await tabs[1].until(lambda tab: store(tab).get("admin:pool:confirm"))
        assert "nobody is left" in store(tabs[1])["admin:pool:confirm"]["words"]
        await tabs[1].send(f"{EDITING}.do", action="off", name=last, confirmed=True)
        await tabs[1].until(
            lambda tab: "nobody would be left" in store(tab).get("admin:pool:said", "")
        )
    # It is kept over a restart.
    fresh = await start_app(like=app)
    async with watching(replace(admin, app=fresh)) as tab:
        await tab.until(lambda tab: set(members(tab)) == {GEMINI})
