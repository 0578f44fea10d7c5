import httpx
import pytest
from pydantic import AnyHttpUrl

from chatapp import routes
from chatapp.accounts import flash, sessions, throttle
from chatapp.accounts.cookies import FLASH, SESSION
from chatapp.accounts.gcra import Limit
from chatapp.accounts.problems import Problem
from chatapp.accounts.sessions import SignedIn
from chatapp.settings import Settings
from tests.accounts.conftest import ORIGIN, PASSWORD, make_client
from tests.accounts.forms import JSON, alive, cookies_set, said, sign_in


async def test_signing_up_and_in(web: httpx.AsyncClient) -> None:
    form = {"email": "ada@example.org", "password": PASSWORD, "name": "Ada"}
    response = await web.post(routes.SIGN_UP, data=form)
    assert response.status_code == 303
    assert response.headers["location"] == "/"
    assert response.headers["cache-control"] == "no-store"
    token = web.cookies[SESSION]
    found = await sessions.session_by_token(token)
    assert found
    assert (found.user.email, found.user.name, found.user.is_admin) == (
        "ada@example.org",
        "Ada",
        True,
    )


async def test_the_cookie_on_http(web: httpx.AsyncClient, member: SignedIn) -> None:
    cookie = cookies_set(await sign_in(web))[SESSION]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert cookie["domain"] == ""
    assert cookie["max-age"] == str(30 * 86_400)
    assert not cookie["secure"]


async def test_the_cookie_on_https(member: SignedIn) -> None:
    async with make_client(base_url="https://chat.test") as client:
        cookie = cookies_set(await sign_in(client))[f"__Host-{SESSION}"]
        assert cookie["secure"]
        assert cookie["path"] == "/"
        assert cookie["domain"] == ""
        # A cookie that a neighbouring host could have set is not looked at.
        client.cookies.clear()
        client.cookies.set(SESSION, cookie.value)
        response = await client.post(routes.SIGN_OUT_EVERYWHERE, data={})
        assert said(response).code == Problem.SIGNED_OUT
        assert await alive(cookie.value)


async def test_https_behind_a_proxy(
    member: SignedIn, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "public_url", AnyHttpUrl("https://chat.example"))
    async with make_client() as client:
        client.headers["origin"] = "https://chat.example"
        assert cookies_set(await sign_in(client))[f"__Host-{SESSION}"]["secure"]
        client.headers["origin"] = ORIGIN
        assert (await sign_in(client)).status_code == 403


async def test_signing_in_again_ends_the_session_before(
    web: httpx.AsyncClient, member: SignedIn
) -> None:
    await sign_in(web)
    first = web.cookies[SESSION]
    await sign_in(web)
    assert web.cookies[SESSION] != first
    assert not await alive(first)


async def test_signing_out(web: httpx.AsyncClient, member: SignedIn) -> None:
    await sign_in(web)
    token = web.cookies[SESSION]
    response = await web.post(routes.SIGN_OUT, data={})
    assert response.status_code == 303
    assert response.headers["location"] == routes.LOGIN
    assert cookies_set(response)[SESSION]["max-age"] == "0"
    assert not await alive(token)
    assert await alive(member.token)
    # The cookie is dead when it comes back.
    web.cookies.set(SESSION, token)
    response = await web.post(routes.SIGN_OUT_EVERYWHERE, data={})
    assert response.headers["location"] == routes.LOGIN
    assert await alive(member.token)


async def test_signing_out_everywhere(web: httpx.AsyncClient, member: SignedIn) -> None:
    await sign_in(web)
    response = await web.post(routes.SIGN_OUT_EVERYWHERE, data={})
    assert response.headers["location"] == routes.LOGIN
    assert not await alive(member.token)


async def test_changing_the_password(web: httpx.AsyncClient, member: SignedIn) -> None:
    await sign_in(web)
    before = web.cookies[SESSION]
    form = {"current_password": "wrong password", "new_password": "another horse"}
    response = await web.post(routes.CHANGE_PASSWORD, data=form)
    assert response.headers["location"] == routes.SETTINGS
    assert said(response).code == Problem.WRONG_OLD
    assert await alive(before)
    form["current_password"] = PASSWORD
    response = await web.post(routes.CHANGE_PASSWORD, data=form)
    assert response.headers["location"] == routes.SETTINGS
    assert said(response).code == flash.PASSWORD_CHANGED
    assert not said(response).is_error
    assert not await alive(before)
    assert not await alive(member.token)
    assert await alive(web.cookies[SESSION])


async def test_a_failure_says_the_same_for_unknown_and_wrong(
    web: httpx.AsyncClient, member: SignedIn
) -> None:
    answers = []
    for email in ("member@example.org", "nobody@example.org"):
        form = {"email": email, "password": "wrong password"}
        response = await web.post(routes.SIGN_IN, data=form)
        json = await web.post(routes.SIGN_IN, data=form, headers=JSON)
        word = said(response)
        assert word.email == email
        assert "wrong password" not in str(response.headers)
        names = sorted(name for name, _ in response.headers.multi_items())
        seen = [response.status_code, response.headers["location"], word.code, word.words, names]
        answers.append([*seen, json.status_code, json.text, response.text])
    assert answers[0] == answers[1]
    assert answers[0][:2] == [303, routes.LOGIN]
    assert answers[0][5] == 401


async def test_the_flash_cookie(web: httpx.AsyncClient, member: SignedIn) -> None:
    form = {"email": "member@example.org", "password": "wrong password"}
    cookie = cookies_set(await web.post(routes.SIGN_IN, data=form))[FLASH]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == "60"
    # A success takes it away.
    assert cookies_set(await sign_in(web))[FLASH]["max-age"] == "0"


async def test_what_json_clients_hear(
    web: httpx.AsyncClient, member: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def post(path: str, **form: str) -> httpx.Response:
        return await web.post(path, data=form, headers=JSON)

    new = await post(routes.SIGN_UP, email="new@example.org", password=PASSWORD)
    assert (new.status_code, new.json()["role"]) == (200, "member")
    assert "token" not in new.text
    taken = await post(routes.SIGN_UP, email="admin@example.org", password="wrong password")
    assert taken.status_code == 422
    assert taken.json()["message"].startswith("That did not work.")
    short = await post(routes.SIGN_UP, email="x@example.org", password="short")
    assert (short.status_code, short.json()["code"]) == (422, "short")
    email = await post(routes.SIGN_UP, email="no address", password=PASSWORD)
    assert (email.status_code, email.json()["code"]) == (422, "email")
    monkeypatch.setattr(throttle, "PAIR", Limit("pair", burst=1, every=60))
    await post(routes.SIGN_IN, email="q@example.org", password="wrong password")
    slow = await post(routes.SIGN_IN, email="q@example.org", password="wrong password")
    assert slow.status_code == 429
    assert 0 < int(slow.headers["retry-after"]) <= 60


async def test_closed_sign_up(
    web: httpx.AsyncClient, member: SignedIn, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "signup", "closed")
    form = {"email": "new@example.org", "password": PASSWORD}
    response = await web.post(routes.SIGN_UP, data=form, headers=JSON)
    assert (response.status_code, response.json()["code"]) == (403, "closed")


@pytest.mark.parametrize(
    ("wanted", "location"),
    [("/c/1", "/c/1"), ("//evil.com", "/"), ("https://evil.com", "/"), ("/\\evil.com", "/")],
)
async def test_where_it_goes_on(
    web: httpx.AsyncClient, member: SignedIn, wanted: str, location: str
) -> None:
    assert (await sign_in(web, next=wanted)).headers["location"] == location
    form = {"email": "member@example.org", "password": "wrong password", "next": wanted}
    response = await web.post(routes.SIGN_IN, data=form)
    back = f"{routes.LOGIN}?next=/c/1" if location != "/" else routes.LOGIN
    assert response.headers["location"] == back


@pytest.mark.parametrize(
    ("referer", "location"),
    [
        ("/login?next=/c/1", "/c/1"),
        ("/login?next=//evil.com", "/"),
        ("/login", "/"),
        ("/login?" + "&".join(["a=b"] * 50), "/"),
    ],
)
async def test_a_form_sent_early_goes_on_where_its_page_would(
    web: httpx.AsyncClient, member: SignedIn, referer: str, location: str
) -> None:
    web.headers["referer"] = ORIGIN + referer
    assert (await sign_in(web, next="")).headers["location"] == location
