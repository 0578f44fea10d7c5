"""No question ever leaves for a tracing service."""

import os

import langsmith

SWITCHES = (
    "LANGCHAIN_TRACING",
    "LANGCHAIN_HANDLER",
    "LANGCHAIN_TRACING_V2",
    "LANGSMITH_TRACING",
    "LANGSMITH_TRACING_V2",
    "LANGSMITH_GATEWAY",
)
"""Variables by which LangChain sends questions, or keys, elsewhere."""


def forbid_tracing() -> None:
    """Switch LangSmith off for this process, whatever the environment says."""
    for name in SWITCHES:
        os.environ.pop(name, None)
    langsmith.configure(enabled=False)
