"""The product's pool, as a process."""

import time

from langchain_core.messages import HumanMessage
from pydantic import SecretStr

from bench.pool.driving import Ask, Said, Subject, Urls, run
from chatapp.pool.attempt import stream_of
from chatapp.pool.config import Account, Member, PoolConfig
from chatapp.pool.events import Restart, Text
from chatapp.pool.members import build_client
from chatapp.pool.model import PooledChatModel

MODELS = {"groq": "llama-fake", "google": "gemini-fake", "openai": "gpt-fake"}


def members(urls: Urls) -> tuple[Member, ...]:
    return tuple(
        Member("fast", Account(name, name, SecretStr("k"), url), MODELS[name])
        for name, url in urls.items()
    )


class Chatapp(Subject):
    def spread(self, urls: Urls, patience: float) -> Ask:
        found = members(urls)
        pool = PooledChatModel(
            config=PoolConfig(tuple(member.account for member in found), found),
            first_token_timeout=patience,
            idle_gap_timeout=patience,
        )

        async def ask(question: str) -> Said:
            began, first, text = time.perf_counter(), None, ""
            async for event in pool.answer([HumanMessage(question)], restarts=True):
                if isinstance(event, Restart):
                    text = ""
                elif isinstance(event, Text):
                    first = self.note(began, first)
                    text += event.text
            return text, first or 0

        return ask

    def alone(self, urls: Urls, patience: float) -> Ask:
        model = build_client(members(urls)[0]).model

        async def ask(question: str) -> Said:
            began, first, text = time.perf_counter(), None, ""
            async for chunk in stream_of(model, [HumanMessage(question)], None, {}):
                if chunk.text:
                    first = self.note(began, first)
                    text += chunk.text
            return text, first or 0

        return ask


if __name__ == "__main__":
    run(Chatapp)
