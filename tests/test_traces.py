"""Traces from the click to the provider, received by a collector on loopback."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from chatapp import traces
from tests.answers.app import _answering, answered, first_question, sign_up
from tests.answers.conftest import fakes, provider_server
from tests.fakes import ProviderServer
from tests.fakes.connection import Connection
from tests.harness.app import AppServer
from tests.harness.backends import Backend

__all__ = ["fakes", "provider_server"]

QUESTION = "my private question [[say 8 words]]"
PATIENCE = 40.0


class Collector:
    """Takes what is sent by OTLP over HTTP."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.raw = b""
        self._news = asyncio.Condition()

    async def __aenter__(self) -> "Collector":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        while asked := await connection.read():
            _method, target, _headers, body = asked
            assert target == "/v1/traces"
            told = ExportTraceServiceRequest.FromString(body)
            async with self._news:
                self.raw += body
                for resource in told.resource_spans:
                    for scope in resource.scope_spans:
                        self.spans += scope.spans
                self._news.notify_all()
            await connection.reply(200, b"", {"content-type": "application/x-protobuf"})
        writer.close()

    async def trace_of(self, name: str) -> dict[str, Span]:
        """The spans that belong to the first one of a name, by their names, once that has come."""
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: any(span.name == name for span in self.spans))
        found = next(span for span in self.spans if span.name == name)
        return {span.name: span for span in self.spans if span.trace_id == found.trace_id}


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with Collector() as running:
        yield running


@pytest.fixture
async def app(
    embedded: Backend,
    built_pages: None,
    fakes: ProviderServer,
    collector: Collector,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[AppServer]:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.port}")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
    async with _answering(embedded, fakes, tmp_path) as server:
        yield server
    server.check()


async def test_one_trace_leads_from_the_click_to_the_last_word(
    app: AppServer, collector: Collector
) -> None:
    ada = await sign_up(app)
    chat_id = await first_question(ada, QUESTION)
    async with ada.tab(chat_id) as tab:
        await answered(tab, chat_id)
    spans = await collector.trace_of("end")
    by_id = {span.span_id: span for span in spans.values()}

    def above(name: str) -> str:
        parent = by_id.get(spans[name].parent_span_id)
        return parent.name if parent else ""

    assert above("ask").endswith("chat_state.ask")
    assert above("answer") == "ask"
    for part in ("queue", "attempt", "first word", "stream", "end"):
        assert above(part) == "answer"
        assert spans[part].start_time_unix_nano <= spans[part].end_time_unix_nano
    assert spans["first word"].end_time_unix_nano == spans["stream"].start_time_unix_nano
    said = {each.key: each.value for each in spans["attempt"].attributes}
    assert said["chatapp.outcome"].string_value == "ok"
    assert b"private question" not in collector.raw
    assert ada.email.encode() not in collector.raw


async def test_an_answer_that_ends_while_its_process_does_is_traced(
    real: Backend,
    built_pages: None,
    fakes: ProviderServer,
    collector: Collector,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.port}")
    async with _answering(real, fakes, tmp_path) as server:
        ada = await sign_up(server)
        await first_question(ada, "[[say 160 words at 40/s]]")
        await fakes.wait(sent=10)
        server.process.send(signal.SIGTERM)
        await server.process.ended()
    assert "first word" in await collector.trace_of("end")


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lets this process send its traces to a port."""

    def to(port: int) -> None:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
        monkeypatch.delenv("OTEL_SDK_DISABLED", raising=False)
        monkeypatch.delenv("OTEL_TRACES_EXPORTER", raising=False)

    return to


async def test_the_last_spans_are_sent_while_all_else_goes_on(
    collector: Collector, traced: Callable[[int], None]
) -> None:
    traced(collector.port)
    async with traces.tracing():
        traces.told("the last one", 0.0, 1.0)
    # The collector answers in this very loop.
    assert [span.name for span in collector.spans] == ["the last one"]


async def test_a_collector_that_says_nothing_keeps_no_process_from_ending(
    traced: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces, "LAST_SPANS", 0.05)
    asked, over = asyncio.Event(), asyncio.Event()

    async def take(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await over.wait()
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as silent:
        traced(silent.sockets[0].getsockname()[1])
        async with traces.tracing():
            traces.told("the last one", 0.0, 1.0)
        await asyncio.wait_for(asked.wait(), PATIENCE)
        assert any(thread.name == traces.SENDING for thread in threading.enumerate())
        over.set()


async def test_nothing_is_traced_unless_the_environment_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    assert not traces.wanted()
    async with traces.tracing():
        assert traces.told("answer", 0.0, 1.0) is None
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    assert traces.wanted()
    for name, value in (("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert not traces.wanted()
