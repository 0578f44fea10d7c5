"""LangChain's own suite for chat models, on the pool."""

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_tests.unit_tests import ChatModelUnitTests

from chatapp.pool.environment import pool_from_environment
from chatapp.pool.model import PooledChatModel


class TestPooledChatModel(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return PooledChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"config": pool_from_environment({})}
