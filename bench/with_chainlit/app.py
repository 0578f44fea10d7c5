"""A message whose words are those of the provider, as they come; nothing is kept."""

import json
import os

import aiohttp
import chainlit as cl  # pyright: ignore[reportMissingImports] - the bench installs it


@cl.on_message
async def answer(question: cl.Message) -> None:
    """Say each word as Chainlit's own examples do; the provider is read as leanly as can be."""
    said = {"role": "user", "content": question.content}
    body = {"model": "bench", "stream": True, "messages": [said]}
    message = cl.Message("")
    url = os.environ["PROVIDER_URL"]
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as response:
        async for line in response.content:
            if line.startswith(b"data: {"):
                delta = json.loads(line[6:])["choices"][0]["delta"]
                await message.stream_token(delta.get("content") or "")
    await message.update()
