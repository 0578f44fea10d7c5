"""Calls into ``assets/behaviour.js``: what only the browser can do."""

import reflex as rx
from reflex.event import EventChain
from reflex.vars import FunctionVar, VarData

from chatapp.ui.store import expression
from chatapp.ui.url import url_parameter

SCRIPT = "/behaviour.js"
"""Its address, the same for all versions: a browser asks each time whether it has the newest."""


def copies(text: rx.Var[str]) -> rx.Var:
    """A click handler that copies a text and marks the button as ``data-copied``."""
    return _handler(f"chatapp.copy(event.currentTarget, {text!s})", text)


def copies_code() -> rx.Var:
    """A click handler that copies the code of the figure that the button stands in."""
    code = "event.currentTarget.closest('figure').querySelector('code').textContent"
    return _handler(f"chatapp.copy(event.currentTarget, {code})")


def fills_composer(text: str | rx.Var[str]) -> rx.Var:
    """A click handler that puts a text into the composer."""
    given = rx.Var.create(text)
    return _handler(f"chatapp.fill({given!s})", given)


def fills_field(name: str, text: str) -> rx.Var:
    """A click handler that puts a text into a field of the form that the button stands in."""
    field = f"event.currentTarget.closest('form').elements[{rx.Var.create(name)!s}]"
    return _handler(f"{field}.value = {rx.Var.create(text)!s}")


def loads(module: str | None) -> rx.Var:
    """A mount handler that loads a module of the pages ahead of its use."""
    return _handler(f"import({module!r})")


def reloads() -> rx.Var:
    """A click handler that loads the page anew."""
    return _handler("location.reload()")


def selects_all() -> rx.Var:
    """A focus handler that selects what the box holds."""
    return _handler("event.target.select()")


def submits_form() -> rx.Var:
    """A change handler that sends the form which the box stands in."""
    return _handler("event.target.form.requestSubmit()")


def follows_url(parameter: str) -> rx.Var:
    """A ref that keeps a box at a parameter of the URL, from the moment on when that changes.

    What is typed after that stays, and so does the focus.
    """
    wanted = url_parameter(parameter)
    # A choice whose options are still to come takes its value when they are there.
    return expression(
        f"(box) => {{ if (box && box.dataset.url !== {wanted!s}) {{ box.value = {wanted!s}; "
        f"if (box.value === {wanted!s}) box.dataset.url = {wanted!s}; }} }}",
        FunctionVar,
        wanted,
    )


def wish(name: rx.Var[str]) -> rx.Var:
    """The id of a wish by its name: the same until it is fulfilled, however often one clicks."""
    return expression(f"chatapp.wish({name!s})", str, name)


def on_escape(handler: rx.Var) -> rx.Var:
    """A key handler that calls another when the key is Escape."""
    return _handler(f"if (event.key === 'Escape') ({handler!s})()", handler)


def restores_draft() -> rx.Var:
    """A mount handler for the composer that brings its draft back."""
    return _handler("chatapp.restore(document.getElementById('composer'))")


def _handler(script: str, *parts: rx.Var) -> rx.Var:
    data = VarData.merge(*(part._get_all_var_data() for part in parts))
    # Reflex calls a handler with what it takes out of the event, and then with the event.
    body = f"((...args) => {{ const event = args.at(-1); {script}; }})"
    return rx.Var(_js_expr=body, _var_data=data).to(FunctionVar, EventChain)
