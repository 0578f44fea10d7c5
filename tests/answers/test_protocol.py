"""The running app over its real socket: asked, answered, looked at again, and never spliced."""

import asyncio
import json

import pytest
from redis.asyncio import Redis

from chatapp.answers.events import channel
from chatapp.database import new_id
from chatapp.pool.errors import CUT
from tests.answers.app import (
    CHAT,
    answered,
    ask,
    chats,
    first_question,
    order,
    query,
    shown,
    sign_up,
    store,
)
from tests.answers.world import KEYS, LABELS, words
from tests.fakes import ProviderServer
from tests.harness.app import AppServer

TEXT = "Prose, é and 😀, with **marks** and `code` in one long paragraph. " * 40 + "The end."
SECRETS = (*KEYS.values(), "Failed with", "the key ")


async def test_a_question_is_answered_and_stays(chat_app: AppServer, fakes: ProviderServer) -> None:
    await fakes.set(text=TEXT, tokens_per_second=400)
    ada = await sign_up(chat_app)
    chat_id = await first_question(ada, "please")
    async with ada.tab(chat_id) as tab, ada.tab(chat_id) as second:
        for each in (tab, second):
            view = await answered(each, chat_id)
            assert shown(each, view["id"]) == TEXT
            assert store(each)[f"m:{order(each, chat_id)[0]}"]["text"] == "please"
        assert view["status"] == "done"
    # A reload is a new tab: all is there at once.
    async with ada.tab(chat_id) as again:
        view = await answered(again, chat_id)
        assert shown(again, view["id"]) == TEXT
        assert chats(again) == [chat_id]
    assert (TEXT,) in await query(chat_app, "SELECT text FROM messages")


async def test_groq_and_gemini_answer_in_turn(chat_app: AppServer, fakes: ProviderServer) -> None:
    ada = await sign_up(chat_app)
    chat_id = await first_question(ada, "[[say 3 words]]")
    by: list[str] = []
    async with ada.tab(chat_id) as tab:
        for number in range(2, 10, 2):
            view = await answered(tab, chat_id, number)
            assert shown(tab, view["id"]) == words(3)
            by.append(view["by"].partition(" · ")[0])
            if number < 8:
                await ask(tab, "[[say 3 words]]")
    assert sorted(by[:2]) == ["Gemini", "Groq"]
    assert by[2:] == by[:2]
    asked = [{"groq": "Groq", "google": "Gemini"}[r["provider"]] for r in await fakes.requests()]
    assert asked == by


@pytest.mark.parametrize("kind", ["auth", "drop"])
async def test_an_error_before_the_first_word_is_unseen(
    faulty_app: AppServer, fakes: ProviderServer, kind: str
) -> None:
    await fakes.set("groq", fault={"kind": kind})
    ada = await sign_up(faulty_app)
    chat_id = await first_question(ada, "[[say 30 words]]")
    async with ada.tab(chat_id) as tab:
        for count in (2, 4):
            view = await answered(tab, chat_id, count)
            assert shown(tab, view["id"]) == words(30)
            assert (view["status"], view["problem"]) == ("done", "")
            assert view["by"].startswith(LABELS["google"])
            if count == 2:
                await ask(tab, "[[say 30 words]]")
        assert not any(secret in json.dumps(tab.updates) for secret in SECRETS)


async def test_an_error_after_the_first_words_keeps_them_and_says_so(
    faulty_app: AppServer, fakes: ProviderServer
) -> None:
    await fakes.set(fault={"kind": "error_in_band", "after": 5})
    ada = await sign_up(faulty_app)
    chat_id = await first_question(ada, "[[say 30 words]]")
    async with ada.tab(chat_id) as tab:
        view = await answered(tab, chat_id)
        assert shown(tab, view["id"]) == words(5)
        assert (view["status"], view["problem"]) == ("failed", CUT)
        await fakes.reset()
        again = {"answer_id": view["id"], "client_id": str(new_id())}
        for _ in range(3):
            await tab.send(f"{CHAT}.ask_again", **again)
        await tab.until(lambda tab: order(tab, chat_id)[-1] != view["id"])
        made = await answered(tab, chat_id)
        assert shown(tab, made["id"]) == words(30)
    assert len(await fakes.requests()) == 1
    async with ada.tab(chat_id) as later:
        assert shown(later, (await answered(later, chat_id))["id"]) == words(30)


@pytest.mark.parametrize(("kind", "after"), [("auth", 0), ("error_in_band", 3)])
async def test_a_providers_words_reach_nobody(
    faulty_app: AppServer, fakes: ProviderServer, kind: str, after: int
) -> None:
    await fakes.set(fault={"kind": kind, "after": after})
    ada = await sign_up(faulty_app)
    chat_id = await first_question(ada, "[[say 9 words]]")
    async with ada.tab(chat_id) as tab:
        view = await answered(tab, chat_id)
        assert view["status"] == "failed"
        assert view["problem"]
        told = json.dumps(tab.updates)
    rows = await query(faulty_app, "SELECT text FROM messages")
    rows += await query(faulty_app, "SELECT problem, answered_by, attempts FROM answers")
    for secret in SECRETS:
        assert secret not in told
        assert secret not in str(rows)
        assert secret not in faulty_app.process.text


async def test_stop_works_from_another_tab(chat_app: AppServer, fakes: ProviderServer) -> None:
    await fakes.set(tokens_per_second=20)
    ada = await sign_up(chat_app)
    chat_id = await first_question(ada, "[[say 10000 words]]")
    async with ada.tab(chat_id) as tab, ada.tab(chat_id) as phone:
        for each in (tab, phone):
            await each.until(lambda each: order(each, chat_id))
        answer_id = order(tab, chat_id)[-1]
        await tab.until(lambda tab: shown(tab, answer_id).count("w") > 2)
        await phone.send(f"{CHAT}.stop", answer_id=answer_id)
        await phone.send(f"{CHAT}.stop", answer_id=answer_id)
        for each in (tab, phone):
            view = await answered(each, chat_id)
            assert view["status"] == "stopped"
            assert words(10_000).startswith(shown(each, answer_id))
        assert shown(tab, answer_id) == shown(phone, answer_id)
    await fakes.wait(closed_early=1)


async def test_the_composer_sent_twice_is_one_question(
    chat_app: AppServer, fakes: ProviderServer
) -> None:
    ada = await sign_up(chat_app)
    client_id = new_id()
    async with ada.tab() as tab:
        await tab.until(lambda tab: "sidebar" in store(tab))
        for _ in range(5):
            await ask(tab, "[[say 3 words]]", client_id)
        await tab.until(lambda tab: store(tab).get("accepted") == str(client_id) and chats(tab))
        (chat_id,) = chats(tab)
    async with ada.tab(chat_id) as again:
        await answered(again, chat_id)
        assert chats(again) == [chat_id]
    assert len(await fakes.requests()) == 1


async def test_an_answer_goes_on_while_nobody_is_connected(
    chat_app: AppServer, fakes: ProviderServer
) -> None:
    await fakes.set(tokens_per_second=200)
    ada = await sign_up(chat_app)
    chat_id = await first_question(ada, "[[say 100 words]]")
    tab = ada.tab(chat_id)
    await tab.connect()
    await tab.until(lambda tab: order(tab, chat_id))
    await tab.close()
    await fakes.wait(done=1)
    async with ada.tab(chat_id, token=tab.token) as back:
        view = await answered(back, chat_id)
        assert shown(back, view["id"]) == words(100)
        assert view["status"] == "done"


async def test_a_closed_tab_is_followed_no_more(chat_app: AppServer) -> None:
    if not (url := chat_app.env["REDIS_URL"]):
        pytest.skip("the embedded Redis cannot be asked from outside")
    ada = await sign_up(chat_app)
    name = channel(await ada.user_id())
    chat_id = await first_question(ada, "[[say 3 words]]")
    async with Redis.from_url(url) as redis:
        for again in range(3):
            async with ada.tab(chat_id) as tab, ada.tab() as other:
                await answered(tab, chat_id)
                await other.until(chats)
                for _ in range(again * 20):
                    await tab.send(f"{CHAT}.follow")
                assert (await redis.pubsub_numsub(name))[0][1] == 1
            async with asyncio.timeout(10):
                while (await redis.pubsub_numsub(name))[0][1]:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
