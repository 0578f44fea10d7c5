"""``python -m bench.bare``: a question on a websocket, the words of the provider as they come."""

import asyncio
import os

import aiohttp
import orjson
import uvloop
from aiohttp import web

JOIN = 0.05
"""How long words are joined, in seconds, as chatapp does."""

END = "\0"


async def relay(request: web.Request) -> web.WebSocketResponse:
    """Answer the questions of one socket, one after the other."""
    socket = web.WebSocketResponse(compress=True)
    await socket.prepare(request)
    async for message in socket:
        await _answer(request.app[SESSION], socket, message.data)
    return socket


async def _answer(
    session: aiohttp.ClientSession, socket: web.WebSocketResponse, question: str
) -> None:
    body = {"model": "bench", "stream": True, "messages": [{"role": "user", "content": question}]}
    async with session.post(os.environ["PROVIDER_URL"], json=body) as response:
        waiting, clock = "", asyncio.get_running_loop().time
        due = clock()
        async for line in response.content:
            if not line.startswith(b"data: {"):
                continue
            waiting += orjson.loads(line[6:])["choices"][0]["delta"].get("content") or ""
            if waiting and clock() >= due:
                await socket.send_str(waiting)
                waiting, due = "", clock() + JOIN
    await socket.send_str(waiting + END)


SESSION = web.AppKey("session", aiohttp.ClientSession)


async def _client(app: web.Application):
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None)
    ) as session:
        app[SESSION] = session
        yield


if __name__ == "__main__":
    uvloop.install()
    app = web.Application()
    app.cleanup_ctx.append(_client)
    app.router.add_get("/", relay)
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), print=None)
