"""The messages of a chat, as they stand and as they come."""

from typing import Any
from uuid import UUID

import reflex as rx
from reflex.vars import VarData
from reflex_base.utils.imports import ImportVar

from chatapp.agents.components import portrait
from chatapp.answers.questions import question
from chatapp.answers.state import ChatState
from chatapp.answers.thoughts import approvals, thoughts
from chatapp.answers.thumb_components import thumbs, why
from chatapp.answers.version_components import versions
from chatapp.answers.views import ChatView, LineView, MessageView, VersionView
from chatapp.ui.behaviour import copies, wish
from chatapp.ui.following import following_view
from chatapp.ui.markdown import markdown_block
from chatapp.ui.parts import button, icon_button, notice, skeleton
from chatapp.ui.store import STORE, chosen, expression, stored

CHAT_ID = rx.Var(
    _js_expr="(params.chat_id ?? '')",
    _var_type=str,
    _var_data=VarData(
        hooks={"const params = useParams()": None},
        imports={"react-router": ImportVar(tag="useParams")},
    ),
)
"""The chat that the URL names; empty on the first page."""

# An answer's text is in its blocks, or in the store in pieces; see chatapp.answers.views.
_BLOCKS = """((store, message) => {
  if (!message || message.blocks) return message?.blocks ?? [];
  const blocks = [];
  for (let block = 0; ; block++) {
    const name = `${message.id}.${message.take}.${block}.`;
    if (store[name + 0] === undefined) return blocks;
    let text = "";
    for (let piece = 0; store[name + piece] !== undefined; piece++) text += store[name + piece];
    if (text.trim()) blocks.push(text);
  }
})"""

_ORDER = """((store, chat) => {
  let order = chat?.order ?? [];
  for (let page; (page = store["e:" + order[0]]); ) order = [...page.order, ...order];
  return order;
})"""


@rx.memo
def conversation(chat: rx.Var[ChatView]) -> rx.Component:
    """The messages of a chat, oldest first, in a view that follows the newest words."""
    order = expression(f"{_ORDER}({STORE!s}, {chat!s})", list[str], STORE, chat)
    busy = _running(order) != ""
    state = expression(f"!{chat!s} ? 'waiting' : {chat!s}.missing ? 'missing' : 'there'", str, chat)
    return chosen(
        state,
        ("missing", _missing()),
        ("waiting", _waiting()),
        otherwise=following_view(
            _earlier(order),
            rx.foreach(order, lambda message_id, at: _placed(message_id, order, at, busy)),
            custom_attrs={
                "role": "log",
                "aria-label": "Conversation",
                "aria-busy": busy,
            },
        ),
    )


def running_answer(chat: rx.Var) -> rx.Var[str]:
    """The id of the answer that is coming in a chat, or nothing."""
    return _running(expression(f"{chat!s}?.order ?? []", list[str], chat))


def _running(order: rx.Var[list[str]]) -> rx.Var[str]:
    last = f"{STORE!s}['m:' + {order!s}.at(-1)]"
    return expression(
        f"['queued', 'streaming'].includes({last}?.status) ? {last}.id : ''", str, STORE, order
    )


def _placed(
    message_id: rx.Var[str], order: rx.Var[list[str]], at: rx.Var[int], busy: rx.Var[bool]
) -> rx.Component:
    view = stored(f"m:{message_id}", MessageView).to(MessageView)
    blocks = expression(f"{_BLOCKS}({STORE!s}, {view!s})", list[str], STORE, view)
    last = expression(f"{at!s} === {order!s}.length - 1", bool, at, order)
    version = stored(f"v:{message_id}", VersionView).to(VersionView)
    return rx.fragment(
        rx.cond(
            expression(f"{view!s}?.role === 'question'", bool, view),
            question(message=view, version=version, busy=busy),
            answer(message=view, blocks=blocks, version=version, last=last, busy=busy),
        ),
        # On the outermost: messages keep their place when others come before them.
        key=message_id,
    )


@rx.memo
def answer(
    message: rx.Var[MessageView],
    blocks: rx.Var[list[str]],
    version: rx.Var[VersionView],
    last: rx.Var[bool],
    busy: rx.Var[bool],
) -> rx.Component:
    """An answer: its blocks, what went wrong, who answered, what can be done with it."""
    status = expression(f"{message!s}?.status ?? 'queued'", str, message)
    message_id = expression(f"{message!s}?.id ?? ''", str, message)
    running = (status == "queued") | (status == "streaming")
    problem = expression(f"{message!s}?.problem ?? ''", str, message)
    final = expression(f"{blocks!s}.length - 1", int, blocks)
    line = expression(f"{message!s}?.line", LineView, message)
    line_of_steps = expression(f"{message!s}?.thoughts ?? ''", str, message)
    return rx.el.article(
        rx.el.h2("Answer", class_name="sr-only"),
        rx.cond(
            line_of_steps,
            thoughts(
                message_id=message_id,
                line=line_of_steps,
                by=expression(f"{message!s}?.by ?? ''", str, message),
                running=running,
            ),
        ),
        rx.el.div(
            rx.foreach(
                blocks,
                lambda block, at: rx.fragment(
                    markdown_block(text=block, growing=running & (at == final)),
                    key=at.to_string(),
                ),
            ),
            class_name="reading",
        ),
        rx.cond(running & (line_of_steps != ""), approvals(message_id=message_id)),
        rx.cond(
            running & (final == -1),
            rx.cond(line, _in_line(line, message_id), rx.cond(line_of_steps == "", _thinking())),
        ),
        rx.cond(status == "stopped", _stopped(message_id, last)),
        rx.cond(
            problem,
            rx.el.div(
                notice(problem, "danger"),
                rx.cond(
                    last & (status == "failed"),
                    button(
                        "Retry",
                        kind="quiet",
                        on_click=_another(message_id),
                    ),
                ),
                class_name="flex flex-wrap items-center gap-3",
            ),
        ),
        rx.cond(
            expression(f"{message!s}?.shortened ?? false", bool, message) & ~running,
            rx.el.p(
                "Earlier messages are left out: the model was given the end of this chat only.",
                class_name="text-xs text-muted",
            ),
        ),
        rx.cond(
            running,
            versions(message_id=message_id, version=version, busy=busy),
            _actions(message, message_id, blocks, version, last, busy),
        ),
        why(message_id),
        class_name="group/answer flex flex-col gap-3 min-w-0",
        custom_attrs={
            "data-testid": "answer",
            "data-answer-id": message_id,
            "data-status": status,
        },
    )


def _actions(
    message: rx.Var[MessageView],
    message_id: rx.Var[str],
    blocks: rx.Var[list[str]],
    version: rx.Var[VersionView],
    last: rx.Var[bool],
    busy: rx.Var[bool],
) -> rx.Component:
    text = expression(f"{blocks!s}.join('\\n\\n')", str, blocks)
    by = expression(
        f"[{message!s}?.agent, {message!s}?.by].filter(Boolean).join(' · ')", str, message
    )
    picture = expression(f"{message!s}?.picture ?? ''", str, message)
    cached = expression(f"{message!s}?.cached ?? ''", str, message)
    small = "size-8 data-[copied]:text-accent"
    return rx.el.div(
        versions(message_id=message_id, version=version, busy=busy),
        rx.cond(
            text, icon_button("copy", "Copy", size=15, on_click=copies(text), class_name=small)
        ),
        icon_button(
            "refresh-cw",
            "Regenerate",
            size=15,
            on_click=_another(message_id),
            class_name=small,
        ),
        rx.cond(by, thumbs(message, message_id)),
        rx.el.div(
            rx.cond(picture, portrait(picture, "size-4 rounded")),
            rx.el.span(by, class_name="text-xs text-muted truncate max-w-full", title=by),
            rx.cond(cached, _cached(cached, message_id, last)),
            class_name="ml-2 min-w-0 flex flex-wrap items-center gap-x-2",
        ),
        class_name=rx.cond(
            last,
            "flex items-center -ml-2 min-h-8",
            "flex items-center -ml-2 min-h-8 transition-opacity [@media(hover:hover)]:opacity-0 "
            "group-hover/answer:opacity-100 focus-within:opacity-100",
        ),
    )


def _another(message_id: rx.Var[str]) -> Any:
    """Asks for another answer to the same question, once however often one clicks."""
    return ChatState.ask_again(message_id.to(UUID), wish(message_id).to(UUID))


def _cached(mark: rx.Var[str], message_id: rx.Var[str], last: rx.Var[bool]) -> rx.Component:
    """That the answer was there already, and the way to a new one."""
    return rx.fragment(
        rx.el.span(mark, class_name="text-xs text-muted", custom_attrs={"data-testid": "cached"}),
        rx.cond(
            last,
            rx.el.button(
                "Refresh",
                type="button",
                title="Ask for a new answer",
                on_click=_another(message_id),
                class_name=(
                    "h-8 px-2 -mx-2 text-xs font-medium text-accent rounded-control hover:bg-hover"
                ),
            ),
        ),
    )


def _stopped(message_id: rx.Var[str], last: rx.Var[bool]) -> rx.Component:
    go_on = ChatState.go_on(wish(message_id).to(UUID))
    return rx.el.div(
        rx.el.p("You stopped this answer.", class_name="text-muted"),
        rx.cond(last, button("Continue", kind="quiet", on_click=go_on)),
        class_name="flex flex-wrap items-center gap-3",
    )


def _thinking() -> rx.Component:
    return rx.el.div(
        rx.el.span(class_name="size-2.5 rounded-full bg-accent pulse"),
        rx.el.span("Waiting for the first words", class_name="sr-only"),
        class_name="flex items-center h-7",
        role="status",
    )


def _in_line(line: rx.Var, message_id: rx.Var[str]) -> rx.Component:
    """Its place in the waiting line, and what else can be done."""
    answer_id = message_id.to(UUID)
    smaller = expression(f"{line!s}?.smaller ?? ''", str, line)
    return rx.el.div(
        rx.el.p(
            rx.icon("hourglass", size=16, aria_hidden="true", class_name="shrink-0 mt-1"),
            rx.el.span(
                rx.el.span(expression(f"{line!s}?.words ?? ''", str, line), class_name="block"),
                rx.el.span(
                    "All models are busy. Your question keeps its place, even if you close this "
                    "page.",
                    class_name="block text-sm text-muted",
                ),
            ),
            role="status",
            class_name="flex gap-3",
        ),
        rx.el.div(
            rx.cond(
                smaller,
                button(
                    "Use the smaller model now",
                    on_click=ChatState.use_smaller(answer_id, smaller),
                ),
            ),
            rx.cond(
                expression(f"{line!s}?.own ?? false", bool, line),
                button(
                    "Use my own key now",
                    kind="quiet",
                    on_click=ChatState.use_own_key(answer_id),
                ),
            ),
            button("Cancel", kind="quiet", on_click=ChatState.stop(answer_id)),
            class_name="flex flex-wrap gap-2 sm:pl-7",
        ),
        custom_attrs={"data-testid": "line"},
        class_name="rounded-card border border-line px-4 py-3.5 flex flex-col gap-3 appear",
    )


def _earlier(order: rx.Var[list[str]]) -> rx.Component:
    first = expression(f"{order!s}[0] ?? ''", str, order)
    chat = stored(f"c:{CHAT_ID}", dict)
    # Whether the oldest page that is shown has more before it.
    more = expression(
        "((store, chat) => { let page = chat, next; while (page && (next = store['e:' + "
        f"page.order[0]])) page = next; return page?.earlier ?? false; }})({STORE!s}, {chat!s})",
        bool,
        STORE,
        chat,
    )
    return rx.cond(
        more,
        button(
            "Show earlier messages",
            kind="quiet",
            on_click=ChatState.show_earlier(first.to(UUID)),
            custom_attrs={"data-earlier": ""},
            class_name="self-center",
        ),
    )


def _missing() -> rx.Component:
    return rx.el.div(
        rx.el.h1("This chat is not there", class_name="text-xl font-semibold"),
        rx.el.p(
            "It may have been deleted, or the address is not quite right.",
            class_name="mt-2 text-muted",
        ),
        class_name="flex-1 flex flex-col items-center justify-center text-center px-6",
    )


def _waiting() -> rx.Component:
    return rx.el.div(
        skeleton("h-11 w-1/2 self-end"),
        skeleton("h-5 w-full"),
        skeleton("h-5 w-11/12"),
        skeleton("h-5 w-2/3"),
        aria_label="The chat is being opened",
        class_name="flex-1 mx-auto w-full max-w-column px-4 pt-6 flex flex-col gap-4",
    )
