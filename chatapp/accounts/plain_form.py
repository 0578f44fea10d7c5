"""A form that the browser itself posts. Reflex's own form never lets the browser post it."""

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML


class PlainForm(BaseHTML):
    """A ``form`` element without a submit handler."""

    tag = "form"

    action: rx.Var[str]
    method: rx.Var[str]


plain_form = PlainForm.create
