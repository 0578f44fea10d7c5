"""A view that follows its end while that grows, until the reader scrolls up."""

from typing import Any

import reflex as rx
from reflex_base.utils.imports import ImportVar

_LIBRARY = "use-stick-to-bottom@1.1.6"

_FOLLOWS = rx.Var(
    "(matchMedia('(prefers-reduced-motion: reduce)').matches ? 'instant' : 'smooth')", _var_type=str
)


class _StickToBottom(rx.Component):
    """A view that follows its end until the reader scrolls up."""

    library = _LIBRARY
    tag = "StickToBottom"

    initial: rx.Var[str]
    resize: rx.Var[str]


class _StickToBottomContent(_StickToBottom):
    """What grows in the view."""

    tag = "StickToBottom.Content"

    scroll_class_name: rx.Var[str]


class _JumpToLatest(rx.el.Button):
    """The button back to the end; hidden while the view is there."""

    def add_imports(self) -> dict[str, Any]:
        """The hook that knows where the view is."""
        return {
            _LIBRARY: ImportVar(tag="useStickToBottomContext"),
            "react": ImportVar(tag="useEffect"),
        }

    def add_hooks(self) -> list[str | rx.Var]:
        """Where the view is; its end stays in sight when the composer below it grows."""
        return [
            "const view = useStickToBottomContext();",
            "useEffect(() => { const observer = new ResizeObserver(() => { "
            "const {state} = view; if (state.isAtBottom) state.scrollTop = state.targetScrollTop; "
            "}); observer.observe(view.scrollRef.current); return () => observer.disconnect(); "
            "}, [view.state, view.scrollRef]);",
            # What is to stay where it is on the screen is not followed: see assets/behaviour.js.
            "useEffect(() => { const scroller = view.scrollRef.current; "
            "const hold = () => view.stopScroll(); scroller.addEventListener('hold', hold); "
            "return () => scroller.removeEventListener('hold', hold); "
            "}, [view.stopScroll, view.scrollRef]);",
        ]


def following_view(*content: rx.Component, **props: Any) -> rx.Component:
    """The view. ``[data-jump]`` in it is the button back to the end."""
    return _StickToBottom.create(
        _StickToBottomContent.create(
            *content,
            class_name="mx-auto max-w-column px-4 pt-6 pb-10 flex flex-col gap-6",
            # Positioned, or what is there for screen readers only would make the page scroll.
            scroll_class_name="overscroll-contain relative",
        ),
        jump_to_latest(),
        initial="instant",
        resize=_FOLLOWS,
        class_name="relative flex-1 min-h-0",
        **props,
    )


@rx.memo
def jump_to_latest() -> rx.Component:
    """The button back to the end, a component of its own because of its hook."""
    return _JumpToLatest.create(
        rx.icon("arrow-down", size=16, aria_hidden="true"),
        "Jump to latest",
        type="button",
        on_click=rx.Var("(() => view.scrollToBottom())").to(
            rx.vars.FunctionVar, rx.event.EventChain
        ),
        hidden=rx.Var("view.isAtBottom", _var_type=bool),
        custom_attrs={"data-jump": ""},
        class_name=(
            "absolute bottom-3 left-1/2 -translate-x-1/2 inline-flex items-center gap-2 h-9 px-4 "
            "rounded-full bg-ground border border-line shadow-raised text-sm hover:bg-hover "
            "[&[hidden]]:hidden"
        ),
    )
