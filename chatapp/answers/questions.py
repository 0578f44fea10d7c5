"""A question in its bubble, its versions, and the box in which it is asked in another way."""

import reflex as rx

from chatapp.answers.state import ChatState
from chatapp.answers.version_components import versions
from chatapp.answers.views import MessageView, VersionView
from chatapp.ui.parts import button, icon_button
from chatapp.ui.store import expression, stored


@rx.memo
def question(
    message: rx.Var[MessageView], version: rx.Var[VersionView], busy: rx.Var[bool]
) -> rx.Component:
    """A question. What opens and closes its box is in assets/behaviour.js."""
    message_id = expression(f"{message!s}.id", str, message)
    return rx.el.article(
        rx.el.h2("You asked", class_name="sr-only"),
        rx.el.p(
            expression(f"{message!s}.text", str, message),
            custom_attrs={"data-asked": ""},
            class_name=(
                "bg-sunken rounded-bubble px-4 py-2.5 max-w-[85%] text-base whitespace-pre-wrap "
                "[overflow-wrap:anywhere] group-data-[editing]/question:hidden"
            ),
        ),
        rx.el.div(
            icon_button(
                "pencil",
                "Edit",
                size=15,
                custom_attrs={"data-edit": ""},
                class_name=(
                    "!size-8 transition-opacity [@media(hover:hover)]:opacity-0 "
                    "group-hover/question:opacity-100 group-focus-within/question:opacity-100"
                ),
            ),
            versions(message_id=message_id, version=version, busy=busy),
            class_name=(
                "flex items-center mt-1 -mb-4 min-h-8 group-data-[editing]/question:hidden"
            ),
        ),
        _box(message_id),
        class_name="group/question flex flex-col items-end appear",
        custom_attrs={"data-testid": "question", "data-question": message_id},
    )


def _box(message_id: rx.Var[str]) -> rx.Component:
    return rx.el.form(
        rx.el.input(type="hidden", name="client_id"),
        rx.el.input(type="hidden", name="tier"),
        rx.el.input(type="hidden", name="edits", value=message_id, read_only=True),
        rx.el.textarea(
            name="message",
            aria_label="Edit your question",
            rows="1",
            class_name=(
                "block w-full resize-none bg-transparent px-4 pt-3 pb-1 text-base leading-6 "
                "focus-visible:!outline-none field-sizing-content max-h-[50vh]"
            ),
        ),
        rx.el.div(
            rx.el.output(
                name="count",
                class_name="mr-auto px-2 text-sm text-muted group-data-[over]/edit:text-danger",
            ),
            button("Cancel", kind="quiet", type="button", custom_attrs={"data-cancel": ""}),
            button(
                "Send",
                type="submit",
                class_name="group-data-[empty]/edit:opacity-40 group-data-[sent]/edit:opacity-40",
            ),
            class_name="flex flex-wrap items-center justify-end gap-2 px-3 pb-3 pt-1",
        ),
        rx.el.p(
            "The question and its answers so far stay as another version.",
            class_name="sr-only",
        ),
        on_submit=ChatState.ask,
        custom_attrs={"data-edits": message_id, "data-limit": stored("limit", int)},
        class_name=(
            "group/edit hidden group-data-[editing]/question:block w-full bg-ground border "
            "border-edge rounded-bubble focus-within:border-accent transition-colors"
        ),
    )
