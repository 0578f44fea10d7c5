"""Signing up, signing in, and the password.

What a stranger can learn: a wrong password and an unknown e-mail get the same words after the same
work. Whether an account waits for approval or is switched off is told only to who knows its
password. Sign-up with an e-mail that has an account signs in when the password is right. With a
wrong one it says, in the mode ``approval``, just what it says to a new person, so nothing can be
learned; in the mode ``open`` a new account signs in at once and there is no e-mail to confirm, so
that sign-up did *not* go through is visible, in neutral words, after the same hashing, and paid
for like a wrong password.
"""

import unicodedata

from sqlalchemy.exc import IntegrityError

from chatapp import audit
from chatapp.accounts import emails, links, passwords, repository, sessions, throttle
from chatapp.accounts.identity import CurrentUser
from chatapp.accounts.models import User, UserStatus
from chatapp.accounts.problems import Problem, Refused
from chatapp.accounts.sessions import SignedIn, Visit
from chatapp.accounts.throttle import Attempt
from chatapp.database import reading, transaction
from chatapp.settings import settings

_NOBODY = "nobody"
"""No address, so that no account has it."""


def _name(text: str) -> str:
    name = unicodedata.normalize("NFC", text).strip()
    if len(name) > 100 or any(unicodedata.category(char)[0] == "C" for char in name):
        raise Refused(Problem.NAME)
    return name


def _password(text: str, *, new: bool) -> str:
    try:
        return passwords.prepare(text, new=new)
    except passwords.TooLong as error:
        raise Refused(Problem.LONG) from error
    except passwords.TooShort as error:
        raise Refused(Problem.SHORT) from error


async def _right(user: User | None, password: str, attempt: Attempt) -> bool:
    """Whether this is the user's password; a try is paid for only when it was looked at."""
    try:
        right = await passwords.matches(user.password_hash if user else None, password)
    except passwords.Busy as error:
        await attempt.give_back()
        raise Refused(Problem.BUSY) from error
    if right:
        await attempt.succeeded()
    return right


async def _hash(password: str, attempt: Attempt) -> str:
    try:
        return await passwords.make_hash(password)
    except passwords.Busy as error:
        await attempt.give_back()
        raise Refused(Problem.BUSY) from error


async def sign_up(
    email: str,
    password: str,
    name: str,
    visit: Visit,
    replaces: str | None = None,
    invite: str = "",
) -> SignedIn:
    """Make an account and sign in. The first account is the active admin, whatever the mode.

    Args:
        email: as typed.
        password: as typed.
        name: as typed; may be empty.
        visit: where the person is.
        replaces: the session token that this browser had; that session ends.
        invite: the token of an invitation, which opens any mode to a new person.

    Raises:
        Refused: with ``PENDING`` when the account was made and waits for approval.
    """
    mode = "open" if invite else settings().signup
    if mode == "closed" and await has_users():
        raise Refused(Problem.CLOSED)
    try:
        address = emails.normalise(email)
    except ValueError as error:
        raise Refused(Problem.EMAIL) from error
    name, password = _name(name), _password(password, new=True)
    await throttle.sign_up(visit.address)
    if invite and not await links.is_invited(invite, address):
        raise Refused(Problem.LINK)
    attempt = await throttle.attempt(address, visit.address)
    user = await _user(address)
    if user is None:
        status = UserStatus.ACTIVE if mode == "open" else UserStatus.PENDING
        password_hash = await _hash(password, attempt)
        wanted = User(email=address, name=name, password_hash=password_hash, status=status)
        try:
            async with transaction() as session:
                user = await repository.add_user(session, wanted, closed=mode == "closed")
                if user and invite and not await links.accept(session, invite, user):
                    raise Refused(Problem.LINK)  # somebody was quicker: nothing is made
                if user:
                    after = {"role": user.role, "status": user.status}
                    who = audit.of_person(user.id)
                    await audit.note(session, "person.made", by=user.id, subject=who, after=after)
        except IntegrityError as error:
            raise Refused(_not_new(mode)) from error
        if user is None:
            raise Refused(Problem.CLOSED)
        await attempt.succeeded()
    elif not await _right(user, password, attempt):
        raise Refused(_not_new(mode))
    return await _come_in(user, visit, replaces)


def _not_new(mode: str) -> Problem:
    """What is said at sign-up when the e-mail has an account with another password."""
    return Problem.PENDING if mode == "approval" else Problem.NOT_NEW


async def sign_in(email: str, password: str, visit: Visit, replaces: str | None = None) -> SignedIn:
    """Sign in with an e-mail and a password.

    Args:
        email: as typed.
        password: as typed.
        visit: where the person is.
        replaces: the session token that this browser had; that session ends.

    Raises:
        Refused: with the reason that may be told.
    """
    prepared = _password(password, new=False)
    try:
        address = emails.normalise(email)
    except ValueError:
        address = None
    # What is no address is tried like one that nobody has.
    attempt = await throttle.attempt(address or email[:1000], visit.address)
    user = await _user(address or _NOBODY)
    if not await _right(user, prepared, attempt) or user is None:
        # By the e-mail that was tried: the same is noted whether or not somebody has it.
        failed = audit.account(address or email[:1000])
        await audit.record("person.sign-in-failed", by=None, subject=failed)
        raise Refused(Problem.WRONG)
    new_hash = None
    if user.status == UserStatus.ACTIVE and passwords.outdated(user.password_hash):
        new_hash = await _hash(prepared, attempt)
    return await _come_in(user, visit, replaces, new_hash)


async def _come_in(
    user: User, visit: Visit, replaces: str | None, new_hash: str | None = None
) -> SignedIn:
    if user.status == UserStatus.PENDING:
        raise Refused(Problem.PENDING)
    if user.status != UserStatus.ACTIVE:
        raise Refused(Problem.DISABLED)
    if signed_in := await sessions.begin(user, visit, replaces=replaces, new_hash=new_hash):
        return signed_in
    raise Refused(Problem.WRONG)


async def change_password(user: CurrentUser, old: str, new: str, visit: Visit) -> SignedIn:
    """Change a password; all sessions end and the own one begins anew.

    Raises:
        Refused: with the reason; nothing was changed.
    """
    old, new = _password(old, new=False), _password(new, new=True)
    attempt = await throttle.attempt(user.email, visit.address)
    found = await _user(user.email)
    if not await _right(found, old, attempt) or found is None:
        raise Refused(Problem.WRONG_OLD)
    new_hash = await _hash(new, attempt)
    changed = "person.password-changed"
    if signed_in := await sessions.begin(
        found, visit, new_hash=new_hash, end_others=True, action=changed
    ):
        return signed_in
    raise Refused(Problem.SIGNED_OUT)


async def reset_password(token: str, new: str, visit: Visit) -> None:
    """Choose a new password by a one-time link; all sessions end.

    Raises:
        Refused: with the reason; nothing was changed.
    """
    new = _password(new, new=True)
    # What is tried is paid for like a password: tokens cannot be guessed, and hashing is dear.
    attempt = await throttle.attempt(f"link {token[:100]}", visit.address)
    if await links.whose_reset(token) is None:
        raise Refused(Problem.LINK)
    if not await links.use_reset(token, await _hash(new, attempt)):
        raise Refused(Problem.LINK)
    await attempt.give_back()


async def check_password(user: CurrentUser, password: str, visit: Visit) -> None:
    """Let a person prove that it is them, before what cannot be undone.

    Raises:
        Refused: with the reason.
    """
    prepared = _password(password, new=False)
    attempt = await throttle.attempt(user.email, visit.address)
    if not await _right(await _user(user.email), prepared, attempt):
        raise Refused(Problem.WRONG_OLD)


async def _user(email: str) -> User | None:
    async with reading() as session:
        return await repository.user_by_email(session, email)


async def has_users() -> bool:
    """Whether anybody has an account yet."""
    async with reading() as session:
        return await repository.anyone(session)
