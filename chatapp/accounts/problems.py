"""What can go wrong with an account, its plain words and its HTTP status."""

from enum import StrEnum


class Problem(StrEnum):
    """Why an account's owner, or somebody who says so, was refused."""

    WRONG = "wrong"
    NOT_NEW = "not-new"
    EMAIL = "email"
    SHORT = "short"
    LONG = "long"
    NAME = "name"
    PENDING = "pending"
    DISABLED = "disabled"
    CLOSED = "closed"
    THROTTLED = "throttled"
    BUSY = "busy"
    WRONG_OLD = "wrong-old"
    SIGNED_OUT = "signed-out"
    AWAY = "away"
    LINK = "link"
    LAST_ADMIN = "last-admin"
    UNSURE = "unsure"
    NO_KEY = "no-key"
    KEY_REFUSED = "key-refused"
    KEY_UNCHECKED = "key-unchecked"


_WORDS = {
    Problem.WRONG: "That e-mail and password do not go together. Please try again.",
    Problem.NOT_NEW: "That did not work. If you already have an account, sign in instead.",
    Problem.EMAIL: "That does not look like an e-mail address. Please check it.",
    Problem.SHORT: "Please choose a password of at least 8 characters.",
    Problem.LONG: "That password is too long. It may have up to 128 characters.",
    Problem.NAME: "That name is too long, or has characters that cannot be shown.",
    Problem.PENDING: "Thank you. An administrator needs to approve the account before you can "
    "sign in.",
    Problem.DISABLED: "This account has been switched off. Please ask an administrator.",
    Problem.CLOSED: "New accounts are not open here. Please ask an administrator for one.",
    Problem.THROTTLED: "There were too many tries. Please wait {wait} and try again.",
    Problem.BUSY: "Many people are signing in right now. Please try again in a few seconds.",
    Problem.WRONG_OLD: "The current password is not right. Nothing was changed.",
    Problem.SIGNED_OUT: "You are signed out. Please sign in again.",
    Problem.AWAY: "The database cannot be reached right now. Nothing was changed. Please try again "
    "in a minute.",
    Problem.LINK: "This link has been used already, or it is too old. Please ask for another one.",
    Problem.LAST_ADMIN: "You are the last administrator, so nothing was deleted. Make somebody "
    "else one first.",
    Problem.UNSURE: "Nothing was deleted. Please tick the box first if you are sure.",
    Problem.NO_KEY: "That does not look like a key. Please copy it once more.",
    Problem.KEY_REFUSED: "The provider does not take this key, so it was not kept. Please check it "
    "there.",
    Problem.KEY_UNCHECKED: "The provider could not be reached to check the key, so it was not "
    "kept. Please try again in a moment.",
}

_STATUS = {
    Problem.WRONG: 401,
    Problem.SIGNED_OUT: 401,
    Problem.PENDING: 403,
    Problem.DISABLED: 403,
    Problem.CLOSED: 403,
    Problem.WRONG_OLD: 403,
    Problem.LINK: 410,
    Problem.LAST_ADMIN: 409,
    Problem.UNSURE: 422,
    Problem.NOT_NEW: 422,
    Problem.EMAIL: 422,
    Problem.SHORT: 422,
    Problem.LONG: 422,
    Problem.NAME: 422,
    Problem.NO_KEY: 422,
    Problem.KEY_REFUSED: 422,
    Problem.KEY_UNCHECKED: 503,
    Problem.THROTTLED: 429,
    Problem.BUSY: 503,
    Problem.AWAY: 503,
}


class Refused(Exception):
    """An account's service said no.

    Attributes:
        problem: why.
        wait: the seconds after which another try makes sense, or 0.
    """

    def __init__(self, problem: Problem, wait: int = 0) -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.wait = wait

    @property
    def status(self) -> int:
        """The HTTP status that says the same."""
        return _STATUS[self.problem]

    @property
    def words(self) -> str:
        """What people read."""
        return words(self.problem, self.wait)


def words(problem: Problem, wait: int = 0) -> str:
    """What people read about a problem."""
    return _WORDS[problem].format(wait=_duration(wait))


def _duration(seconds: int) -> str:
    if seconds <= 1:
        return "a second"
    if seconds < 100:
        return f"{seconds} seconds"
    minutes = -(-seconds // 60)
    return f"{minutes} minutes"
