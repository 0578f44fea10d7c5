"""The page about tools."""

from typing import Any
from uuid import UUID

import reflex as rx

from chatapp import routes
from chatapp.admin.confirm import second_click
from chatapp.admin.frame import admin_frame
from chatapp.admin.stale import stale_notice
from chatapp.admin.tools.budget import budget_card
from chatapp.admin.tools.state import NEW, MistakeView, ServerView, ToolsState, ToolsView, ToolView
from chatapp.ui.clock import date_and_clock
from chatapp.ui.parts import button, card, field, notice, skeleton
from chatapp.ui.store import expression, stored

_TOOLS = stored("admin:tools", ToolsView)
_MISTAKE = stored("admin:tools:mistake", MistakeView)

_WHERE = (
    "You decide where this server’s requests go: addresses inside your network, this machine "
    "included, are allowed here. What a tool is given and gives back passes through the MCP server."
)
_HEADERS = "One a line, as in Authorization: Bearer … They are sealed and never shown again."


def tools_page() -> rx.Component:
    """What agents may use; for others a page that does not exist."""
    said = stored("admin:tools:said", str).to(str)
    return admin_frame(
        "Tools",
        routes.ADMIN_TOOLS,
        rx.cond(said, notice(said)),
        _own(),
        budget_card(),
        rx.cond(
            _TOOLS,
            rx.foreach(expression(f"{_TOOLS!s}?.servers ?? []", list[ServerView], _TOOLS), _server),
        ),
        # Only once the rest is there: what its load takes away must not be of this.
        rx.cond(_TOOLS, _new()),
    )


def _own() -> rx.Component:
    rows = expression(f"{_TOOLS!s}?.own ?? []", list[ToolView], _TOOLS)
    return card(
        rx.el.h2("What agents may use", class_name="text-lg font-semibold"),
        rx.el.p(
            "What is off here no agent uses, whoever made it. What asks first waits until its "
            "person agrees, at each use. Web search is listed once a key for it is configured.",
            class_name="mt-1 mb-4 text-sm text-muted",
        ),
        rx.cond(
            _TOOLS,
            _rows(rows, "Tools"),
            rx.el.div(*[skeleton("h-14 w-full") for _ in range(4)], class_name="space-y-2"),
        ),
    )


def _rows(rows: rx.Var, label: str | rx.Var[str]) -> rx.Component:
    return rx.el.ul(
        rx.foreach(rows, _tool),
        aria_label=label,
        class_name="divide-y divide-line border-y border-line",
    )


def _tool(tool: rx.vars.ObjectVar[ToolView]) -> rx.Component:
    name, title = tool["name"].to(str), tool["title"].to(str)
    on, acts = tool["on"].to(bool), tool["acts"].to(bool)
    return rx.el.li(
        rx.el.div(
            rx.el.p(
                title,
                _badge(rx.cond(on, "On", "Off")),
                rx.cond(acts, _badge("Asks first")),
                class_name="font-medium [overflow-wrap:anywhere]",
            ),
            rx.el.p(
                tool["meaning"].to(str),
                class_name="text-sm text-muted line-clamp-3 [overflow-wrap:anywhere]",
            ),
            class_name="min-w-0 flex-1 basis-64",
        ),
        rx.el.div(
            button(
                rx.cond(acts, "Use without asking", "Ask before use"),
                kind="quiet",
                type="button",
                aria_label=expression(
                    f"({acts!s} ? 'Use without asking: ' : 'Ask before use: ') + {title!s}",
                    str,
                    acts,
                    title,
                ),
                on_click=ToolsState.ask_before(name, ~acts),
            ),
            button(
                rx.cond(on, "Switch off", "Switch on"),
                kind="quiet",
                type="button",
                aria_label=expression(
                    f"({on!s} ? 'Switch off: ' : 'Switch on: ') + {title!s}", str, on, title
                ),
                on_click=ToolsState.switch(name, ~on),
            ),
            class_name="flex flex-wrap gap-2",
        ),
        key=name,
        class_name="flex flex-wrap items-center gap-x-4 gap-y-2 py-3",
    )


def _server(server: rx.vars.ObjectVar[ServerView]) -> rx.Component:
    name, on, problem = server["name"].to(str), server["on"].to(bool), server["problem"].to(str)
    tested, tools = server["tested"].to(str), server["tools"].to(list[ToolView])
    server_id = server["id"].to(str).to(UUID)
    now = stored("admin:tools:busy", str)
    busy = expression(f"{now!s} === {server['id']!s}", bool, now, server["id"])
    return card(
        rx.el.div(
            rx.el.div(
                rx.el.h2(
                    name,
                    _badge("MCP server"),
                    _badge(rx.cond(on, "On", "Off")),
                    class_name="text-lg font-semibold [overflow-wrap:anywhere]",
                ),
                rx.el.p(
                    server["url"].to(str),
                    class_name="text-sm text-muted [overflow-wrap:anywhere]",
                ),
                rx.el.p(
                    rx.cond(
                        tested,
                        rx.fragment("Tested ", date_and_clock(tested), "."),
                        "Not tested yet.",
                    ),
                    rx.cond(server["headers"].to(bool), " Headers are sent along.", ""),
                    " Each use may take ",
                    server["timeout"].to(str),
                    " seconds.",
                    class_name="text-sm text-muted",
                ),
                class_name="min-w-0 flex-1 basis-64",
            ),
            rx.el.div(
                button(
                    rx.cond(busy, "Testing…", "Test now"),
                    kind="quiet",
                    type="button",
                    disabled=busy,
                    aria_busy=busy,
                    on_click=ToolsState.test(server_id),
                ),
                button(
                    rx.cond(on, "Switch off", "Switch on"),
                    kind="quiet",
                    type="button",
                    aria_label=expression(
                        f"({on!s} ? 'Switch off: ' : 'Switch on: ') + {name!s}", str, on, name
                    ),
                    on_click=ToolsState.switch_server(server_id, ~on),
                ),
                class_name="flex flex-wrap gap-2",
            ),
            class_name="flex flex-wrap items-start gap-x-4 gap-y-3 mb-4",
        ),
        rx.cond(problem, rx.el.div(notice(problem, "danger"), class_name="mb-4")),
        rx.cond(
            tools.length() > 0,
            rx.fragment(
                rx.el.p(
                    "A tool is used once it is switched on. What the server tells of its tools "
                    "is taken over when you test it, and at no other time.",
                    class_name="mb-2 text-sm text-muted",
                ),
                _rows(tools, name),
            ),
            rx.el.p("It has no tools that are known.", class_name="text-sm text-muted"),
        ),
        rx.el.details(
            rx.el.summary(
                "Change or remove",
                class_name="cursor-pointer w-fit text-sm text-accent rounded-control py-2",
            ),
            _form(server["id"].to(str), server, "Save and test"),
            rx.el.div(
                second_click(
                    "Remove the server",
                    "All agents lose its tools, and its headers are forgotten for good.",
                    "Remove it for good",
                    ToolsState.remove(server_id),
                ),
                class_name="mt-5 pt-4 border-t border-line",
            ),
            class_name="mt-3",
        ),
        key=server["id"].to(str),
        aria_label=name,
    )


def _new() -> rx.Component:
    return card(
        rx.el.h2("Add an MCP server", class_name="text-lg font-semibold"),
        rx.el.p(_WHERE, class_name="mt-1 mb-4 text-sm text-muted"),
        _form(rx.Var.create(NEW), None, "Add and test"),
        aria_label="Add an MCP server",
    )


def _form(
    where: rx.Var[str], server: rx.vars.ObjectVar[ServerView] | None, label: str
) -> rx.Component:
    def value(name: str, otherwise: str = "") -> Any:
        return otherwise if server is None else server[name].to(str)

    words = expression(
        f"{_MISTAKE!s}?.where === {where!s} ? {_MISTAKE!s}?.words : ''", str, _MISTAKE, where
    )
    return rx.el.form(
        *(
            []
            if server is None
            else [
                rx.el.input(type="hidden", name="server_id", value=where, read_only=True),
                rx.el.input(type="hidden", name="version", value=value("version"), read_only=True),
            ]
        ),
        rx.el.div(
            field(
                "Name",
                "name",
                default_value=value("name"),
                required=True,
                max_length=20,
                placeholder="notes",
                auto_complete="off",
            ),
            field(
                "Seconds for each use",
                "timeout",
                default_value=value("timeout", "30"),
                required=True,
                input_mode="numeric",
                pattern="[0-9]{1,3}",
            ),
            class_name="grid sm:grid-cols-2 gap-4",
        ),
        field(
            "Address",
            "url",
            default_value=value("url"),
            required=True,
            max_length=2_000,
            placeholder="https://tools.example.org/mcp",
            auto_complete="off",
        ),
        rx.el.label(
            rx.el.span("Headers", class_name="block text-sm font-medium mb-1.5"),
            rx.el.textarea(
                name="headers",
                rows="2",
                auto_complete="off",
                spell_check=False,
                placeholder="" if server is None else "Empty: they stay as they are.",
                class_name="block w-full px-3 py-2.5 rounded-control bg-ground border "
                "border-edge font-mono text-sm placeholder:text-muted placeholder:font-sans",
            ),
            rx.el.span(_HEADERS, class_name="block mt-1.5 text-sm text-muted"),
            class_name="block",
        ),
        *(
            []
            if server is None
            else [
                rx.cond(
                    server["headers"].to(bool),
                    rx.el.label(
                        rx.el.input(type="checkbox", name="no_headers", class_name="size-4"),
                        "Send no headers any more",
                        class_name="flex items-center gap-2 text-sm",
                    ),
                )
            ]
        ),
        rx.el.p(words, role="alert", class_name="text-sm text-danger empty:hidden"),
        rx.cond(stored("admin:tools:stale", str).to(str) == where, stale_notice(ToolsState.load)),
        rx.el.div(button(label, type="submit")),
        on_submit=ToolsState.add if server is None else ToolsState.change,
        # Made anew once it was taken: no secret stays in it.
        key=_count() if server is None else server["tested"].to(str) + server["version"].to(str),
        class_name="flex flex-col gap-4",
    )


def _count() -> rx.Var[str]:
    return expression(f"String({_TOOLS!s}?.servers.length ?? 0)", str, _TOOLS)


def _badge(text: Any) -> rx.Component:
    return rx.el.span(
        text,
        class_name="ml-2 inline-block align-middle rounded-full bg-sunken px-2.5 py-0.5 text-xs "
        "font-normal text-muted whitespace-nowrap",
    )
