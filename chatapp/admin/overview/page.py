"""The first page: how it goes, now and over time."""

import reflex as rx

from chatapp import routes
from chatapp.admin.frame import admin_frame
from chatapp.admin.overview.charts import HEIGHT, WIDTH, ChartView, PathView, TipView
from chatapp.admin.overview.state import OverviewState, OverviewView
from chatapp.admin.overview.views import SPANS, CardView, PaceView
from chatapp.ui.clock import clock, date_and_clock
from chatapp.ui.parts import card, notice, skeleton
from chatapp.ui.store import chosen, expression, stored

_VIEW = stored("admin:overview", OverviewView)

_FILLS = {
    "good": "fill-accent",
    "quiet": "fill-edge",
    "warn": "fill-code-number",
    "bad": "fill-danger",
}
_STROKES = {
    "good": "stroke-accent",
    "quiet": "stroke-edge",
    "warn": "stroke-code-number",
    "bad": "stroke-danger",
}
_DOTS = {"good": "bg-accent", "quiet": "bg-edge", "warn": "bg-code-number", "bad": "bg-danger"}


def overview_page() -> rx.Component:
    """How it goes; for others a page that is none."""
    cards = expression(f"{_VIEW!s}?.cards ?? []", list[CardView], _VIEW)
    charts = expression(f"{_VIEW!s}?.charts ?? []", list[ChartView], _VIEW)
    pace = expression(f"{_VIEW!s}?.pace ?? []", list[PaceView], _VIEW).to(list[PaceView])
    failed = stored("admin:overview:failed", str).to(str)
    return admin_frame(
        "Administration",
        routes.ADMIN,
        rx.cond(failed, notice(failed, "danger")),
        _top(),
        rx.cond(
            expression(f"!!{_VIEW!s}", bool, _VIEW),
            rx.fragment(
                rx.el.dl(
                    rx.foreach(cards, _card),
                    aria_label="Numbers",
                    class_name="grid grid-cols-2 md:grid-cols-3 lg:grid-cols-5 gap-3",
                ),
                rx.cond(pace.length() > 0, _pace(pace)),
                rx.el.ul(
                    rx.foreach(charts, _chart),
                    aria_label="Charts",
                    class_name="grid grid-cols-1 lg:grid-cols-2 gap-3",
                ),
            ),
            rx.el.div(
                *[skeleton("h-24 w-full") for _ in range(10)],
                *[skeleton("h-56 w-full col-span-full") for _ in range(2)],
                class_name="grid grid-cols-2 md:grid-cols-3 lg:grid-cols-5 gap-3",
            ),
        ),
    )


def _top() -> rx.Component:
    span = expression(f"{_VIEW!s}?.span ?? 'day'", str, _VIEW)
    everybody = expression(
        f"{_VIEW!s} ? ({_VIEW!s}.exact ? '' : 'About ') + {_VIEW!s}.people.toLocaleString() : ''",
        str,
        _VIEW,
    )
    pending = expression(f"{_VIEW!s}?.pending ?? 0", int, _VIEW).to(int)
    shape = "h-9 px-3.5 text-sm first:rounded-l-control last:rounded-r-control border-line border "
    return rx.el.div(
        rx.el.p(
            rx.cond(
                everybody,
                rx.fragment(
                    everybody,
                    rx.cond(everybody == "1", " person has", " people have"),
                    " an account. ",
                ),
            ),
            rx.cond(
                pending > 0,
                rx.el.a(
                    pending.to_string(),
                    rx.cond(pending == 1, " waits for approval.", " wait for approval."),
                    href=routes.ADMIN_PEOPLE,
                    class_name="text-accent underline underline-offset-2",
                ),
            ),
            class_name="text-sm text-muted min-h-5",
        ),
        rx.el.div(
            *(
                rx.el.button(
                    words,
                    type="button",
                    aria_pressed=span == name,
                    on_click=OverviewState.look(name),
                    class_name=rx.cond(
                        span == name,
                        shape + "bg-sunken font-medium",
                        shape + "bg-ground text-muted hover:bg-hover",
                    ),
                )
                for name, words in SPANS.items()
            ),
            role="group",
            aria_label="The last",
            class_name="inline-flex -space-x-px",
        ),
        class_name="flex flex-wrap items-center justify-between gap-3",
    )


def _card(item: rx.vars.ObjectVar[CardView]) -> rx.Component:
    trend, note = item["trend"].to(str), item["note"].to(str)
    return rx.el.div(
        rx.el.dt(item["label"].to(str), class_name="text-sm text-muted"),
        rx.el.dd(
            item["value"].to(str),
            class_name="mt-0.5 text-xl font-semibold tabular-nums break-words",
        ),
        rx.cond(trend, rx.el.dd(trend, class_name="mt-0.5 text-xs text-muted")),
        rx.cond(note, rx.el.dd(note, class_name="mt-0.5 text-xs text-muted")),
        key=item["label"].to(str),
        class_name="bg-ground border border-line rounded-card p-4 min-w-0",
    )


def _pace(rows: rx.vars.ArrayVar[list[PaceView]]) -> rx.Component:
    return card(
        rx.el.h2("The quota of the day, at this pace", class_name="text-lg font-semibold mb-2"),
        rx.el.ul(
            rx.foreach(rows, _pace_row),
            aria_label="Quota of the day",
            class_name="divide-y divide-line",
        ),
    )


def _pace_row(row: rx.vars.ObjectVar[PaceView]) -> rx.Component:
    ends, back = row["ends"].to(str), row["back"].to(str)
    who = rx.el.strong(row["label"].to(str), class_name="font-semibold")
    return rx.el.li(
        rx.el.p(
            chosen(
                row["state"].to(str),
                (
                    "ends",
                    rx.fragment(
                        "At this pace the day’s quota of ", who, " ends at ", clock(ends), "."
                    ),
                ),
                ("over", rx.fragment("The day’s quota of ", who, " is used up.")),
                otherwise=rx.fragment("The day’s quota of ", who, " lasts at this pace."),
            ),
            class_name="min-w-0 flex-1 basis-72 [overflow-wrap:anywhere]",
        ),
        rx.el.p(
            row["left"].to(str),
            rx.cond(back, rx.fragment(" · all there again ", clock(back))),
            class_name="text-sm text-muted tabular-nums",
        ),
        key=row["label"].to(str),
        class_name="flex flex-wrap items-baseline gap-x-4 gap-y-1 py-2",
    )


def _chart(item: rx.vars.ObjectVar[ChartView]) -> rx.Component:
    title, summary = item["title"].to(str), item["summary"].to(str)
    return rx.el.li(
        rx.el.figure(
            rx.el.figcaption(
                rx.el.h2(title, class_name="font-semibold"),
                rx.el.p(
                    rx.foreach(item["paths"].to(list[PathView]), _legend),
                    class_name="mt-1 flex flex-wrap gap-x-4 gap-y-1 text-xs text-muted",
                ),
            ),
            rx.el.p(
                item["top"].to(str), class_name="mt-2 text-xs text-muted tabular-nums text-right"
            ),
            rx.el.svg(
                rx.el.svg.title(title),
                rx.el.svg.desc(summary),
                rx.foreach(item["paths"].to(list[PathView]), _path),
                rx.foreach(item["tips"].to(list[TipView]), _tip),
                view_box=f"0 0 {WIDTH} {HEIGHT}",
                preserve_aspect_ratio="none",
                role="img",
                aria_label=title.to(str) + ". " + summary,
                class_name="w-full h-32 border-y border-line overflow-visible",
            ),
            rx.el.p(
                rx.el.span(date_and_clock(item["first"].to(str))),
                rx.el.span(date_and_clock(item["last"].to(str))),
                class_name="mt-1 flex justify-between gap-3 text-xs text-muted tabular-nums",
            ),
        ),
        key=title,
        class_name="bg-ground border border-line rounded-card p-4 min-w-0",
    )


def _legend(path: rx.vars.ObjectVar[PathView]) -> rx.Component:
    return rx.el.span(
        rx.el.span(
            aria_hidden="true",
            class_name=[
                "inline-block size-2.5 rounded-full",
                rx.match(path["tone"].to(str), *_DOTS.items(), "bg-accent"),
            ],
        ),
        path["name"].to(str),
        class_name="inline-flex items-center gap-1.5",
    )


def _path(path: rx.vars.ObjectVar[PathView]) -> rx.Component:
    tone = path["tone"].to(str)
    return rx.cond(
        path["line"].to(bool),
        rx.el.svg.path(
            d=path["d"].to(str),
            fill="none",
            stroke_width="2",
            stroke_linecap="round",
            stroke_linejoin="round",
            vector_effect="non-scaling-stroke",
            class_name=rx.match(tone, *_STROKES.items(), "stroke-accent"),
        ),
        rx.el.svg.path(
            d=path["d"].to(str), class_name=rx.match(tone, *_FILLS.items(), "fill-accent")
        ),
    )


def _tip(tip: rx.vars.ObjectVar[TipView]) -> rx.Component:
    at, words = date_and_clock(tip["at"].to(str)), tip["words"].to(str)
    said = expression(f"`${{{at!s}}}: ${{{words!s}}}`", str, at, words)
    return rx.el.svg.rect(
        rx.el.svg.title(said),
        x=tip["x"].to(str),
        y=0,
        width=tip["width"].to(str),
        height=HEIGHT,
        key=tip["at"].to(str),
        class_name="fill-transparent hover:fill-ink/5",
    )
