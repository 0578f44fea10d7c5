from uuid import UUID

import pytest

from chatapp.settings import Settings
from tests.chats.people import person


@pytest.fixture
async def ada(installation: Settings) -> UUID:
    return await person("ada")


@pytest.fixture
async def eve(installation: Settings) -> UUID:
    return await person("eve")
