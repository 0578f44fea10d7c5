"""The audit in words."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.accounts.models import Group, User
from chatapp.audit.models import AuditNote

WORDS = {
    "control.changed": "Setting changed",
    "group.made": "Group made",
    "group.people-added": "People put into a group",
    "group.people-taken-out": "People taken out of a group",
    "group.removed": "Group removed",
    "group.renamed": "Group renamed",
    "group.tiers-changed": "Models of a group changed",
    "limits.changed": "Limits changed",
    "person.erased": "Account erased",
    "person.export-offered": "Copy of data offered",
    "person.exported": "Copy of data made",
    "person.invitation-withdrawn": "Invitation withdrawn",
    "person.invited": "Invitation made",
    "person.made": "Account made",
    "person.password-changed": "Password changed",
    "person.password-link-made": "Link for a new password made",
    "person.password-reset": "Password chosen by a link",
    "person.role": "Role changed",
    "person.sign-in-failed": "Sign-in failed",
    "person.signed-in": "Signed in",
    "person.signed-out-everywhere": "Signed out everywhere",
    "person.status": "Account switched",
    "provider.tested": "Provider tested",
}


class NoteView(TypedDict):
    """One note, as its page shows it."""

    id: str
    at: str
    action: str
    by: str
    subject: str
    address: str
    changes: list[list[str]]
    """What, before, after."""


def action_words(action: str) -> str:
    """An action as people read it."""
    return WORDS.get(action) or action.replace(".", ": ").replace("-", " ").capitalize()


async def names_in(session: AsyncSession, notes: Sequence[AuditNote]) -> dict[UUID, str]:
    """The names of the people and groups whom notes are about and who are still there."""
    people = {note.by for note in notes if note.by} | _ids(notes, "person")
    found: dict[UUID, str] = {}
    if people:
        query = select(User.id, User.email).where(col(User.id).in_(people))
        found |= dict((await session.exec(query)).all())
    if of_groups := _ids(notes, "group"):
        query = select(Group.id, Group.name).where(col(Group.id).in_(of_groups))
        found |= dict((await session.exec(query)).all())
    return found


def view_of(note: AuditNote, names: Mapping[UUID, str]) -> NoteView:
    """A note in words."""
    return {
        "id": str(note.id),
        "at": note.at.isoformat(timespec="seconds"),
        "action": action_words(note.action),
        "by": _who(note.by, names) if note.by else _nobody(note),
        "subject": _subject(note.subject, names),
        "address": note.address,
        "changes": _changes(note.before, note.after),
    }


def _nobody(note: AuditNote) -> str:
    return "not signed in" if note.address else "the command line"


def _who(user_id: UUID, names: Mapping[UUID, str]) -> str:
    return names.get(user_id, f"someone erased ({str(user_id)[-6:]})")


def _subject(subject: str, names: Mapping[UUID, str]) -> str:
    kind, _, name = subject.partition(":")
    if kind in ("person", "group"):
        return _who(UUID(name), names) if kind == "person" else names.get(UUID(name), "a group")
    if kind == "announcement":
        return f"an announcement ({name[-6:]})"
    return f"an account ({name[:6]})" if kind == "account" else name


def _ids(notes: Sequence[AuditNote], kind: str) -> set[UUID]:
    return {
        UUID(note.subject.partition(":")[2])
        for note in notes
        if note.subject.startswith(f"{kind}:")
    }


def _changes(before: Any, after: Any) -> list[list[str]]:
    left = before if isinstance(before, dict) else {"": before} if before is not None else {}
    right = after if isinstance(after, dict) else {"": after} if after is not None else {}
    return [
        [name.replace("_", " "), _value(left.get(name)), _value(right.get(name))]
        for name in dict.fromkeys([*left, *right])
    ]


def _value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        value = ", ".join(value) or "none"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else text[:299] + "…"
