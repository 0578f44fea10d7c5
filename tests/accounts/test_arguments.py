import logging
from typing import Any
from uuid import uuid4

import pytest

from chatapp.accounts.sessions import SignedIn
from tests.accounts.tab import NAME, Tab, shown


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"value": "1"},
        {"value": 1.5},
        {"value": True},
        {"value": None},
        {"value": [1]},
        {"value": {"lc": 1}},
        {"value": 1, "user_id": "x"},
        {"value": 1, "self": 1},
        {"value": 1, "role": "admin"},
        {"valeu": 1},
    ],
)
@pytest.mark.parametrize("name", ["member", "background", "public_above"])
async def test_arguments_that_do_not_fit_are_refused(
    tab: Tab, member: SignedIn, name: str, payload: dict[str, Any]
) -> None:
    tab.session = str(member.user.session_id)
    await tab.send(name, payload)
    assert await tab.value() == 0
    assert NAME not in shown(tab.deltas)


async def test_a_refusal_logs_no_payload(
    tab: Tab, member: SignedIn, caplog: pytest.LogCaptureFixture
) -> None:
    tab.session = str(member.user.session_id)
    with caplog.at_level(logging.DEBUG, "chatapp"):
        await tab.send("member", {"value": "my secret", "also secret": 1})
    assert "ProbeState.member" in caplog.text
    assert "secret" not in caplog.text


async def test_arguments_arrive_as_annotated(tab: Tab, member: SignedIn) -> None:
    tab.session = str(member.user.session_id)
    payload = {
        "number": 1,
        "text": "half \ud83d a key",
        "uid": str(uuid4()),
        "colour": "red",
        "point": {"x": 1, "y": 2},
        "numbers": [1, 2],
        "pair": [1, "a"],
        "flag": True,
        "ratio": 1,
    }
    await tab.send("typed", payload)
    probe = await tab.probe()
    assert probe.seen == "int,str,UUID,Colour,Point,list,tuple,bool,float"
    assert probe.who == "half � a key"


@pytest.mark.parametrize(
    "payload",
    [
        {"uid": "nonsense"},
        {"uid": 5},
        {"colour": "blue"},
        {"point": {"x": 1}},
        {"point": {"x": 1, "y": "2"}},
        {"numbers": ["1"]},
        {"pair": [1]},
        {"flag": "true"},
        {"number": 10**400},
        {"ratio": "1"},
        {"text": 5},
        {"text": ["a"]},
    ],
)
async def test_richer_arguments_that_do_not_fit(
    tab: Tab, member: SignedIn, payload: dict[str, Any]
) -> None:
    tab.session = str(member.user.session_id)
    await tab.send("typed", payload)
    assert await tab.value() == (1 if payload == {"number": 10**400} else 0)


async def test_forms(tab: Tab, member: SignedIn) -> None:
    tab.session = str(member.user.session_id)
    wire = {"__reflex_form_data__": [["name", "Ada"]]}
    await tab.send("form", {"data": wire})
    assert (await tab.probe()).seen == "Ada"
    for broken in ({"__reflex_form_data__": 5}, {"__reflex_form_data__": [["a", 5]]}, "x", [1]):
        await tab.send("form", {"data": broken})
    assert await tab.value() == 1


async def test_deep_arguments(tab: Tab, member: SignedIn) -> None:
    tab.session = str(member.user.session_id)
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    await tab.send("typed", {"numbers": deep})
    assert await tab.value() == 0


@pytest.mark.parametrize("name", ["unannotated", "anything"])
async def test_handlers_that_say_nothing_of_their_arguments_are_never_run(
    tab: Tab, member: SignedIn, name: str
) -> None:
    tab.session = str(member.user.session_id)
    await tab.send(name, {"value": 1})
    assert await tab.value() == 0
