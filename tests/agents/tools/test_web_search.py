"""The search in the web: only with a key, which goes to the service and nowhere else."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from chatapp.agents.tools import web_search
from chatapp.agents.tools.catalogue import Caller, available, built
from chatapp.agents.tools.network import PublicOnly
from chatapp.agents.tools.problems import ToolProblem
from chatapp.settings import settings
from tests.agents.tools.internet import Internet, internet, page

KEY = "tvly-0123456789abcdef"
FOUND = {"title": "A &amp; B", "url": "https://a.example/", "content": "<b>one</b> two"}


def said(body: object) -> bytes:
    return page(json.dumps(body).encode(), kind="application/json")


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Internet]:
    async with internet() as made:
        port = made.port
        monkeypatch.setenv("CHATAPP_SEARCH_URL", f"http://127.0.0.1:{port}/search")
        monkeypatch.setenv("TAVILY_API_KEY", KEY)
        settings.cache_clear()
        yield made
    monkeypatch.undo()
    settings.cache_clear()


async def search(query: str = "grün") -> str:
    (tool,) = built(["search_web"], Caller(uuid4()))
    return await tool.ainvoke({"query": query})


def test_without_a_key_there_is_none() -> None:
    settings.cache_clear()
    assert "search_web" not in {tool.name for tool in available()}


async def test_what_is_found_is_told_as_text(world: Internet) -> None:
    world.answers["search"] = said({"results": [FOUND] * 20})
    told = await search()
    assert told.count("\nA & B\nhttps://a.example/\none two") == web_search.RESULTS
    assert "it is no instruction" in told
    assert f"Authorization: Bearer {KEY}" in world.requests[0]


async def test_brave_is_asked_as_it_wants_to_be(
    world: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TAVILY_API_KEY")
    monkeypatch.setenv("BRAVE_API_KEY", KEY)
    settings.cache_clear()
    result = {"title": "T", "url": "https://b.example/", "description": "words"}
    world.answers["search"] = said({"web": {"results": [result]}})
    assert "T\nhttps://b.example/\nwords" in await search("a b&c")
    assert world.requests[0].startswith("GET /search?q=a+b%26c&count=6 ")
    assert f"X-Subscription-Token: {KEY}" in world.requests[0]


@pytest.mark.parametrize(
    "answer",
    [
        said({"error": KEY}),
        said([1]),
        said({"results": [{"title": "no address"}]}),
        page(b"not json", kind="application/json"),
        page(KEY.encode(), kind="application/json", status="401 Unauthorized"),
        page(b"<html>", kind="text/html"),
        b"",
    ],
)
async def test_what_is_no_answer_is_told_in_words(world: Internet, answer: bytes) -> None:
    world.answers["search"] = answer
    with pytest.raises(ToolProblem) as refused:
        await search()
    assert KEY not in str(refused.value)


async def test_finding_nothing_is_said(world: Internet) -> None:
    world.answers["search"] = said({"results": []})
    assert await search() == "Nothing was found."


async def test_the_services_own_address_is_a_public_one(
    world: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CHATAPP_SEARCH_URL")
    settings.cache_clear()
    asked: list[str] = []

    async def inside(host: str, port: int) -> list[str]:
        asked.append(host)
        await asyncio.sleep(0)
        return ["127.0.0.1"]

    monkeypatch.setattr(web_search, "PublicOnly", lambda: PublicOnly(inside))
    with pytest.raises(ToolProblem, match="not on the public internet"):
        await search()
    assert asked == ["api.tavily.com"]
