"""Every handler that a client can name, called by others against what is not theirs."""

import json
import subprocess
import sys
from typing import Any, cast

import pytest

from chatapp.database import new_id
from chatapp.settings import PROJECT
from tests.answers.app import CHAT, STORE, Person, answered, ask, chats, order, shown, store
from tests.attacks.conftest import ANSWER, SECRETS, Scene
from tests.harness.app import AppServer
from tests.harness.socket import ROOT, Tab

AGENT = f"{ROOT}.chatapp___agents___state____agent_state"
PERSONA = f"{ROOT}.chatapp___agents___persona_state____persona_state"
ADMIN_AGENT = f"{ROOT}.chatapp___admin___agents___state____admin_agent_state"
ACCOUNT = f"{ROOT}.chatapp___accounts___state____account_state"
THUMBS = f"{ROOT}.chatapp___answers___thumb_state____thumb_state"
OWN_KEY = f"{ROOT}.chatapp___answers___own_key_state____own_key_state"
USAGE = f"{ROOT}.chatapp___limits___state____usage_state"
ADMIN = f"{ROOT}.chatapp___admin___state____admin_state"
PERSON = f"{ROOT}.chatapp___admin___people___person_state____person_state"
GROUPS = f"{ROOT}.chatapp___admin___groups___state____groups_state"
INVITATIONS = f"{ROOT}.chatapp___admin___people___invitations_state____invitations_state"
AUDIT = f"{ROOT}.chatapp___admin___audit___state____audit_state"
PERSONAL = f"{ROOT}.chatapp___personal___state____personal_state"
PEOPLE = f"{ROOT}.chatapp___admin___people___state____people_state"
CACHE = f"{ROOT}.chatapp___admin___cache___state____cache_state"
LIMITS = f"{ROOT}.chatapp___admin___limits___state____limits_state"
ANNOUNCING = f"{ROOT}.chatapp___admin___announcements___state____announcing_state"
ANNOUNCEMENTS = f"{ROOT}.chatapp___announcements___state____announcement_state"
STATUS = f"{ROOT}.chatapp___status___state____status_state"
OVERVIEW = f"{ROOT}.chatapp___admin___overview___state____overview_state"
POOL = f"{ROOT}.chatapp___admin___providers___editing_state____pool_editing_state"
QUALITY = f"{ROOT}.chatapp___admin___quality___state____quality_state"
PROVIDERS = f"{ROOT}.chatapp___admin___providers___state____provider_state"
TOOLS = f"{ROOT}.chatapp___admin___tools___state____tools_state"
ON_LOAD = f"{ROOT}.reflex___state____on_load_internal_state"
UPDATE = f"{ROOT}.reflex___state____update_vars_internal_state"
FAILURE = f"{ROOT}.reflex___state____frontend_event_exception_state"
SHARED = f"{ROOT}.reflex___istate___shared____shared_state_base_internal"

LIST = """
import contextlib, json, os, sys
os.environ["__REFLEX_SKIP_COMPILE"] = "true"
with contextlib.redirect_stdout(sys.stderr):
    import chatapp.chatapp
from reflex_base.registry import RegistrationContext
print(json.dumps(list(RegistrationContext.get().event_handlers)))
"""

Payloads = list[dict[str, Any]]


def stolen(scene: Scene) -> dict[str, Payloads]:
    """For each handler what a thief would send. One that is missing here fails the test below."""
    ids = (scene.answer_id, scene.coming_id, scene.question_id, str(new_id()))
    chat_ids = (scene.chat_id, scene.coming_chat_id)
    form = {
        "message": "stolen",
        "client_id": str(new_id()),
        "chat_id": scene.chat_id,
        "parent_id": scene.answer_id,
        "user_id": "victim",
        "role": "admin",
        "agent": scene.agent_id,
    }
    agent_ids = (scene.agent_id, str(new_id()))
    changed = [{"form": {"id": each, "name": "stolen"}} for each in agent_ids]
    setvar = [
        {"var_name": "email", "value": scene.victim.email},
        {"var_name": "is_admin", "value": 1},
    ]
    return {
        f"{CHAT}.follow": [{}],
        f"{CHAT}.ask": [
            {"form": form},
            {"form": {}},
            {"form": form, "user_id": "x"},
            *({"form": {**form, "client_id": str(new_id()), "edits": each}} for each in ids),
            {"form": {**form, "edits": "x"}},
        ],
        f"{CHAT}.go_on": [{"client_id": str(new_id())}],
        f"{CHAT}.ask_again": [{"answer_id": each, "client_id": str(new_id())} for each in ids],
        f"{CHAT}.show_version": [{"message_id": each} for each in ids],
        f"{CHAT}.load_agents": [{}],
        f"{CHAT}.choose_agent": [{"agent_id": each} for each in agent_ids],
        f"{CHAT}.stop": [{"answer_id": each} for each in ids],
        f"{CHAT}.use_own_key": [{"answer_id": each} for each in ids],
        f"{CHAT}.use_smaller": [{"answer_id": each, "tier": "fast"} for each in ids],
        f"{CHAT}.decide": [{"answer_id": each, "number": 0, "approved": True} for each in ids],
        f"{CHAT}.show_steps": [{"answer_id": each} for each in ids],
        f"{CHAT}.show_earlier": [{"message_id": each} for each in ids],
        f"{CHAT}.rename": [{"form": {"chat_id": each, "title": "stolen"}} for each in chat_ids],
        f"{CHAT}.delete": [{"chat_id": each} for each in chat_ids],
        f"{CHAT}.restore": [{"chat_id": each} for each in chat_ids],
        f"{CHAT}.tell_failure": [{}],
        f"{CHAT}.dismiss": [{}],
        f"{ACCOUNT}.load_account": [{}],
        f"{ACCOUNT}.load_sign_in": [{}],
        f"{THUMBS}.rate": [{"answer_id": each, "thumb": "down"} for each in ids],
        f"{THUMBS}.explain": [{"form": {"answer_id": each, "words": "stolen"}} for each in ids],
        f"{OWN_KEY}.load": [{}],
        f"{USAGE}.load": [{}],
        f"{AGENT}.load": [{}],
        f"{AGENT}.open": [{}],
        f"{AGENT}.save": [*changed, {"form": {"name": "stolen", "audience": "all"}}],
        f"{AGENT}.duplicate": [{"agent_id": each} for each in agent_ids],
        f"{AGENT}.set_active": [{"agent_id": each, "active": False} for each in agent_ids],
        f"{AGENT}.delete": [{"agent_id": each} for each in agent_ids],
        f"{AGENT}.restore": [{"agent_id": each} for each in agent_ids],
        f"{PERSONA}.load": [{}],
        f"{PERSONA}.save": [{"form": {"about": "x", "user_id": "victim"}}],
        f"{PERSONA}.set_remembers": [{"remembers": True}],
        f"{PERSONA}.add": [{"form": {"text": "stolen"}}],
        f"{PERSONA}.rewrite": [{"form": {"id": scene.memory_id, "text": "stolen"}}],
        f"{PERSONA}.delete": [{"memory_id": scene.memory_id}],
        f"{PERSONA}.delete_all": [{}],
        f"{ADMIN_AGENT}.load": [{}],
        f"{ADMIN_AGENT}.save_rules": [{"form": {"rules": "stolen"}}],
        f"{ADMIN_AGENT}.save_welcome": [{"form": {"greeting": "stolen"}}],
        f"{ADMIN_AGENT}.restore_welcome": [{}],
        f"{ADMIN_AGENT}.set_active": [{"agent_id": each, "active": False} for each in agent_ids],
        f"{ADMIN_AGENT}.delete": [{"agent_id": each} for each in agent_ids],
        f"{ADMIN_AGENT}.restore": [{"agent_id": each} for each in agent_ids],
        f"{ADMIN}.enter": [{}],
        f"{ACCOUNT}.load_reset": [{}],
        f"{PERSONAL}.load": [{}],
        f"{PERSON}.load": [{}],
        f"{PERSON}.make_password_link": [{"user_id": str(new_id())}],
        f"{PERSON}.offer_export": [{"user_id": str(new_id())}],
        f"{PERSON}.set_groups": [{"form": {"id": str(new_id())}}],
        f"{PERSON}.erase": [{"form": {"id": str(new_id()), "email": scene.victim.email}}],
        f"{INVITATIONS}.load": [{}],
        f"{INVITATIONS}.withdraw": [{"link_id": str(new_id())}],
        f"{GROUPS}.load": [{}],
        f"{GROUPS}.create": [{"form": {"name": "stolen"}}],
        f"{GROUPS}.rename": [{"form": {"id": str(new_id()), "name": "stolen"}}],
        f"{GROUPS}.remove": [{"form": {"id": str(new_id()), "name": "stolen"}}],
        f"{GROUPS}.set_tiers": [{"form": {"id": str(new_id()), "tier:fast": "yes"}}],
        f"{GROUPS}.add_people": [{"form": {"id": str(new_id()), "emails": scene.victim.email}}],
        f"{AUDIT}.load": [{}],
        f"{PEOPLE}.invite": [{"form": {"email": "", "group": ""}}],
        f"{PEOPLE}.load": [{}],
        f"{PEOPLE}.set_role": [{"user_id": str(new_id()), "role": "admin"}],
        f"{PEOPLE}.set_status": [{"user_id": str(new_id()), "status": "disabled"}],
        f"{CACHE}.load": [{}],
        f"{CACHE}.set_policy": [{"form": {"policy": "off"}}],
        f"{CACHE}.ask_to_clear": [{"scope": "shared"}],
        f"{CACHE}.clear": [{"scope": "shared"}, {"scope": "person"}],
        f"{LIMITS}.load": [{}],
        f"{LIMITS}.search": [{"form": {"search": "victim"}}],
        f"{LIMITS}.look": [{"form": {"questions_a_day": "1"}}],
        f"{LIMITS}.save": [{"values": {"questions_a_day": "1"}}],
        f"{LIMITS}.forget": [{}],
        f"{ANNOUNCEMENTS}.dismiss": [{"announcement_id": str(new_id())}],
        f"{ANNOUNCING}.load": [{}],
        f"{ANNOUNCING}.announce": [{"form": {"words": "stolen"}}],
        f"{ANNOUNCING}.end": [{"announcement_id": str(new_id())}],
        f"{ANNOUNCING}.delete": [{"announcement_id": str(new_id())}],
        f"{STATUS}.watch": [{}],
        f"{OVERVIEW}.watch": [{}],
        f"{OVERVIEW}.look": [{"span": "hour"}],
        f"{TOOLS}.load": [{}],
        f"{TOOLS}.save_budget": [{"form": {"steps": "1", "tokens": "1000", "seconds": "5"}}],
        f"{TOOLS}.switch": [{"name": "calculator", "on": False}],
        f"{TOOLS}.ask_before": [{"name": "calculator", "asks": True}],
        f"{TOOLS}.add": [{"form": {"name": "stolen", "url": "http://127.0.0.1/"}}],
        f"{TOOLS}.change": [{"form": {"server_id": str(new_id()), "name": "stolen"}}],
        f"{TOOLS}.switch_server": [{"server_id": str(new_id()), "on": False}],
        f"{TOOLS}.test": [{"server_id": str(new_id())}],
        f"{TOOLS}.remove": [{"server_id": str(new_id())}],
        f"{POOL}.load": [{}],
        f"{POOL}.save_account": [{"form": {"name": "stolen", "provider": "groq", "key": "x" * 9}}],
        f"{POOL}.save_member": [{"form": {"tier": "a", "account": "groq", "model": "stolen"}}],
        f"{POOL}.do": [{"action": "off", "name": "a/b/c", "confirmed": True}],
        f"{POOL}.leave": [{}],
        f"{QUALITY}.load": [{}],
        f"{QUALITY}.feed": [{"on": True}],
        f"{PROVIDERS}.watch": [{}],
        f"{PROVIDERS}.test": [{"name": "groq/llama-fake"}],
        f"{ROOT}.hydrate": [{}],
        f"{ROOT}.hydrate_and_load": [{}],
        f"{ROOT}.set_is_hydrated": [{"value": True}],
        f"{ON_LOAD}.on_load_internal": [{}],
        f"{ON_LOAD}.set_is_hydrated": [{"value": True}],
        f"{UPDATE}.update_vars_internal": [{"vars": {f"{ACCOUNT}.is_admin": True}}],
        f"{FAILURE}.handle_frontend_exception": [{"info": "x", "component_stack": "y"}],
        **{
            f"{state}.setvar": setvar
            for state in (
                ROOT,
                CHAT,
                AGENT,
                PERSONA,
                ADMIN_AGENT,
                ACCOUNT,
                OWN_KEY,
                THUMBS,
                USAGE,
                ADMIN,
                PEOPLE,
                PERSON,
                GROUPS,
                INVITATIONS,
                AUDIT,
                PERSONAL,
                CACHE,
                LIMITS,
                ANNOUNCEMENTS,
                ANNOUNCING,
                STATUS,
                OVERVIEW,
                POOL,
                QUALITY,
                PROVIDERS,
                TOOLS,
                STORE,
                SHARED,
                ON_LOAD,
                UPDATE,
                FAILURE,
            )
        },
    }


def test_every_handler_is_classified() -> None:
    somebody = Person(cast("AppServer", None), "", "")
    nothing = Scene(somebody.app, somebody, somebody, "", "", "", "", "", "", "")
    # In a process of its own: the app is not made for being imported beside the tests.
    listed = subprocess.run(
        [sys.executable, "-c", LIST], cwd=PROJECT, check=True, capture_output=True, text=True
    )
    assert set(json.loads(listed.stdout)) == set(stolen(nothing))


async def attack(scene: Scene, tab: Tab) -> None:
    for name, payloads in stolen(scene).items():
        if name.endswith("handle_frontend_exception"):
            continue  # it is written to the log, as it is meant to be
        for payload in payloads:
            await tab.send(name, **payload)


def tabs(scene: Scene, who: Person | None) -> list[Tab]:
    """Tabs at the addresses of the victim's chats."""
    made = []
    for chat_id in (scene.chat_id, scene.coming_chat_id):
        path, params = f"/c/{chat_id}", {"chat_id": chat_id}
        cookie = who.cookie if who else ""
        made.append(scene.app.tab(path, cookie=cookie, params=params))
    return made


async def test_somebody_else_reads_and_changes_nothing(scene: Scene) -> None:
    before = await scene.rows()
    for tab in tabs(scene, scene.other):
        async with tab:
            await attack(scene, tab)
            last = new_id()
            await ask(tab, "stolen", last)
            await tab.until(lambda tab, last=last: store(tab).get("refused") == str(last))
            assert chats(tab) == []
            told = json.dumps(tab.updates)
            assert not [secret for secret in SECRETS if secret in told]
            assert scene.victim.email not in json.dumps(tab.state)
    assert await scene.rows() == before
    async with scene.victim.tab(scene.chat_id) as own:
        await answered(own, scene.chat_id)
        assert order(own, scene.chat_id) == [scene.question_id, scene.answer_id]
        assert shown(own, scene.answer_id) == ANSWER


async def test_nobody_reads_and_changes_nothing(scene: Scene) -> None:
    before = await scene.rows()
    for tab in tabs(scene, None):
        async with tab:
            await attack(scene, tab)
            refused = f"{CHAT}."
            wanted = sum(
                len(payloads)
                for name, payloads in stolen(scene).items()
                if name.startswith(refused) and not name.endswith("setvar")
            )
            await tab.until(lambda tab, n=wanted: redirects(tab) >= n)
            told = json.dumps(tab.updates)
            assert not [secret for secret in SECRETS if secret in told]
            assert scene.victim.email not in told
            assert not store(tab)
    assert await scene.rows() == before


def redirects(tab: Tab) -> int:
    events = [event for update in tab.updates for event in update.get("events") or []]
    return sum("/login" in json.dumps(event) for event in events)


async def test_what_is_no_argument_reaches_no_handler(scene: Scene) -> None:
    before = await scene.rows()
    odd: list[Any] = [None, 1, [], {}, "x", "' OR 1=1 --", {"id": scene.answer_id}, "x" * 10_000]
    async with scene.other.tab() as tab:
        for value in odd:
            await tab.send(f"{CHAT}.stop", answer_id=value)
            await tab.send(f"{CHAT}.ask_again", answer_id=value, client_id=str(new_id()))
            await tab.send(f"{CHAT}.show_version", message_id=value)
            await tab.send(f"{CHAT}.delete", chat_id=value)
            await tab.send(f"{CHAT}.rename", form=value)
            await tab.send(f"{CHAT}.ask", form=value)
            await tab.send(f"{CHAT}.stop", answer_id=scene.coming_id, more=value)
        last = new_id()
        await ask(tab, "", last)
        await tab.until(lambda tab: store(tab).get("refused") == str(last))
    assert await scene.rows() == before


async def test_setters_and_extra_fields_make_nobody_an_admin(scene: Scene) -> None:
    async with scene.other.tab("/settings") as tab:
        for name in ("is_admin", "email", "role", "user_id"):
            for state in (ACCOUNT, CHAT, ADMIN, ROOT):
                await tab.send(f"{state}.setvar", var_name=name, value="admin")
                await tab.send(f"{state}.set_{name}", value="admin")
        await tab.send(f"{ACCOUNT}.load_account", is_admin=True)
        await tab.send(f"{ADMIN}.enter")
        await tab.until(lambda tab: store(tab).get("admin:missing"))
        assert not tab.state.get(ACCOUNT, {}).get("is_admin")
        assert "admin:totals" not in store(tab)


async def test_anothers_tab_token_opens_an_empty_state(scene: Scene) -> None:
    async with scene.victim.tab(scene.chat_id) as own:
        await answered(own, scene.chat_id)
        for thief in (scene.other.cookie, ""):
            params = {"chat_id": scene.chat_id}
            tab = scene.app.tab(f"/c/{scene.chat_id}", cookie=thief, token=own.token, params=params)
            async with tab:
                if thief:
                    await tab.until(lambda tab: f"c:{scene.chat_id}" in store(tab))
                    assert store(tab)[f"c:{scene.chat_id}"]["missing"] is True
                else:
                    await tab.until(redirects)
                told = json.dumps(tab.updates)
                assert not [secret for secret in SECRETS if secret in told]
                assert scene.victim.email not in told
        assert own.connected
        await own.send(f"{CHAT}.rename", form={"chat_id": scene.chat_id, "title": "still mine"})
        await own.until(lambda own: "still mine" in json.dumps(store(own).get("sidebar")))


@pytest.mark.parametrize("times", [60])
async def test_following_again_and_again_follows_once(scene: Scene, times: int) -> None:
    """Each follower costs: a client that asks for many has no more than one or two."""
    async with scene.other.tab() as tab:
        await tab.until(lambda tab: "sidebar" in store(tab))
        for _ in range(times):
            await tab.send(f"{CHAT}.follow")
            await tab.go("/")
        await ask(tab, "[[say 3 words]]")
        await tab.until(chats)
        (chat_id,) = chats(tab)
        last = new_id()
        await ask(tab, "", last)
        await tab.until(lambda tab: store(tab).get("refused") == str(last))
        seen = len(tab.updates)
        await tab.send(f"{CHAT}.rename", form={"chat_id": chat_id, "title": "counted"})
        await tab.until(lambda tab: "counted" in json.dumps(tab.updates[seen:]))
        await ask(tab, "", last := new_id())
        await tab.until(lambda tab: store(tab).get("refused") == str(last))
        told = sum("counted" in json.dumps(update) for update in tab.updates[seen:])
    assert told <= 3
