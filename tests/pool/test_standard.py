"""LangChain's own suites for chat models, on the pool over the fakes."""

from dataclasses import replace
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from chatapp.pool.environment import pool_from_environment
from chatapp.pool.model import PooledChatModel
from tests.fakes import ProviderServer
from tests.pool.conftest import MakePool


@pytest.fixture(scope="module")
def vcr_config() -> dict[str, Any]:
    """Nothing on loopback is recorded or replayed."""
    return {"ignore_localhost": True}


class TestUnits(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return PooledChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"config": pool_from_environment({})}


class TestConversations(ChatModelIntegrationTests):
    """With a member of each wire, which take turns."""

    config: Any = None

    @pytest.fixture(autouse=True)
    async def _members(self, make_pool: MakePool, fakes: ProviderServer) -> None:
        await fakes.set(obliging=True)
        config = make_pool("groq", "google", "openai").config
        own_tier = replace(config.members[0], tier=config.members[0].model)
        type(self).config = replace(config, members=(*config.members, own_tier))

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return PooledChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"config": self.config}

    @property
    def has_tool_choice(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str:
        return "llama-fake"  # a tier: to its callers the pool's tiers are its models
