"""The whole product on one machine, as `make up` starts it, with fake providers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.answers.world import KEYS, pool_file
from tests.fakes import ProviderServer
from tests.harness.up import Up


@pytest.fixture(scope="package")
async def deployed_providers() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as running:
        yield running


@pytest.fixture(scope="package")
def deployed_pool(
    deployed_providers: ProviderServer, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """What an operator sets."""
    file = tmp_path_factory.mktemp("pool") / "pool.toml"
    file.write_text(pool_file(deployed_providers))
    return {**KEYS, "CHATAPP_POOL": str(file)}


@pytest.fixture(scope="package")
async def _shared_up(
    deployed_pool: dict[str, str], built_pages: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Up]:
    up = Up(tmp_path_factory.mktemp("up") / "data", 2, deployed_pool)
    await up.start()
    yield up
    await up.stop()


@pytest.fixture
async def up(_shared_up: Up, deployed_providers: ProviderServer) -> Up:
    """Two backends behind nginx. Tests share them, and leave them whole."""
    await deployed_providers.reset()
    return _shared_up


@pytest.fixture
async def own_up(
    deployed_pool: dict[str, str], built_pages: None, tmp_path: Path
) -> AsyncIterator[Up]:
    """One backend behind nginx, not yet started, that the test may break."""
    up = Up(tmp_path / "data", 1, deployed_pool)
    yield up
    if up.process.runs:
        await up.stop()
