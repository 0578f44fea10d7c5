"""What is seen of limits: the usage section, and the line at the composer."""

import reflex as rx

from chatapp.limits.usage import BarView, UsageView
from chatapp.ui.parts import card, heading, skeleton
from chatapp.ui.store import expression, stored

_USAGE = stored("usage", UsageView)
_GRID = "grid sm:grid-cols-2 gap-x-8 gap-y-5"


def usage_section() -> rx.Component:
    """Questions and tokens of today and this month, with what is left."""
    return card(
        heading("Usage"),
        rx.cond(
            expression(f"!!{_USAGE!s}", bool, _USAGE),
            rx.fragment(
                usage_bars(_USAGE),
                rx.el.p(
                    expression(f"{_USAGE!s}?.pace ?? ''", str, _USAGE),
                    class_name="mt-5 text-sm text-muted empty:hidden",
                ),
                rx.el.p(
                    expression(f"{_USAGE!s}?.clock ?? ''", str, _USAGE),
                    class_name="mt-1 text-sm text-muted",
                ),
            ),
            rx.el.div(*[skeleton("h-14") for _ in range(4)], class_name=_GRID),
        ),
        id="usage",
        class_name="w-full",
    )


def usage_bars(view: rx.Var) -> rx.Component:
    """The counts of a :class:`UsageView`, each beside its limit."""
    bars = expression(f"{view!s}?.bars ?? []", list[BarView], view)
    return rx.el.div(rx.foreach(bars, _bar), class_name=_GRID)


def _bar(bar: rx.vars.ObjectVar[BarView]) -> rx.Component:
    percent, limit = bar["percent"].to(int), bar["limit"].to(str)
    label, used = bar["label"].to(str), bar["used"].to(str)
    return rx.el.div(
        rx.el.div(
            rx.el.span(label, class_name="text-sm font-medium"),
            rx.el.span(
                used,
                rx.cond(limit, rx.el.span(" of ", limit, class_name="text-muted")),
                class_name="text-sm tabular-nums",
            ),
            class_name="flex items-baseline justify-between gap-3",
        ),
        rx.cond(
            limit,
            rx.el.div(
                rx.el.div(
                    style={"width": expression(f"{percent!s} + '%'", str, percent)},
                    class_name=rx.cond(
                        percent >= 80,
                        "h-full rounded-full bg-danger",
                        "h-full rounded-full bg-accent",
                    ),
                ),
                role="progressbar",
                aria_label=label,
                aria_valuenow=percent,
                aria_valuemin=0,
                aria_valuemax=100,
                class_name="mt-2 h-2 rounded-full bg-sunken overflow-hidden",
            ),
            rx.el.div(class_name="mt-2 h-2 rounded-full bg-sunken opacity-60"),
        ),
        rx.el.p(
            rx.cond(limit, bar["resets"].to(str), "No limit"),
            class_name="mt-1.5 text-xs text-muted",
        ),
    )
