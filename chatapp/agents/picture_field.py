"""The part of an agent's form with its picture; see assets/behaviour.js."""

import reflex as rx

from chatapp import routes
from chatapp.agents.components import portrait
from chatapp.agents.pictures import FORMATS
from chatapp.ui.store import expression


def picture_field(picture_id: rx.Var[str]) -> rx.Component:
    """Lets a picture be chosen, which is sent at once and kept when the form is saved."""
    address = expression(
        f"{picture_id!s} ? `{routes.picture('')}${{{picture_id!s}}}` : undefined", str, picture_id
    )
    there = expression(f"{picture_id!s} ? '' : undefined", str, picture_id)
    shape = "items-center h-9 px-3.5 rounded-control text-sm transition-colors "
    return rx.el.div(
        rx.el.input(type="hidden", name="picture", default_value=picture_id),
        rx.el.p("Picture", class_name="text-sm font-medium mb-1.5"),
        rx.el.div(
            portrait(
                address, "size-14 rounded-control bg-sunken hidden group-data-[there]/face:block"
            ),
            rx.el.label(
                rx.el.span("Upload a picture", class_name="group-data-[there]/face:hidden"),
                rx.el.span("Another picture", class_name="hidden group-data-[there]/face:inline"),
                rx.el.input(
                    type="file",
                    accept=",".join(f"image/{each.lower()}" for each in FORMATS),
                    aria_label="Picture",
                    class_name="sr-only",
                    custom_attrs={"data-sends-picture": routes.PICTURES},
                ),
                class_name=shape + "inline-flex border border-line cursor-pointer hover:bg-hover "
                "has-[:focus-visible]:outline-2 has-[:focus-visible]:outline-accent",
            ),
            rx.el.button(
                "Remove",
                type="button",
                aria_label="Remove the picture",
                custom_attrs={"data-removes-picture": ""},
                class_name=shape + "hidden group-data-[there]/face:inline-flex text-danger "
                "hover:bg-danger-soft",
            ),
            class_name="flex flex-wrap items-center gap-3",
        ),
        rx.el.p(
            "It is shown in place of the emoji: PNG, JPEG or WebP, cut to a square.",
            class_name="mt-1.5 text-sm text-muted",
        ),
        rx.el.p(
            role="status",
            class_name="text-sm text-danger empty:hidden",
            custom_attrs={"data-picture-said": ""},
        ),
        class_name="group/face",
        custom_attrs={"data-picture": "", "data-there": there},
    )
