"""An app with two tiers to choose from."""

from collections.abc import AsyncIterator

import pytest

from tests.browser.rows import Rows
from tests.harness.app import AppServer, serving
from tests.harness.backends import Backend

POOL = """
[[account]]
name = "demo"
provider = "demo"

[[member]]
tier = "fast"
account = "demo"
model = "small"

[[member]]
tier = "smart"
account = "demo"
model = "large"
"""


@pytest.fixture(scope="module")
async def two_tiers(
    embedded: Backend, built_pages: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[AppServer]:
    folder = tmp_path_factory.mktemp("tiers")
    (folder / "pool.toml").write_text(POOL)
    async with serving(embedded, folder, {"CHATAPP_POOL": str(folder / "pool.toml")}) as server:
        yield server
        server.check()


@pytest.fixture
def two_rows(two_tiers: AppServer) -> Rows:
    return Rows(two_tiers.env)
