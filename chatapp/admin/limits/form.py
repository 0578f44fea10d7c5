"""What can be set on the page about limits, as text in a form's fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from chatapp import controls
from chatapp.answers.line import LENGTH
from chatapp.answers.prompt import BUDGET
from chatapp.chats.text import storable
from chatapp.controls import Control
from chatapp.limits import admin, policy
from chatapp.limits.admin import ALL, Owner
from chatapp.limits.degradation import SMALL_TIER, STEPS
from chatapp.limits.periods import ZONE
from chatapp.limits.policy import EVERYBODY
from chatapp.limits.upkeep import KEPT_DAYS

LONGEST = 60

LIMITS = {name: name.replace("_", " ").capitalize() for name in EVERYBODY}
"""The labels of limits that groups and people may have of their own."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What there is once for all."""

    label: str
    control: Control[Any]
    part: str = ""
    """The field of its value, if that has several."""

    @property
    def value(self) -> str:
        """What holds now."""
        value = self.control.value
        return str(getattr(value, self.part) if self.part else value)


SAVING = {
    "shorter_context": Setting("Shorter contexts below (percent)", STEPS, "shorter_context"),
    "small_model": Setting("A smaller model below (percent)", STEPS, "small_model"),
    "cache_only": Setting("Only known answers below (percent)", STEPS, "cache_only"),
    "small_tier": Setting("The smaller model", SMALL_TIER),
}
"""What is saved when quota is scarce."""

REST = {
    "zone": Setting("Time zone of days and months", ZONE),
    "history_tokens": Setting("Tokens of a chat that a model is given", BUDGET),
    "line_length": Setting("Questions in line for each tier", LENGTH),
    "ledger_days": Setting("Days that each request is kept on record", KEPT_DAYS),
}

SETTINGS = SAVING | REST


class Invalid(Exception):
    """A value that cannot be. ``str()`` of it says why."""


def values_of(owner: Owner) -> dict[str, str]:
    """What holds, by the names of the fields; empty where an owner has nothing of their own."""
    if owner == ALL:
        limits = {name: str(control.value) for name, control in EVERYBODY.items()}
        return limits | {name: setting.value for name, setting in SETTINGS.items()}
    own = policy.own_of(owner.group_id or owner.user_id)
    return {name: str(own.get(name, "")) for name in EVERYBODY}


def version(owner: Owner) -> str:
    """Names what holds, for the form that is made from it."""
    return controls.version_of(values_of(owner))


def without(owner: Owner) -> dict[str, str]:
    """What holds where nothing of an owner's own does."""
    values = (
        policy.without_own(owner.user_id)
        if owner.user_id
        else {name: control.value for name, control in EVERYBODY.items()}
    )
    return {name: amount(value) for name, value in values.items()}


def changes(owner: Owner, form: Mapping[str, Any]) -> dict[str, str]:
    """What a form wants otherwise than it is."""
    now = values_of(owner)
    wanted = {name: storable(str(form[name])).strip()[:LONGEST] for name in now if name in form}
    return {name: value for name, value in wanted.items() if value != now[name]}


def parsed(owner: Owner, wanted: Mapping[str, str]) -> dict[str, int | None]:
    """The limits among some changes; None: taken back.

    Raises:
        Invalid: one of the changes cannot be, whether of a limit or of something else.
    """
    found: dict[str, int | None] = {}
    for name, value in wanted.items():
        label = LIMITS.get(name) or SETTINGS[name].label
        try:
            if name in EVERYBODY:
                taken_back = owner != ALL and not value
                found[name] = None if taken_back else EVERYBODY[name].parse(value)
            else:
                control, new = _whole(name, wanted)
                control.parse(new)
        except ValidationError as error:
            why = error.errors()[0]["msg"]
            raise Invalid(f"{label}: {why[:1].lower()}{why[1:]}.") from None
    return found


async def save(owner: Owner, wanted: Mapping[str, str], by: UUID) -> None:
    """Make all changes, once all of them were found to be possible.

    Raises:
        Invalid: one of them cannot be; nothing was changed.
    """
    for name, value in parsed(owner, wanted).items():
        await admin.set_limit(owner, name, value, by)
    done: set[str] = set()
    for name in wanted:
        if name in SETTINGS:
            control, new = _whole(name, wanted)
            if control.name not in done:
                await controls.change(control, new, by)
            done.add(control.name)


def _whole(name: str, wanted: Mapping[str, str]) -> tuple[Control[Any], Any]:
    """A setting's control and its whole new value."""
    control = SETTINGS[name].control
    if not SETTINGS[name].part:
        return control, wanted[name]
    parts = {
        setting.part: wanted[each]
        for each, setting in SETTINGS.items()
        if setting.control is control and each in wanted
    }
    return control, control.value.model_dump() | parts


def amount(value: int) -> str:
    """A limit, as people read it."""
    return f"{value:,}" if value else "no limit"
