"""Calls into ``assets/behaviour.js``: what only the browser can do."""

import reflex as rx
from reflex.event import EventChain
from reflex.vars import FunctionVar, VarData

SCRIPT = "/behaviour.js"


def copies(text: rx.Var[str]) -> rx.Var:
    """A click handler that copies a text and marks the button as ``data-copied``."""
    return _handler(f"(event) => chatapp.copy(event.currentTarget, {text!s})", text)


def copies_code() -> rx.Var:
    """A click handler that copies the code of the figure that the button stands in."""
    code = "event.currentTarget.closest('figure').querySelector('code').textContent"
    return _handler(f"(event) => chatapp.copy(event.currentTarget, {code})")


def fills_composer(text: str) -> rx.Var:
    """A click handler that puts a text into the composer."""
    return _handler(f"() => chatapp.fill({rx.Var.create(text)!s})")


def restores_draft() -> rx.Var:
    """A mount handler for the composer that brings its draft back."""
    return _handler("() => chatapp.restore(document.getElementById('composer'))")


def _handler(script: str, *parts: rx.Var) -> rx.Var:
    data = VarData.merge(*(part._get_all_var_data() for part in parts))
    return rx.Var(_js_expr=f"({script})", _var_data=data).to(FunctionVar, EventChain)
