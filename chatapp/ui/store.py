"""A store in the browser that Python writes by direct deltas.

What the database already has is shown without being kept in Reflex's state: values go straight to
the tab under names that Python chooses, each one once. The backend stores nothing of it; a tab that
reconnects is sent what it shows again.
"""

from collections.abc import Mapping
from typing import Any

import reflex as rx
from reflex.vars import VarData
from reflex_base.event.context import EventContext
from reflex_base.utils.format import format_state_name


class Store(rx.State):
    """The substate whose values in the browser are the store. It holds nothing in Python."""


_NAME = Store.get_full_name()
_DATA = VarData.from_state(Store)

STORE = rx.Var(_js_expr=format_state_name(_NAME), _var_type=dict[str, Any], _var_data=_DATA)
"""The whole store, for expressions that gather from it."""


async def push(values: Mapping[str, Any]) -> None:
    """Write values of JSON into the store of the tab whose event is being handled."""
    if values:
        await EventContext.get().emit_delta({_NAME: values})


def stored(name: str | rx.Var[str], type_: Any) -> rx.Var:
    """What the store holds under a name; undefined until it is written."""
    key = rx.Var.create(name)
    return expression(f"{STORE!s}?.[{key!s}]", type_, STORE, key)


def chosen(
    value: rx.Var, *cases: tuple[Any, rx.Component], otherwise: rx.Component
) -> rx.Component:
    """The component for the case that a value is."""
    return rx.fragment(rx.match(value, *cases, otherwise))


def expression(script: str, type_: Any, *parts: rx.Var) -> rx.Var:
    """What the browser computes from the parts that ``script`` names."""
    data = VarData.merge(*(part._get_all_var_data() for part in parts))
    return rx.Var(_js_expr=f"({script})", _var_type=type_, _var_data=data).guess_type()
