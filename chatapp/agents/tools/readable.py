"""The text of a page, for a model to read.

Linear in the length of the page, whatever is in it, which ``html.parser`` of Python 3.11 is not.
"""

import codecs
import html
import re
from dataclasses import dataclass, field
from urllib.parse import urljoin

LINKS = 30
"""How many links of a page are listed."""

_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9-]{0,30})")
_REST = re.compile(r"(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
_HREF = re.compile(
    r"\bhref\s*=\s*(?:\"([^\"]{1,2000})\"|'([^']{1,2000})'|([^\s\"'>]{1,2000}))", re.IGNORECASE
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w-]{2,30})", re.IGNORECASE)

_RAW = {"script", "style", "noscript", "textarea", "iframe", "title", "template", "svg", "math"}
"""What is skipped up to its end, whatever is in it."""
_ASIDE = {"nav", "footer", "aside"}
"""What is around the text of a page."""
_BLOCKS = (
    "p div section article main header ul ol dl dt dd table tr blockquote pre form figure "
    "figcaption hr address details summary fieldset body"
)
_BEFORE = {
    **dict.fromkeys(_BLOCKS.split(), "\n"),
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "\n\n## "),
    "li": "\n- ",
    "br": "\n",
    "td": " | ",
    "th": " | ",
}
_ENOUGH = 200
"""With fewer characters than this, what is around the text is part of it."""

_CHARSETS = {
    codecs.lookup(name).name
    for name in (
        *("ascii", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "koi8-r", "koi8-u"),
        *("shift_jis", "cp932", "euc_jp", "iso2022_jp", "euc_kr", "cp949"),
        *("gbk", "gb2312", "gb18030", "big5", "tis-620", "mac-roman"),
        *(f"iso8859-{number}" for number in range(1, 17) if number != 12),
        *(f"cp125{number}" for number in range(9)),
    )
}
"""Those of pages. Others of Python's codecs are slow on purpose-made input, or are no text."""


@dataclass(slots=True)
class Page:
    """What there is to read."""

    title: str = ""
    text: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)
    """Words and addresses, at most ``LINKS``."""


def decoded(body: bytes, charset: str) -> str:
    """The text of a body; an unknown charset counts as UTF-8."""
    if not charset and (found := _CHARSET.search(body[:2048])):
        charset = found[1].decode("ascii", "replace")
    try:
        name = codecs.lookup(charset or "utf-8").name
    except (LookupError, ValueError):
        name = "utf-8"
    return body.decode(name if name in _CHARSETS else "utf-8", "replace")


def readable(page: str, url: str) -> Page:
    """The title, the text and the links of a page that is at ``url``."""
    found = _Scan(page, url, _ASIDE).page()
    return found if len(found.text) >= _ENOUGH else _Scan(page, url, set()).page()


class _Scan:
    """One walk through a page."""

    def __init__(self, source: str, url: str, aside: set[str]) -> None:
        self._source = source
        self._url = url
        self._aside = aside
        self._parts: list[str] = []
        self._found = Page()
        self._within: tuple[str, int] | None = None
        """The element around the text that is being skipped, and how deep."""
        self._link: tuple[str, int] | None = None
        self._kept = False
        """Whether lines are those of the source, as in ``pre``."""
        self._quotes = True
        """Whether the quotes of attributes can be relied on."""

    def page(self) -> Page:
        source, place = self._source, 0
        while (begins := source.find("<", place)) >= 0:
            self._say(source[place:begins])
            place = self._after(begins)
            if place < 0:
                break
        else:
            self._say(source[place:])
        self._found.text = _tidy("".join(self._parts))
        return self._found

    def _after(self, begins: int) -> int:
        """Where the text goes on after what begins with ``<``; negative: nowhere."""
        source = self._source
        if source.startswith("<!--", begins):
            ends = source.find("-->", begins + 4)
            return ends + 3 if ends >= 0 else -1
        if source[begins + 1 : begins + 2] in ("!", "?"):
            ends = source.find(">", begins)
            return ends + 1 if ends >= 0 else -1
        tag = _TAG.match(source, begins)
        if tag is None:
            self._say("<")
            return begins + 1
        ends = self._end_of_tag(tag.end())
        if ends < 0:
            return -1
        name = tag[1].lower()
        if source[begins + 1] == "/":
            self._closed(name)
            return ends
        if name in _RAW:
            return self._skipped(name, ends)
        self._opened(name, source[tag.end() : ends])
        return ends

    def _end_of_tag(self, place: int) -> int:
        if self._quotes:
            if found := _REST.match(self._source, place):
                return found.end()
            # A quote is never closed: from here on they mean nothing.
            self._quotes = False
        ends = self._source.find(">", place)
        return ends + 1 if ends >= 0 else -1

    def _skipped(self, name: str, place: int) -> int:
        closing = re.compile(f"</{name}", re.IGNORECASE).search(self._source, place)
        if closing is None:
            return -1
        if name == "title" and not self._found.title:
            self._found.title = _line(html.unescape(self._source[place : closing.start()]))[:200]
        ends = self._source.find(">", closing.end())
        return ends + 1 if ends >= 0 else -1

    def _opened(self, name: str, attributes: str) -> None:
        if self._within is not None:
            if name == self._within[0]:
                self._within = (name, self._within[1] + 1)
            return
        if name in self._aside:
            self._within = (name, 1)
            return
        if name == "a" and len(self._found.links) < LINKS and (at := _HREF.search(attributes)):
            self._link = (at[1] or at[2] or at[3], len(self._parts))
        self._kept = self._kept or name == "pre"
        if before := _BEFORE.get(name):
            self._parts.append(before)

    def _closed(self, name: str) -> None:
        if self._within is not None:
            if name == self._within[0]:
                depth = self._within[1] - 1
                self._within = (name, depth) if depth else None
            return
        self._kept = self._kept and name != "pre"
        if name == "a" and self._link is not None:
            href, since = self._link
            self._link = None
            self._linked(href, _line(html.unescape("".join(self._parts[since:]))))
        elif name in _BEFORE and name not in ("td", "th", "br"):
            self._parts.append("\n")

    def _linked(self, href: str, words: str) -> None:
        try:
            address = urljoin(self._url, html.unescape(href).strip())
        except ValueError:
            return
        known = {each for _, each in self._found.links}
        if words and address.startswith(("http://", "https://")) and address not in known:
            self._found.links.append((words[:100], address))

    def _say(self, text: str) -> None:
        if text and self._within is None:
            self._parts.append(text if self._kept else text.replace("\n", " "))


def _line(text: str) -> str:
    return " ".join(text.split())


def _tidy(text: str) -> str:
    lines: list[str] = []
    for line in html.unescape(text).splitlines():
        words = _line(line).strip("| ")
        if words in ("", "-", "##"):
            words = ""
        if words or (lines and lines[-1]):
            lines.append(words)
    return "\n".join(lines).strip()
