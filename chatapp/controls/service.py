"""Declaring, reading and changing controls."""

import hashlib
import json
import logging
from contextlib import AbstractAsyncContextManager
from functools import cache
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlmodel import select

from chatapp import audit
from chatapp.broadcast import listening, tell
from chatapp.controls.models import ControlValue
from chatapp.database import reading, transaction

logger = logging.getLogger(__name__)

CHANNEL = "chatapp:controls"

T = TypeVar("T")


class Outdated(Exception):
    """Somebody else has changed it since it was looked at; nothing was changed."""


def version_of(value: Any) -> str:
    """Names a value of JSON: equal values have the same version, others another one."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Control(Generic[T]):
    """One thing that admins may change."""

    def __init__(self, name: str, kind: Any, default: T, meaning: str) -> None:
        """Declare it.

        Args:
            name: unique, in parts: ``domain.what``.
            kind: its type, as pydantic understands types.
            default: what holds until somebody sets it.
            meaning: a sentence for the admin pages.

        Raises:
            ValueError: the name is taken.
        """
        if name in _declared:
            raise ValueError(f"There are two controls {name!r}.")
        self.name = name
        self.default = default
        self.meaning = meaning
        self._adapter: TypeAdapter[T] = TypeAdapter(kind)
        _declared[name] = self

    @property
    def value(self) -> T:
        """What holds now, in this process's copy."""
        return _copies().get(self.name, self.default)

    @property
    def version(self) -> str:
        """Names the value that holds now, for forms that are made from it."""
        return version_of(self.dump(self.value))

    def parse(self, stored: Any) -> T:
        """The value that a JSON value means.

        Raises:
            pydantic.ValidationError: it means none.
        """
        return self._adapter.validate_python(stored)

    def dump(self, value: T) -> Any:
        """The JSON value that means a value."""
        return self._adapter.dump_python(value, mode="json")


_declared: dict[str, Control[Any]] = {}


@cache
def _copies() -> dict[str, Any]:
    return {}


def every() -> list[Control[Any]]:
    """All controls, by name."""
    return sorted(_declared.values(), key=lambda control: control.name)


async def change(control: Control[T], value: Any, by: UUID | None, seen: str | None = None) -> T:
    """Set a control for all processes and for good.

    Args:
        control: which one.
        value: the new value, or the JSON value that means it.
        by: the admin who does it; ``None`` for the command line.
        seen: the version of the value that the admin has looked at; ``None``: whatever it is.

    Returns:
        The value as it holds from now on.

    Raises:
        pydantic.ValidationError: the value is none that the control can have; nothing has changed.
        Outdated: the value that holds is not the one that was seen; nothing has changed.
    """
    parsed = control.parse(value)
    async with transaction() as session:
        held = await session.get(ControlValue, control.name, with_for_update=True)
        before = held.value if held else control.dump(control.default)
        if seen is not None and _version(control, before) != seen:
            raise Outdated
        after = control.dump(parsed)
        await session.merge(ControlValue(name=control.name, value=after, changed_by=by))
        await audit.note(
            session,
            "control.changed",
            by=by,
            subject=f"control:{control.name}",
            before={control.name: before},
            after={control.name: after},
        )
    _copies()[control.name] = parsed
    await tell(CHANNEL, control.name)
    return parsed


def _version(control: Control[Any], stored: Any) -> str:
    """The version of what is stored; of what means nothing that of the default, which holds."""
    try:
        return version_of(control.dump(control.parse(stored)))
    except ValidationError:
        return version_of(control.dump(control.default))


async def load() -> None:
    """Take over what the database says; a value that can no longer be read is left out."""
    async with reading() as session:
        rows = (await session.exec(select(ControlValue))).all()
    known = {}
    for row in rows:
        control = _declared.get(row.name)
        if control is None:
            continue
        try:
            known[row.name] = control.parse(row.value)
        except ValidationError:
            logger.error("The control %s has a value that means nothing: default used", row.name)
    copies = _copies()
    copies.clear()
    copies.update(known)


async def _heard(_message: bytes) -> None:
    await load()


def following() -> AbstractAsyncContextManager[None]:
    """Keep this process's copies true for as long as this is open."""
    return listening(CHANNEL, _heard, load)
