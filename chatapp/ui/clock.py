"""Moments as their reader's clock shows them."""

import reflex as rx

from chatapp.ui.store import expression


def clock(moment: rx.vars.StringVar, *, seconds: bool = False) -> rx.Var[str]:
    """A moment in ISO form by the reader's clock; with the day when it is another one."""
    exact = ", second: '2-digit'" if seconds else ""
    script = (
        f"((at) => at.toLocaleString([], at.toDateString() === new Date().toDateString() "
        f"? {{hour: '2-digit', minute: '2-digit'{exact}}} "
        ": {weekday: 'short', hour: '2-digit', minute: '2-digit'}))"
        f"(new Date({moment!s}))"
    )
    return expression(script, str, moment)


def date_and_clock(moment: rx.vars.StringVar, *, seconds: bool = False) -> rx.Var[str]:
    """A moment in ISO form with its date, by the reader's clock."""
    style = "medium" if seconds else "short"
    script = (
        f"new Date({moment!s}).toLocaleString([], {{dateStyle: 'medium', timeStyle: '{style}'}})"
    )
    return expression(script, str, moment)
