"""Traces from the click to the provider, for OpenTelemetry. Off unless ``OTEL_`` variables ask.

``OTEL_EXPORTER_OTLP_ENDPOINT`` (or ``…_TRACES_ENDPOINT``) says where they go; the other standard
variables hold as everywhere. No text of a question or an answer is in them, and no name.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, Tracer
from reflex_base import otel

Attributes = Mapping[str, str | int | float]

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

_tracers: list[Tracer] = []


def wanted() -> bool:
    """Whether the environment asks for traces."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    none = os.environ.get("OTEL_TRACES_EXPORTER", "") == "none"
    return any(os.environ.get(name) for name in _ENDPOINTS) and not off and not none


@contextmanager
def tracing() -> Iterator[None]:
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
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracers.append(provider.get_tracer("chatapp"))
    otel.enable(provider)
    try:
        yield
    finally:
        otel.disable()
        _tracers.clear()
        provider.shutdown()


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
