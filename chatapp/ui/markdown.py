"""Markdown in the browser: no raw HTML, no image that loads by itself, links that say where to.

``react-markdown`` turns markdown into elements and never into HTML text; its own rule drops links
of other schemes than http, https and mailto. Plugins add tables, formulas and highlighted code.
"""

from typing import Any

import reflex as rx
from reflex.vars import VarData
from reflex_base.utils.imports import ImportVar

from chatapp.ui.behaviour import copies_code
from chatapp.ui.store import expression


def _imported(package: str, tag: str, *, default: bool = True, css: str | None = None) -> rx.Var:
    imports: dict[str, Any] = {package: ImportVar(tag=tag, is_default=default)}
    if css:
        imports[""] = css
    return rx.Var(_js_expr=tag, _var_data=VarData(imports=imports))


_GFM = _imported("remark-gfm@4.0.1", "remarkGfm")
_MATH = _imported("remark-math@6.0.0", "remarkMath")
_KATEX = _imported("rehype-katex@7.0.1", "rehypeKatex", css="katex/dist/katex.min.css")
_HIGHLIGHT = _imported("rehype-highlight@7.0.2", "rehypeHighlight")
_MEND = _imported("remend@1.4.0", "remend")

# What cannot be told yet: the head of a table, the marks of a heading, of a fence, of emphasis.
_HALF = r"/(^|\n\n)\|[^\n]*(\n[|:\- \t]*)?$|(^|\n)#{1,6}$|(?<![^\s|])[*_`~]{1,3}$/"

# HTML is shown as text; a line break is the one tag that models write into tables.
_BREAKS = rx.Var(
    "(() => (tree) => { const visit = (node) => node.children?.forEach((child, at) => { "
    "if (child.type === 'raw' && /^<br\\s*\\/?>$/i.test(child.value)) "
    "node.children[at] = {type: 'element', tagName: 'br', properties: {}, children: []}; "
    "else visit(child); }); visit(tree); })"
)

_APART = "noopener noreferrer nofollow"

# The URL of an address that may be followed; null: it leads into our own pages, or nowhere.
_ABROAD = (
    "((address) => { try { return /^(https?:\\/\\/|mailto:)/i.test(address ?? '') "
    "? new URL(address) : null; } catch { return null; } })"
)


class _ReactMarkdown(rx.Component):
    """The component of react-markdown."""

    library = "react-markdown@10.1.0"
    tag = "ReactMarkdown"
    is_default = True

    remark_plugins: rx.Var[list[Any]]
    rehype_plugins: rx.Var[list[Any]]
    components: rx.Var[dict[str, Any]]


@rx.memo
def code_block(children: rx.Var[rx.Component], node: rx.Var[dict[str, Any]]) -> rx.Component:
    """A block of code with its language and a button that copies it."""
    language = expression(
        f"({node!s}?.children?.[0]?.properties?.className ?? [])"
        ".find((name) => name.startsWith('language-'))?.slice(9) ?? 'text'",
        str,
        node,
    )
    return rx.el.figure(
        rx.el.figcaption(
            rx.el.span(language, class_name="truncate"),
            _copy_button(),
            class_name=(
                "flex items-center justify-between h-9 pl-4 pr-1 text-xs text-muted "
                "border-b border-line"
            ),
        ),
        rx.el.pre(children, tab_index=0),
        class_name="bg-panel border border-line rounded-control overflow-hidden",
    )


@rx.memo
def safe_link(children: rx.Var[rx.Component], href: rx.Var[str]) -> rx.Component:
    """A link that opens apart, tells nobody where it was followed and says where it leads."""
    host = expression(
        "((url, words) => url && (String(words).includes(url.host) ? '' : url.host))"
        f"({_ABROAD}({href!s}), {children!s})",
        str,
        href,
        children,
    )
    return rx.cond(
        expression(f"{host!s} === null", bool, host),
        rx.el.span(children),
        rx.fragment(
            rx.el.a(children, href=href, title=href, target="_blank", rel=_APART),
            rx.cond(host, rx.el.span(" (", host, ")", class_name="text-muted text-[0.8em]")),
        ),
    )


@rx.memo
def image_link(src: rx.Var[str], alt: rx.Var[str]) -> rx.Component:
    """An image as a link: nothing is loaded until it is clicked."""
    words = rx.cond(alt, alt, "Image")
    return rx.cond(
        expression(f"{_ABROAD}({src!s}) !== null", bool, src),
        rx.el.a(
            rx.icon("image", size=14, class_name="inline-block mr-1 align-[-2px]"),
            words,
            href=src,
            title=src,
            target="_blank",
            rel=_APART,
        ),
        rx.el.span(words),
    )


@rx.memo
def scrolling_table(children: rx.Var[rx.Component]) -> rx.Component:
    """A table that scrolls in itself when it is wider than the column."""
    return rx.el.div(rx.el.table(children), class_name="scroller", tab_index=0)


@rx.memo
def markdown_block(text: rx.Var[str], growing: rx.Var[bool]) -> rx.Component:
    """One block of markdown; a growing one is closed where its marks are still open."""
    mended = f"{_MEND!s}({text!s}.replace({_HALF}, ''))"
    whole = expression(f"{growing!s} ? {mended} : {text!s}", str, growing, text, _MEND)
    return rx.el.div(
        _ReactMarkdown.create(
            whole,
            remark_plugins=rx.Var.create([_GFM, _MATH]),
            rehype_plugins=rx.Var.create([_BREAKS, _KATEX, _HIGHLIGHT]),
            components={
                "pre": _tag(code_block(rx.fragment(), node={})),
                "a": _tag(safe_link(rx.fragment(), href="")),
                "img": _tag(image_link(src="", alt="")),
                "table": _tag(scrolling_table(rx.fragment())),
            },
        ),
        class_name="block",
    )


def _tag(component: rx.Component) -> rx.Var:
    """The compiled component itself, as react-markdown wants it."""
    imports = {str(component.library): ImportVar(tag=component.tag)}
    return rx.Var(_js_expr=str(component.tag), _var_data=VarData(imports=imports))


def _copy_button() -> rx.Component:
    return rx.el.button(
        rx.icon("copy", size=14, aria_hidden="true"),
        rx.el.span("Copy", class_name="group-data-[copied]:hidden"),
        rx.el.span("Copied", class_name="hidden group-data-[copied]:inline"),
        type="button",
        aria_label="Copy code",
        on_click=copies_code(),
        class_name=(
            "group inline-flex items-center gap-1.5 h-7 px-2.5 rounded-control hover:bg-hover "
            "hover:text-ink transition-colors"
        ),
    )
