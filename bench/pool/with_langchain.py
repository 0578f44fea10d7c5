"""The official integrations as their makers ship them, and LangChain's own fallbacks."""

import itertools
import time
from collections.abc import Sequence
from typing import Any

import httpx
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_groq import ChatGroq
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from bench.pool.driving import Ask, Said, Subject, Urls, run
from bench.pool.with_chatapp import MODELS


def official(provider: str, url: str, patience: float) -> BaseChatModel:
    """An integration that fails at once instead of trying again by itself."""
    common: dict[str, Any] = {
        "model": MODELS[provider],
        "api_key": SecretStr("k"),
        "base_url": url,
        "timeout": patience,
    }
    match provider:
        case "groq":
            return ChatGroq(**common, max_retries=0)
        case "openai":
            return ChatOpenAI(**common, max_retries=0, stream_usage=True, use_responses_api=False)
    transport = httpx.AsyncHTTPTransport(retries=0)
    return ChatGoogleGenerativeAI(
        **common, max_retries=1, client_args={"transport": transport}, vertexai=False
    )


class Langchain(Subject):
    def spread(self, urls: Urls, patience: float) -> Ask:
        models = [official(name, url, patience) for name, url in urls.items()]
        # A chain always begins with the same one, so there is one for each, which take turns.
        chains = [
            models[n].with_fallbacks([*models[n + 1 :], *models[:n]] or [models[n]])
            for n in range(len(models))
        ]
        return self._ask(chains)

    def alone(self, urls: Urls, patience: float) -> Ask:
        name, url = next(iter(urls.items()))
        return self._ask([official(name, url, patience)])

    def _ask(self, chains: Sequence[Runnable[Any, Any]]) -> Ask:
        turns = itertools.cycle(chains)

        async def ask(question: str) -> Said:
            began, first, text = time.perf_counter(), None, ""
            async for chunk in next(turns).astream(question):
                if chunk.text:
                    first = self.note(began, first)
                    text += chunk.text
            return text, first or 0

        return ask


if __name__ == "__main__":
    run(Langchain)
