"""The least that relays a model's words: aiohttp, one websocket, no pages, no accounts."""
