"""‹ 2/3 ›: from one version of a message to those beside it."""

from uuid import UUID

import reflex as rx

from chatapp.answers.state import ChatState
from chatapp.answers.views import VersionView
from chatapp.ui.parts import icon_button
from chatapp.ui.store import expression


@rx.memo
def versions(
    message_id: rx.Var[str], version: rx.Var[VersionView], busy: rx.Var[bool]
) -> rx.Component:
    """Which version is shown, and the way to those beside it; nothing, if there is but one.

    While an answer comes it is the one that is shown.
    """
    number = expression(f"{version!s}?.number", int, version)
    of = expression(f"{version!s}?.of", int, version)
    return rx.cond(
        expression(f"!!{version!s}", bool, version),
        rx.el.div(
            _step("before", version, busy),
            rx.el.span(
                rx.el.span(f"{number}/{of}", aria_hidden="true"),
                rx.el.span(f"Version {number} of {of}", class_name="sr-only"),
                class_name="text-xs text-muted tabular-nums min-w-7 text-center",
            ),
            _step("after", version, busy),
            role="group",
            aria_label=f"Version {number} of {of}",
            custom_attrs={"data-versions": message_id},
            class_name="flex items-center shrink-0",
        ),
    )


def _step(where: str, version: rx.Var[VersionView], busy: rx.Var[bool]) -> rx.Component:
    beside = expression(f"{version!s}?.{where} ?? ''", str, version)
    icon, label = {
        "before": ("chevron-left", "Previous version"),
        "after": ("chevron-right", "Next version"),
    }[where]
    return icon_button(
        icon,
        label,
        size=15,
        disabled=(beside == "") | busy,
        on_click=ChatState.show_version(beside.to(UUID)),
        custom_attrs={"data-shows": beside, "data-step": where},
        class_name="!size-8 disabled:hover:bg-transparent",
    )
