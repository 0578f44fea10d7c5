"""The rules and the dashboard, held by a real Prometheus that scrapes the running product."""

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from chatapp.settings import Settings
from tests.answers.app import Person, _answering, answered, ask, first_question, sign_up, store
from tests.answers.conftest import fakes, provider_server
from tests.fakes import ProviderServer
from tests.harness.app import AppServer
from tests.harness.backends import Backend
from tests.harness.processes import Process, accepts, free_port
from tools import machine
from tools.phases import PROJECT

__all__ = ["fakes", "provider_server"]

MONITORING = PROJECT / "monitoring"
DASHBOARD = json.loads((MONITORING / "grafana" / "chatapp.json").read_text())
RULES = yaml.safe_load((MONITORING / "prometheus.yml").read_text())["rule_files"]
PATIENCE = 300.0
"""Seconds: as long as rates may take to be seen on a busy machine."""

RANGE = "20s"
QUESTIONS_OF_ONE = 10
HELD = {"kind": "http_429", "retry_after": 1, "times": 1}
"""A provider that has no room for a second."""

_SUFFIX = re.compile("_(bucket|count|sum|created|total)$")
_INSTEAD = re.compile(r" or vector\(\d\)$")


def _promtool(*arguments: str) -> str:
    program = machine.find("promtool")
    assert program is not None, "promtool is missing: `make test` installs it"
    done = subprocess.run(
        [program, *arguments], cwd=MONITORING, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_configuration_and_the_rules_are_valid() -> None:
    assert "SUCCESS" in _promtool("check", "config", "prometheus.yml")


def test_each_alert_fires_when_it_should_and_is_tested() -> None:
    assert "SUCCESS" in _promtool("test", "rules", "rules/tests.yml")
    rules = "".join((MONITORING / file).read_text() for file in RULES)
    tests = (MONITORING / "rules" / "tests.yml").read_text()
    alerts = [line.split()[-1] for line in rules.splitlines() if "- alert:" in line]
    fired = tests.split("name: a backend is away")[1]
    assert alerts
    assert [alert for alert in alerts if f"alertname: {alert}\n" not in fired] == []


@pytest.fixture
async def app(
    real: Backend, built_pages: None, fakes: ProviderServer, tmp_path: Path
) -> AsyncIterator[AppServer]:
    async with _answering(real, fakes, tmp_path) as server:
        yield server
    server.check()


@pytest.fixture
async def prometheus(app: AppServer, tmp_path: Path) -> AsyncIterator[str]:
    """A Prometheus that scrapes the app each second; its address."""
    program = machine.find("prometheus")
    assert program is not None, "prometheus is missing: `make test` installs it"
    config = tmp_path / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        f"rule_files: [{MONITORING / 'rules' / 'chatapp.yml'}]\n"
        "scrape_configs:\n  - job_name: chatapp\n    static_configs:\n"
        f"      - targets: ['127.0.0.1:{app.port}']\n"
    )
    port = free_port()
    options = {
        "config.file": config,
        "storage.tsdb.path": tmp_path / "tsdb",
        "web.listen-address": f"127.0.0.1:{port}",
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    process = Process([program, *words], tmp_path / "prometheus.log")
    await process.start(lambda: accepts("127.0.0.1", port))
    yield f"http://127.0.0.1:{port}"
    await process.stop()


def _queries() -> list[tuple[str, str]]:
    return [
        (panel["title"], target["expr"])
        for panel in DASHBOARD["panels"]
        for target in panel.get("targets", [])
    ]


async def test_every_panel_of_the_dashboard_shows_something(
    app: AppServer, prometheus: str, fakes: ProviderServer
) -> None:
    # What a panel shows instead of nothing is nothing.
    empty = [(title, _INSTEAD.sub("", query)) for title, query in _queries()]
    assert len(empty) > 20
    async with httpx.AsyncClient(base_url=prometheus) as client, asyncio.timeout(PATIENCE):
        while empty:
            # Rates need something that happens between two scrapes, and no limit that is met.
            person = await sign_up(app)
            await _one_refusal(person)
            for provider in ("groq", "google"):
                await fakes.set(provider, fault=HELD)
            for _ in range(QUESTIONS_OF_ONE):
                await _one_answer(person)
                empty = [each for each in empty if not await _shows(client, each[1])]
        # And each figure of the product is in a panel or in an alert.
        named = (await client.get("/api/v1/label/__name__/values")).json()["data"]
    rules = (MONITORING / "rules" / "chatapp.yml").read_text()
    seen = " ".join([rules, *(query for _title, query in _queries())])
    figures = {_SUFFIX.sub("", name) for name in named if name.startswith("chatapp_")}
    assert {"chatapp_refused_questions", "chatapp_line_seconds"} < figures
    assert len(figures) > 25
    assert {name for name in figures if name not in seen} == set()


async def _one_answer(person: Person) -> None:
    chat_id = await first_question(person, "[[say 5 words]]")
    async with person.tab(chat_id) as tab:
        await answered(tab, chat_id)


async def _one_refusal(person: Person) -> None:
    async with person.tab() as tab:
        await tab.until(lambda tab: "sidebar" in store(tab))
        await ask(tab, "x" * (Settings.model_fields["question_length"].default + 1))
        await tab.until(lambda tab: store(tab).get("refused"))


async def _shows(client: httpx.AsyncClient, query: str) -> bool:
    query = query.replace("$__rate_interval", RANGE).replace("$instance", ".*")
    found: dict[str, Any] = (await client.get("/api/v1/query", params={"query": query})).json()
    assert found["status"] == "success", f"{query}: {found}"
    return any(each["value"][1] != "NaN" for each in found["data"]["result"])
