"""LiteLLM's router, in an environment of its own: nothing of the product can be imported here."""

import os
import time
from typing import Any

from bench.pool.driving import Ask, Said, Subject, Urls, run

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or it asks the network for prices

import litellm  # pyright: ignore[reportMissingImports] - the bench installs it

litellm.telemetry = False
litellm.suppress_debug_info = True

MODELS = {
    "groq": ("groq/llama-fake", "/openai/v1"),
    "google": ("gemini/gemini-fake", "/v1beta"),
    "openai": ("openai/gpt-fake", ""),
}


def parameters(provider: str, url: str, patience: float) -> dict[str, Any]:
    model, path = MODELS[provider]
    return {
        "model": model,
        "api_base": url + path,
        "api_key": "k",
        "timeout": patience,
        "stream_timeout": patience,
    }


class Litellm(Subject):
    def spread(self, urls: Urls, patience: float) -> Ask:
        deployments = [
            {"model_name": "any", "litellm_params": parameters(name, url, patience)}
            for name, url in urls.items()
        ]
        router = litellm.Router(model_list=deployments, num_retries=2)
        return self._ask(lambda **more: router.acompletion(model="any", **more))

    def alone(self, urls: Urls, patience: float) -> Ask:
        name, url = next(iter(urls.items()))
        given = parameters(name, url, patience)
        return self._ask(lambda **more: litellm.acompletion(**given, max_retries=0, **more))

    def _ask(self, complete: Any) -> Ask:
        async def ask(question: str) -> Said:
            began, first, text = time.perf_counter(), None, ""
            messages = [{"role": "user", "content": question}]
            async for chunk in await complete(messages=messages, stream=True):
                if chunk.choices and (word := chunk.choices[0].delta.content):
                    first = self.note(began, first)
                    text += word
            return text, first or 0

        return ask


if __name__ == "__main__":
    run(Litellm)
