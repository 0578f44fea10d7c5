"""Posting the forms of accounts, and reading what a browser is given."""

from http.cookies import SimpleCookie

import httpx

from chatapp import routes
from chatapp.accounts import flash, sessions
from chatapp.accounts.cookies import FLASH
from tests.accounts.conftest import PASSWORD

ENDPOINTS = [
    routes.SIGN_UP,
    routes.SIGN_IN,
    routes.SIGN_OUT,
    routes.SIGN_OUT_EVERYWHERE,
    routes.CHANGE_PASSWORD,
]


JSON = {"accept": "application/json"}


def cookies_set(response: httpx.Response) -> SimpleCookie:
    jar: SimpleCookie = SimpleCookie()
    for header in response.headers.get_list("set-cookie"):
        jar.load(header)
    return jar


def said(response: httpx.Response) -> flash.Flash:
    """The word that a browser is given for the next page."""
    word = flash.decoded(cookies_set(response)[FLASH].value)
    assert word
    return word


async def sign_in(client: httpx.AsyncClient, email: str = "member@example.org", **extra: str):
    form = {"email": email, "password": PASSWORD, **extra}
    return await client.post(routes.SIGN_IN, data=form)


async def alive(token: str) -> bool:
    return await sessions.session_by_token(token) is not None
