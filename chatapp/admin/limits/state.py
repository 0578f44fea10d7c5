"""The handlers of the page about limits. What is shown is in the browser's store."""

from collections.abc import Mapping
from typing import Any, TypedDict

import reflex as rx
from pydantic import ValidationError

from chatapp import controls
from chatapp.accounts.guard import admin_only, current_user
from chatapp.chats.text import storable
from chatapp.controls import Control
from chatapp.limits import admin
from chatapp.limits.degradation import STEPS
from chatapp.limits.periods import ZONE
from chatapp.limits.policy import EVERYBODY
from chatapp.ui.store import push

STEP_NAMES = ("shorter_context", "small_model", "cache_only")


class PreviewView(TypedDict):
    """What a change would do, before it is made."""

    values: dict[str, str]
    words: list[str]


class LimitsState(rx.State):
    """What admins do with limits."""

    @admin_only
    @rx.event
    async def load(self) -> None:
        """Show what holds."""
        await _show("")

    @admin_only
    @rx.event
    async def look(self, form: dict[str, Any]) -> None:
        """Show whom a change hits."""
        changes = _changes(form)
        if not changes:
            await _show("Nothing has been changed.")
            return
        said = [line for name, value in changes.items() if (line := await _said(name, value))]
        view: PreviewView = {"values": changes, "words": said}
        await push({"admin:limits:preview": view, "admin:limits:said": ""})

    @admin_only
    @rx.event
    async def save(self, values: dict[str, Any]) -> None:
        """Make a change that was looked at."""
        by = current_user().id
        changes = _changes(values)
        wanted: list[tuple[Control[Any], Any]] = [
            (control, changes[name]) for name, control in EVERYBODY.items() if name in changes
        ]
        if steps := {name: changes[name] for name in STEP_NAMES if name in changes}:
            wanted.append((STEPS, STEPS.value.model_dump() | steps))
        if "zone" in changes:
            wanted.append((ZONE, changes["zone"]))
        try:
            # All of it is looked at before any of it holds.
            valid = [(control, control.parse(value)) for control, value in wanted]
        except ValidationError as error:
            await _show(f"Nothing was saved: {error.errors()[0]['msg']}.")
            return
        for control, value in valid:
            await controls.change(control, value, by)
        await _show("Saved. It holds at once.")

    @admin_only
    @rx.event
    async def forget(self) -> None:
        """Leave all as it is."""
        await _show("")


def values_now() -> dict[str, str]:
    """What holds, by the names of the form's fields."""
    limits = {name: str(control.value) for name, control in EVERYBODY.items()}
    steps = {name: str(value) for name, value in STEPS.value.model_dump().items()}
    return limits | steps | {"zone": ZONE.value}


def _changes(form: Mapping[str, Any]) -> dict[str, str]:
    now = values_now()
    wanted = {name: storable(str(form[name])).strip()[:60] for name in now if name in form}
    return {name: value for name, value in wanted.items() if value != now[name]}


async def _said(name: str, value: str) -> str:
    if name not in EVERYBODY or not value.isascii() or not value.isdigit():
        return ""
    found = await admin.preview(name, int(value[:12]))
    label = name.replace("_", " ").capitalize()
    words = f"{label}: for {found.people:,} {'person' if found.people == 1 else 'people'}."
    if found.over:
        names = ", ".join(person.email for person in found.over[:3])
        more = f" and {len(found.over) - 3} or more others" if len(found.over) > 3 else ""
        words += f" Used up already by {names}{more}."
    return words


async def _show(said: str) -> None:
    await push(
        {
            "admin:limits": values_now(),
            "admin:limits:preview": None,
            "admin:limits:said": said,
        }
    )
