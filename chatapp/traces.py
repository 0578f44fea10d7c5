"""Traces from the click to the provider, for OpenTelemetry. Off unless ``OTEL_`` variables ask.

``OTEL_EXPORTER_OTLP_ENDPOINT`` (or ``…_TRACES_ENDPOINT``) says where they go; the other standard
variables hold as everywhere. No text of a question or an answer is in them, and no name.
"""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, Tracer
from reflex_base import otel

LAST_SPANS = 3.0
"""Seconds in which a process that ends sends the spans that it still has."""

SENDING = "last spans"
"""The name of the thread that does."""

Attributes = Mapping[str, str | int | float]

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

_tracers: list[Tracer] = []


def wanted() -> bool:
    """Whether the environment asks for traces."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    none = os.environ.get("OTEL_TRACES_EXPORTER", "") == "none"
    return any(os.environ.get(name) for name in _ENDPOINTS) and not off and not none


@asynccontextmanager
async def tracing() -> AsyncIterator[None]:
    """Send traces until the context ends, if the environment asks for them."""
    if not wanted():
        yield
        return
    # What costs memory and time is loaded only when it is wanted.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = os.environ.get("OTEL_SERVICE_NAME", "chatapp")
    resource = Resource.create({"service.name": name})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracers.append(provider.get_tracer("chatapp"))
    otel.enable(provider)
    try:
        yield
    finally:
        otel.disable()
        _tracers.clear()
        await _in_time(provider.shutdown, LAST_SPANS)


async def _in_time(send: Callable[[], None], seconds: float) -> None:
    """Send what is left beside the loop, in a thread that goes on by itself if it takes longer."""
    loop, sent = asyncio.get_running_loop(), asyncio.Event()

    def work() -> None:
        send()
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(sent.set)

    threading.Thread(target=work, name=SENDING, daemon=True).start()
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await sent.wait()


@contextmanager
def span(name: str, attributes: Attributes | None = None) -> Iterator[None]:
    """A span around a block, if traces are on."""
    if not _tracers:
        yield
        return
    with _tracers[-1].start_as_current_span(name, attributes=attributes):
        yield


def told(
    name: str,
    began: float,
    ended: float,
    *,
    within: Context | None = None,
    attributes: Attributes | None = None,
) -> Context | None:
    """A span that is over already, with its times in seconds since the epoch.

    Returns:
        What later spans are within that belong to it; None when traces are off.
    """
    if not _tracers:
        return None
    made: Span = _tracers[-1].start_span(
        name, context=within, attributes=attributes, start_time=round(began * 1e9)
    )
    made.end(round(ended * 1e9))
    return trace.set_span_in_context(made, within)
