"""The theme: every colour, size, radius, shadow and motion of the pages, as tokens.

Tailwind's classes (``bg-panel``, ``text-muted``, ``rounded-card``) name these tokens; their values
are CSS variables, so that light and dark are one set of classes.
"""

from pathlib import Path
from typing import Any

from reflex.plugins import Plugin
from reflex_base.plugins.shared_tailwind import TailwindConfig

LIGHT = {
    "ground": "#fdfcfb",
    "panel": "#f6f4f1",
    "sunken": "#f0ede8",
    "hover": "#e9e5df",
    "line": "#e2ddd5",
    "edge": "#8f887d",
    "ink": "#1f1d1a",
    "muted": "#655f56",
    "accent": "#0b6b63",
    "accent-strong": "#08534d",
    "on-accent": "#ffffff",
    "danger": "#a8281d",
    "danger-soft": "#fbecea",
    "mark": "#fff0b3",
    "code-keyword": "#8a2d6b",
    "code-string": "#1e6b3a",
    "code-number": "#9a4a06",
    "code-name": "#1d5a9e",
    "code-comment": "#6b655c",
}

DARK = {
    "ground": "#1c1b19",
    "panel": "#161513",
    "sunken": "#262421",
    "hover": "#2f2c28",
    "line": "#37332e",
    "edge": "#7d766b",
    "ink": "#edeae5",
    "muted": "#a8a197",
    "accent": "#62c6bb",
    "accent-strong": "#86d8cf",
    "on-accent": "#06231f",
    "danger": "#f3a198",
    "danger-soft": "#3a211e",
    "mark": "#5c4d12",
    "code-keyword": "#e79bc9",
    "code-string": "#8fd3a4",
    "code-number": "#efb27a",
    "code-name": "#8fc1f5",
    "code-comment": "#9a9388",
}

SANS = '"Inter", ui-sans-serif, system-ui, sans-serif'
MONO = '"JetBrains Mono", ui-monospace, "Cascadia Mono", monospace'

COLUMN = "46rem"
"""The width of the reading column."""

SIDEBAR = "272px"

MOTION = "150ms"

_RANGES = {
    "latin": "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,"
    "U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD",
    "latin-ext": "U+0100-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,U+1D00-1DBF,"
    "U+1E00-1E9F,U+1EF2-1EFF,U+2020,U+20A0-20AB,U+20AD-20C0,U+2113,U+2C60-2C7F,U+A720-A7FF",
    "cyrillic": "U+0301,U+0400-045F,U+0490-0491,U+04B0-04B1,U+2116",
    "greek": "U+0370-0377,U+037A-037F,U+0384-038A,U+038C,U+038E-03A1,U+03A3-03FF",
}

_FONTS = [("Inter", "inter", name) for name in _RANGES] + [
    ("JetBrains Mono", "jetbrains-mono", name) for name in ("latin", "latin-ext")
]


def tailwind() -> TailwindConfig:
    """Tailwind's configuration: its names for the tokens."""
    return {
        "darkMode": "class",
        "theme": {
            "extend": {
                "colors": {name: f"var(--{name})" for name in LIGHT},
                "fontFamily": {"sans": SANS, "mono": MONO},
                "borderRadius": {"control": "0.625rem", "card": "1rem", "bubble": "1.25rem"},
                "boxShadow": {
                    "raised": "0 1px 2px rgb(0 0 0 / 0.06), 0 6px 24px rgb(0 0 0 / 0.07)",
                },
                "maxWidth": {"column": COLUMN},
                "width": {"sidebar": SIDEBAR},
                "transitionDuration": {"DEFAULT": MOTION},
                "transitionTimingFunction": {"DEFAULT": "ease-out"},
            },
        },
        "plugins": [],
    }


def stylesheet() -> str:
    """The variables of both themes, the fonts and what holds for the whole page."""
    fonts = "\n".join(
        f"@font-face {{ font-family: '{family}'; font-weight: 100 900; font-display: swap; "
        f"src: url('/fonts/{file}-{part}.woff2') format('woff2'); "
        f"unicode-range: {_RANGES[part]}; }}"
        for family, file, part in _FONTS
    )
    frame = {"sans": SANS, "mono": MONO, "motion": MOTION}
    page = Path(__file__).with_name("page.css").read_text()
    return (
        f"{fonts}\n:root {{ {_variables(frame | LIGHT)} }}\n.dark {{ {_variables(DARK)} }}\n{page}"
    )


def _variables(colours: dict[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in colours.items())


class ThemePlugin(Plugin):
    """Ships the theme's stylesheet with the pages."""

    def get_static_assets(self, **_context: Any) -> list[tuple[Path, str]]:
        """The stylesheet, written beside Reflex's own."""
        return [(Path("styles") / "chatapp.css", stylesheet())]

    def get_stylesheet_paths(self, **_context: Any) -> list[str]:
        """What the root stylesheet imports."""
        return ["./chatapp.css"]
