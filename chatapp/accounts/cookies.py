"""The cookies of accounts: the session's token and the word for the next page."""

from http.cookies import SimpleCookie

from starlette.requests import cookie_parser

from chatapp.accounts import flash
from chatapp.accounts.address import Scope, headers_of, is_secure
from chatapp.settings import settings

SESSION = "chatapp_session"
FLASH = "chatapp_flash"


def session_name(scope: Scope) -> str:
    """The name of the session's cookie.

    On https it has the prefix ``__Host-``, so that no neighbouring host can have set it.
    """
    return f"__Host-{SESSION}" if is_secure(scope) else SESSION


def read(scope: Scope, name: str) -> str:
    """The value of a cookie, or nothing."""
    return cookie_parser("; ".join(headers_of(scope, b"cookie"))).get(name, "")


def session_token(scope: Scope) -> str:
    """The token of the session's cookie, or nothing."""
    token = read(scope, session_name(scope))
    return token if len(token) <= 100 else ""


def _cookie(scope: Scope, name: str, value: str, seconds: int) -> str:
    jar: SimpleCookie = SimpleCookie()
    jar[name] = value
    morsel = jar[name]
    morsel["path"] = "/"
    morsel["max-age"] = seconds
    morsel["httponly"] = True
    morsel["samesite"] = "Lax"
    if is_secure(scope):
        morsel["secure"] = True
    return morsel.OutputString()


def set_session(scope: Scope, token: str) -> str:
    """The header that keeps a session's token for as long as the session lives unused."""
    return _cookie(scope, session_name(scope), token, settings().session_days * 86_400)


def clear_session(scope: Scope) -> str:
    """The header that forgets the session's token."""
    return _cookie(scope, session_name(scope), "", 0)


def set_flash(scope: Scope, word: flash.Flash) -> str:
    """The header that carries a word to the next page."""
    return _cookie(scope, FLASH, word.encoded(), flash.SECONDS)


def clear_flash(scope: Scope) -> str:
    """The header that forgets the word."""
    return _cookie(scope, FLASH, "", 0)
