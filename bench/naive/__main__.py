"""Serves the naive app's backend; its pages are never built."""

import os
from pathlib import Path

import uvicorn

os.chdir(Path(__file__).parent)  # where Reflex looks for its configuration
os.environ |= {
    "REFLEX_ENV_MODE": "prod",
    "REFLEX_TELEMETRY_ENABLED": "false",
    "REFLEX_CHECK_LATEST_VERSION": "false",
    "__REFLEX_SKIP_COMPILE": "true",
}
uvicorn.run(
    "bench.naive.app:app",
    factory=True,
    host="127.0.0.1",
    port=int(os.environ["PORT"]),
    log_level="warning",
)
