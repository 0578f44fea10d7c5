"""No secret reaches the log."""

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chatapp import leaving, logs
from tests.answers.app import _answering, answered, first_question, sign_up
from tests.answers.conftest import fakes, provider_server
from tests.answers.world import GROQ_KEY
from tests.fakes import ProviderServer
from tests.harness.app import AppServer
from tests.harness.backends import Backend

__all__ = ["fakes", "provider_server"]

TAB = "c1006998-7253-4628-a946-ec229df27542"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("{'cookie': 'session=abc123', 'host': 'x'}", "abc123"),
        ('headers={"Cookie": "session=abc123; theme=dark"}', "abc123"),
        ("Set-Cookie: session=abc123", "abc123"),
        ("authorization: Bearer abc12345678", "abc12345678"),
        ("Authorization': 'Basic dXNlcjpwYXNz'", "dXNlcjpwYXNz"),
        ("Incorrect API key provided: gsk_abcdefghijklmnop", "gsk_abcdefghijklmnop"),
        ("sk-proj-abcdefghijklmnop is wrong", "abcdefghijklmnop"),
        ("key=AIzaSyA-abcdefghijklmnopqrstuvwx", "abcdefghijklmnop"),
        ("GET https://api.example/v1?key=s3cr3t&alt=sse", "s3cr3t"),
        (f'"WebSocket /_event/?token={TAB}&EIO=4" [accepted]', TAB),
        ("postgresql://chatapp:hunter2@db/chatapp", "hunter2"),
        ("Error processing event queue entry for Event(name='x', payload={'q': 'mine'})", "mine"),
        ("Failed to deserialize event data: {'payload': 'mine'}.", "mine"),
        ("Event data must be a dictionary, but received mine of type <class 'str'>.", "mine"),
    ],
)
def test_secrets_are_left_out(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in logs.redact(text)


def test_plain_words_stay() -> None:
    for text in ("Is this it? yes", f"chat {TAB} was deleted", "3 tokens a second: token limit"):
        assert logs.redact(text) == text


def test_tokens_of_tabs_are_shortened_where_reflex_writes_them() -> None:
    text = f"Attempting to send delta to disconnected client {TAB!r}"
    assert TAB not in logs.redact(text, "reflex.app")
    assert "c1006998…" in logs.redact(text, "reflex.app")


def test_an_entry_is_bounded() -> None:
    assert len(logs.redact("x" * 1_000_000)) < 10_000


def record(message: str, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("reflex_base.x", logging.ERROR, __file__, 1, message, (), info)


def test_tracebacks_are_redacted_in_both_forms() -> None:
    try:
        raise ValueError("bad key gsk_abcdefghijklmnop")
    except ValueError:
        info = sys.exc_info()[1]
    for formatter in (logs.Plain(), logs.JsonLines()):
        text = formatter.format(record("It failed", info))
        assert "abcdefghijklmnop" not in text
        assert "ValueError" in text
    assert json.loads(logs.JsonLines().format(record("two\nlines")))["message"] == "two\nlines"


def test_an_unknown_event_is_a_warning_without_its_content() -> None:
    entry = record("Error processing event queue entry for Event(name='evil', payload={})")
    entry.exc_info = (KeyError, KeyError("No registered handler found for event: evil"), None)
    assert logs.UnknownEvents().filter(entry)
    assert entry.levelno == logging.WARNING
    assert logs.Plain().format(entry).endswith("A client sent an event that no handler has.")


def test_a_socket_that_is_sent_on_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "_leaving", asyncio.Event())
    entry = record("ASGI callable returned without completing handshake.")
    assert logs.Departures().filter(entry)
    leaving.begin()
    assert not logs.Departures().filter(entry)
    assert logs.Departures().filter(record("Something else"))


def test_what_a_process_that_leaves_cuts_off_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "_leaving", asyncio.Event())
    cut, count = record("Exception in ASGI application"), record("Cancel %s running task(s), x")
    cut.exc_info = (asyncio.CancelledError, asyncio.CancelledError(), None)
    assert logs.Departures().filter(cut)
    leaving.begin()
    assert not logs.Departures().filter(cut)
    assert logs.Departures().filter(count)
    assert count.levelname == "WARNING"
    broken = record("Exception in ASGI application")
    broken.exc_info = (ValueError, ValueError(), None)
    assert logs.Departures().filter(broken)
    assert broken.levelno == logging.ERROR


async def test_entries_say_what_they_are_about_and_so_do_those_of_tasks_begun_there() -> None:
    async def entry() -> dict[str, str]:
        return json.loads(logs.JsonLines().format(record("something happened")))

    async def answering() -> dict[str, str]:
        logs.about(request="4f1c")
        return await asyncio.create_task(answer())

    async def answer() -> dict[str, str]:
        logs.about(answer="018f")
        return await entry()

    assert {"request": "4f1c", "answer": "018f"}.items() <= (
        await asyncio.create_task(answering())
    ).items()
    assert "request" not in await entry()


@pytest.fixture
async def app(
    embedded: Backend,
    built_pages: None,
    fakes: ProviderServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[AppServer]:
    monkeypatch.setenv("CHATAPP_LOG", "json")
    async with _answering(embedded, fakes, tmp_path) as server:
        yield server


async def test_a_running_app_names_the_request_and_the_answer_in_each_line_about_them(
    app: AppServer, fakes: ProviderServer
) -> None:
    await fakes.set("groq", fault={"kind": "http_500"})
    ada = await sign_up(app)
    for _ in range(2):  # They take turns, so one of two questions meets the one that fails.
        chat_id = await first_question(ada, "a private question [[say 5 words]]")
        async with ada.tab(chat_id) as tab:
            await answered(tab, chat_id)
    text = app.process.text
    entries: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    assert all({"time", "level", "logger", "message"} <= entry.keys() for entry in entries)
    failed = [entry for entry in entries if entry["logger"] == "chatapp.pool.relay"]
    assert failed
    assert all(entry["request"] and entry["answer"] for entry in failed), failed
    for private in ("private question", GROQ_KEY, ada.email, ada.cookie.partition("=")[2]):
        assert private not in text
