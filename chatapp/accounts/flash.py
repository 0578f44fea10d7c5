"""A word for the next page: carried there in a cookie that lives for a minute."""

import base64
import json
import time
import unicodedata
from dataclasses import asdict, dataclass, field, replace

from pydantic import TypeAdapter

from chatapp.accounts.problems import Problem, words

SECONDS = 60
LONGEST = 2_000
LONGEST_WAIT = 86_400

PASSWORD_CHANGED = "password-changed"  # noqa: S105 - what happened
PASSWORD_RESET = "password-reset"  # noqa: S105 - what happened
ERASED = "erased"
KEY_KEPT = "key-kept"
KEY_CHANGED = "key-changed"
KEY_REMOVED = "key-removed"
_DONE = {
    PASSWORD_CHANGED: "Your password was changed. Other devices are signed out.",
    PASSWORD_RESET: "Your password was changed. Please sign in with it.",
    ERASED: "Your account and everything in it has been deleted.",
    KEY_KEPT: "Your key works and was kept.",
    KEY_CHANGED: "It was noted when your key is used.",
    KEY_REMOVED: "Your key was removed.",
}


@dataclass(frozen=True, slots=True)
class Flash:
    """What to say once on a page.

    Attributes:
        code: a :class:`Problem` or something done.
        page: the path of the page that says it.
        email: what was typed, to be filled in again.
        wait: the seconds to wait, when there were too many tries.
        at: when it happened, in seconds since 1970.
    """

    code: str
    page: str
    email: str = ""
    wait: int = 0
    at: float = field(default_factory=time.time)

    @property
    def words(self) -> str:
        """What people read."""
        return _DONE.get(self.code) or words(Problem(self.code), self.wait)

    @property
    def is_error(self) -> bool:
        """Whether something went wrong."""
        return self.code not in {*_DONE, Problem.PENDING}

    def encoded(self) -> str:
        """The value of the cookie."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode().rstrip("=")


_READ = TypeAdapter(Flash)


def typed(email: str) -> str:
    """A typed e-mail as it may be shown again."""
    return "".join(char for char in email if unicodedata.category(char)[0] != "C")[:254]


def decoded(value: str, page: str | None = None) -> Flash | None:
    """What a cookie says, if it is one of ours, fresh, and for ``page``.

    Anybody can write a cookie; nothing in it is more than a choice among our own words.
    """
    if not value or len(value) > LONGEST:
        return None
    try:
        flash = _READ.validate_json(
            base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)), strict=True
        )
        known = flash.code in _DONE or bool(Problem(flash.code))
    except ValueError:
        return None
    fresh = abs(time.time() - flash.at) <= SECONDS
    if not (fresh and known) or (page is not None and page != flash.page):
        return None
    return replace(flash, email=typed(flash.email), wait=min(flash.wait, LONGEST_WAIT))
