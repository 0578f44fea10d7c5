"""What an admin has set before the start."""

import json
from collections.abc import Mapping
from typing import Any

from tests.harness.app import AppServer
from tests.harness.backends import execute


async def set_controls(app: AppServer, values: Mapping[str, Any]) -> None:
    """Set controls of a running app, and start it anew with them."""
    for name, value in values.items():
        await execute(
            app.env,
            "INSERT INTO control_values (name, value, changed_at) "
            f"VALUES ('{name}', '{json.dumps(value)}', '2026-01-01 00:00:00+00')",
        )
    await app.stop()
    await app.start()
