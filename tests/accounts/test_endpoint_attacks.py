import httpx
import pytest

from chatapp import routes
from chatapp.accounts import forms
from chatapp.accounts.cookies import SESSION
from chatapp.accounts.problems import Problem
from chatapp.accounts.sessions import SignedIn
from tests.accounts.conftest import PASSWORD
from tests.accounts.forms import ENDPOINTS, JSON, alive, cookies_set, said, sign_in


async def test_a_preset_cookie_is_never_adopted(web: httpx.AsyncClient, member: SignedIn) -> None:
    for preset in ("x" * 43, "", "\x01", "y" * 5000, member.token):
        web.cookies.clear()
        web.headers["cookie"] = f"{SESSION}={preset}"
        token = cookies_set(await sign_in(web, "admin@example.org"))[SESSION].value
        assert token != preset
        assert not await alive(preset)
        assert await alive(token)


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://evil.test",
        "http://chat.test.evil.com",
        "https://chat.test",
        "http://chat.test:81",
    ],
)
async def test_forms_of_other_sites(
    web: httpx.AsyncClient, member: SignedIn, path: str, origin: str | None
) -> None:
    await sign_in(web)
    token = web.cookies[SESSION]
    del web.headers["origin"]
    headers = {"origin": origin} if origin else {}
    form = {
        "email": "foreign@example.org",
        "password": PASSWORD,
        "current_password": PASSWORD,
        "new_password": "another horse",
    }
    response = await web.post(path, data=form, headers=headers)
    assert response.status_code == 403
    assert "set-cookie" not in response.headers
    assert await alive(token)


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_other_methods(web: httpx.AsyncClient, path: str, method: str) -> None:
    response = await web.request(method, path)
    assert response.status_code == 405


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_bodies_that_are_not_taken(web: httpx.AsyncClient, path: str) -> None:
    sent = 0

    async def endless():
        nonlocal sent
        while sent < 10_000_000:
            sent += 1024
            yield b"a" * 1024

    form = {"content-type": "application/x-www-form-urlencoded"}
    response = await web.post(path, content=endless(), headers=form)
    assert response.status_code == 413
    assert "16 KB" in response.text
    response = await web.post(path, content="&".join("a=b" for _ in range(100)), headers=form)
    assert response.status_code == 400
    response = await web.post(path, json={"email": "x"})
    assert response.status_code == 415
    response = await web.post(path, files={"email": b"x"})
    assert response.status_code == 415


async def test_a_form_that_never_ends(
    web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    monkeypatch.setattr(forms, "PATIENCE", 0.05)

    async def slow():
        yield b"email="
        await asyncio.sleep(5)

    headers = {"content-type": "application/x-www-form-urlencoded"}
    response = await web.post(routes.SIGN_IN, content=slow(), headers=headers)
    assert response.status_code == 408


@pytest.mark.parametrize(
    "body", [b"", b"&&&", b"%ff%fe=%00", b"email=%ed%a0%80&password=%00", b"\xff\xfe", b"email"]
)
async def test_strange_forms_are_just_wrong(
    web: httpx.AsyncClient, member: SignedIn, body: bytes
) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded", **JSON}
    response = await web.post(routes.SIGN_IN, content=body, headers=headers)
    assert response.status_code == 401


async def test_without_a_database_nothing_is_called_done(
    web: httpx.AsyncClient, member: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.exc import OperationalError

    from chatapp.accounts import repository

    async def away(*_args: object) -> None:
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr(repository, "user_by_email", away)
    form = {"email": "member@example.org", "password": PASSWORD}
    response = await web.post(routes.SIGN_IN, data=form, headers=JSON)
    assert (response.status_code, response.json()["code"]) == (503, "away")
    assert said(await web.post(routes.SIGN_IN, data=form)).code == Problem.AWAY
