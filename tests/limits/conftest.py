import pytest

from chatapp.limits.service import Limiter
from chatapp.settings import Settings


@pytest.fixture
def limiter(installation: Settings) -> Limiter:
    return Limiter()
