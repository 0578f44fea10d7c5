"""What the metrics tell, whom, and that they name nobody."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import create_engine, text

from chatapp import metrics
from tests.answers.app import _answering_app, answered, chat_app, first_question, sign_up
from tests.answers.conftest import fakes, provider_server
from tests.conftest import StartApp
from tests.fakes import ProviderServer
from tests.harness.app import AppServer
from tests.harness.backends import Backend
from tests.harness.link import Link, Way

__all__ = ["_answering_app", "chat_app", "fakes", "provider_server"]

Links = dict[str, Link]
Samples = dict[str, list[tuple[dict[str, str], float]]]

TOKEN = "a-token-of-the-tests"


async def scraped(app: AppServer) -> Samples:
    """All samples, by their names."""
    async with app.client() as client:
        response = await client.get("/metrics")
    assert response.status_code == 200
    found: Samples = {}
    for family in text_string_to_metric_families(response.text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def value(
    samples: dict[str, list[tuple[dict[str, str], float]]], name: str, **labels: str
) -> float:
    """The sum of the samples with these labels."""
    every = samples.get(name, [])
    return sum(each for said, each in every if labels.items() <= said.items())


async def test_an_answer_is_counted_and_nobody_is_named(
    chat_app: AppServer, fakes: ProviderServer
) -> None:
    before = await scraped(chat_app)
    ada = await sign_up(chat_app)
    chat_id = await first_question(ada, "a secret question [[say 20 words]]")
    async with ada.tab(chat_id) as tab:
        view = await answered(tab, chat_id)
        during = await scraped(chat_app)
    assert value(during, "chatapp_connections") >= 1
    counted = "chatapp_answers_total"
    # The answer's end is told after it was counted.
    after = during

    def grew(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert grew(counted, status="done", source="model") == 1
    assert grew("chatapp_tokens_total", kind="completion") == 20
    assert grew("chatapp_attempts_total", outcome="ok") == 1
    assert grew("chatapp_first_word_seconds_count") == 1
    assert grew("chatapp_answer_seconds_count") == 1
    assert grew("chatapp_token_seconds_count") == 1
    assert grew("chatapp_relay_seconds_count") >= 1
    assert grew("chatapp_redis_seconds_count", what="words") >= 1
    assert grew("chatapp_connects_total", result="let in") >= 1
    assert grew("chatapp_events_total", handler="ChatState.ask") == 1
    assert grew("chatapp_database_seconds_count", what="select") >= 1
    assert value(after, "chatapp_pool_member_state", state="healthy") >= 1
    async with chat_app.client() as client:
        text = (await client.get("/metrics")).text
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", text)
    for private in ("secret question", ada.email, chat_id, view["id"], "@"):
        assert str(private) not in text


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("WITH one AS (SELECT 1) SELECT * FROM one", "with"),
        ("\n  select 1", "select"),
        ("PRAGMA user_version", "other"),
    ],
)
def test_statements_are_told_apart_by_their_first_word(statement: str, what: str) -> None:
    engine = create_engine("sqlite://")
    metrics.watch_database(engine)

    def count() -> float:
        name = "chatapp_database_seconds_count"
        return metrics.REGISTRY.get_sample_value(name, {"what": what}) or 0.0

    before = count()
    with engine.connect() as connection:
        connection.execute(text(statement))
    assert count() == before + 1


@asynccontextmanager
async def behind_links(env: dict[str, str], folder: Path) -> AsyncIterator[tuple[AppServer, Links]]:
    """An app, and its links to the database and to Redis."""
    links: Links = {}
    async with AsyncExitStack() as stack:
        for part, name in {"database": "DATABASE_URL", "redis": "REDIS_URL"}.items():
            port = urlsplit(env[name]).port
            assert port is not None
            links[part] = await stack.enter_async_context(Link(port))
            env[name] = env[name].replace(f":{port}/", f":{links[part].port}/")
        app = AppServer(env, folder / "app.log")
        stack.push_async_callback(app.stop)
        await app.start()
        yield app, links


@pytest.mark.parametrize("way", [Way.CUT, Way.SILENT])
async def test_a_part_that_is_away_is_told(
    real: Backend, built_pages: None, tmp_path: Path, way: Way
) -> None:
    async with behind_links(await real.fresh(tmp_path), tmp_path) as (app, links):

        async def found(expected: dict[str, int]) -> None:
            async with asyncio.timeout(60):
                while True:
                    samples = await scraped(app)
                    now = {part: value(samples, "chatapp_part_up", part=part) for part in links}
                    if now == expected:
                        return

        for part in links:
            await found({"database": 1, "redis": 1})
            async with links[part].disturbed(way):
                await found({"database": 1, "redis": 1} | {part: 0})
        await found({"database": 1, "redis": 1})


async def test_who_comes_through_a_proxy_sees_nothing(app_server: AppServer) -> None:
    async with httpx.AsyncClient(base_url=app_server.url) as client:
        missing = await client.get("/no-such-page.txt")
        for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
            for token in ("", "none", "None"):
                given = {"Authorization": f"Bearer {token}"} if token else {}
                refused = await client.get("/metrics", headers={name: "127.0.0.1", **given})
                assert refused.status_code == missing.status_code == 404
                assert "chatapp_" not in refused.text


async def test_only_the_token_opens_from_elsewhere(start_app: StartApp) -> None:
    app = await start_app(
        {"CHATAPP_METRICS_NETWORKS": "10.0.0.0/8", "CHATAPP_METRICS_TOKEN": TOKEN}
    )
    async with httpx.AsyncClient(base_url=app.url) as client:
        for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
            assert (await client.get("/metrics", headers=given)).status_code == 404
        right = await client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert right.status_code == 200
    assert "chatapp_connections" in right.text
    assert TOKEN not in right.text
