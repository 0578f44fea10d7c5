"""The forms of own keys: from one's own page, of who is signed in, and not too often."""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from starlette.applications import Starlette

from chatapp import routes
from chatapp.accounts import own_keys, service, throttle
from chatapp.accounts.cookies import SESSION
from chatapp.accounts.gcra import Limit
from chatapp.accounts.models import KeyUse
from chatapp.accounts.problems import Problem
from chatapp.accounts.sessions import SignedIn, Visit
from chatapp.answers.own_key_endpoints import routes as own_key_routes
from chatapp.settings import Settings
from tests.fakes import ProviderServer

ORIGIN = "http://chat.test"
KEY = "gsk_0wn5eCrEtOfAda7890abcd"
FORM = {"provider": "groq", "key": KEY, "use": "first"}
JSON = {"accept": "application/json"}


@pytest.fixture
async def web(with_pool: Settings) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=own_key_routes))
    headers = {"origin": ORIGIN}
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers) as client:
        yield client


async def signed_in(web: httpx.AsyncClient, name: str) -> SignedIn:
    found = await service.sign_up(f"{name}@example.org", "correct horse", "", Visit("192.0.2.1"))
    web.cookies.set(SESSION, found.token)
    return found


async def test_a_key_is_kept_changed_and_removed_by_its_owner_alone(
    web: httpx.AsyncClient, fakes: ProviderServer
) -> None:
    ada = await signed_in(web, "ada")
    kept = await web.post(routes.OWN_KEY, data=FORM)
    assert (kept.status_code, kept.headers["location"]) == (303, routes.SETTINGS)
    assert kept.headers["cache-control"] == "no-store"
    assert KEY not in kept.text + str(kept.headers)
    (key,) = await own_keys.keys(ada.user.id)
    form = {"id": str(key.id), "use": "never", "user_id": str(ada.user.id)}
    await signed_in(web, "eve")
    for path in (routes.OWN_KEY_USE, routes.OWN_KEY_REMOVE):
        assert (await web.post(path, data=form)).status_code == 303
        (same,) = await own_keys.keys(ada.user.id)
        assert same == key
    web.cookies.set(SESSION, ada.token)
    await web.post(routes.OWN_KEY_USE, data=form)
    (changed,) = await own_keys.keys(ada.user.id)
    assert changed.use == KeyUse.NEVER
    await web.post(routes.OWN_KEY_REMOVE, data=form)
    assert await own_keys.keys(ada.user.id) == []


@pytest.mark.parametrize("path", [routes.OWN_KEY, routes.OWN_KEY_USE, routes.OWN_KEY_REMOVE])
async def test_forms_from_elsewhere_and_of_nobody_are_refused(
    web: httpx.AsyncClient, fakes: ProviderServer, path: str
) -> None:
    form = {**FORM, "id": str(uuid4())}
    nobody = await web.post(path, data=form)
    assert (nobody.status_code, nobody.headers["location"]) == (303, routes.LOGIN)
    await signed_in(web, "ada")
    foreign = await web.post(path, data=form, headers={"origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert await fakes.requests() == []


async def test_where_a_key_goes_is_not_the_clients_to_say(
    web: httpx.AsyncClient, fakes: ProviderServer
) -> None:
    await signed_in(web, "ada")
    extra = {"base_url": "http://127.0.0.1:1", "url": "http://127.0.0.1:1", "model": "other"}
    assert (await web.post(routes.OWN_KEY, data={**FORM, **extra}, headers=JSON)).status_code == 200
    (request,) = await fakes.requests()
    assert (request["provider"], request["model"], request["key"]) == ("groq", "llama-fake", KEY)
    said = await web.post(routes.OWN_KEY, data={**FORM, "provider": extra["url"]}, headers=JSON)
    assert said.json()["code"] == Problem.NO_KEY


async def test_keys_cannot_be_tried_without_end(
    web: httpx.AsyncClient, fakes: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "OWN_KEYS", Limit("own-keys", burst=2, every=600))
    await fakes.set("groq", fault={"kind": "auth"})
    await signed_in(web, "ada")
    said = [await web.post(routes.OWN_KEY, data=FORM, headers=JSON) for _ in range(4)]
    assert [one.status_code for one in said] == [422, 422, 429, 429]
    assert len(await fakes.requests()) == 2
    assert not [one for one in said if KEY in one.text + str(one.headers)]
