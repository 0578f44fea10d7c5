"""Finding people by their e-mail or name, however many there are."""

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import col

from chatapp.accounts.models import User

SHORT = 3
"""Texts of fewer characters are looked for at the beginning only: they are in too many names."""

_ESCAPE = "\\"


def named_like(text: str) -> ColumnElement[bool]:
    """Condition: a person's e-mail or name holds a text as it is written, but for capitals.

    PostgreSQL finds them by the index ix_users_search.
    """
    escaped = text.casefold()
    for special in (_ESCAPE, "%", "_"):
        escaped = escaped.replace(special, _ESCAPE + special)
    pattern = f"{escaped}%" if len(text) < SHORT else f"%{escaped}%"
    return or_(
        *(
            func.lower(each).like(pattern, escape=_ESCAPE)
            for each in (col(User.email), col(User.name))
        )
    )
