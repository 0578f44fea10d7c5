"""What an operator does on the command line: the basics of the admin pages, noted in the audit."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TextIO

from sqlalchemy.exc import SQLAlchemyError

from chatapp import audit, database, redis, routes
from chatapp.accounts import links, people, repository
from chatapp.accounts.emails import normalise
from chatapp.accounts.models import Role, User, UserStatus
from chatapp.accounts.people import LastAdmin
from chatapp.admin.repository import totals
from chatapp.database import reading, transaction
from chatapp.personal.export import export
from chatapp.settings import settings

LAST = "This is the last administrator. Make somebody else one first."

NO_PASSWORD = "none"  # noqa: S105 - a hash that no password has


class Impossible(Exception):
    """What was asked for cannot be done. ``str()`` of it says why."""


def run(arguments: argparse.Namespace) -> int:
    """Do one of them; the exit code says whether it was done: 0, else 1."""
    try:
        said = asyncio.run(_run(arguments))
    except Impossible as reason:
        print(reason, file=sys.stderr)
        return 1
    except SQLAlchemyError as error:
        print(f"The database does not answer: {type(error).__name__}.", file=sys.stderr)
        return 1
    print(said)
    return 0


async def _run(arguments: argparse.Namespace) -> str:
    try:
        if arguments.act == "stats":
            return await _stats()
        if arguments.act == "export":
            return await _export(arguments.email, arguments.file)
        acts: dict[str, Callable[[str], Awaitable[str]]] = {
            "make": _make,
            "reset-password": _reset,
            "disable": _disable,
            "enable": _enable,
        }
        return await acts[arguments.act](arguments.email)
    finally:
        await redis.close()
        await database.close()


async def _make(email: str) -> str:
    address = _address(email)
    async with reading() as session:
        user = await repository.user_by_email(session, address)
    if user is not None:
        if user.status != UserStatus.ACTIVE:
            await people.set_status(None, user.id, UserStatus.ACTIVE)
        await people.set_role(None, user.id, Role.ADMIN)
        return f"{address} is an administrator."
    made = User(email=address, role=Role.ADMIN, password_hash=NO_PASSWORD)
    async with transaction() as session:
        user = await repository.add_user(session, made, closed=False)
        after = {"role": Role.ADMIN, "status": UserStatus.ACTIVE}
        who = audit.of_person(made.id)
        await audit.note(session, "person.made", by=None, subject=who, after=after)
    return f"{address} is an administrator. {await _link(made)}"


async def _reset(email: str) -> str:
    return await _link(await _person(email))


async def _link(user: User) -> str:
    path = routes.password_reset(await links.reset(None, user.id))
    home = str(settings().public_url or f"http://{settings().host}:{settings().port}").rstrip("/")
    return f"The password is chosen here, once, within 24 hours:\n{home}{path}"


async def _disable(email: str) -> str:
    user = await _person(email)
    try:
        await people.set_status(None, user.id, UserStatus.DISABLED)
    except LastAdmin:
        raise Impossible(LAST) from None
    return f"{user.email} is switched off and signed out everywhere."


async def _enable(email: str) -> str:
    user = await _person(email)
    await people.set_status(None, user.id, UserStatus.ACTIVE)
    return f"{user.email} may sign in."


async def _export(email: str, file: Path) -> str:
    user = await _person(email)
    try:
        with _new_file(file) as writing:
            async for part in export(user.id, None):
                writing.write(part)
    except OSError as error:
        raise Impossible(f"{file} cannot be written: {error.strerror}.") from None
    return f"All that is of {user.email} is in {file}."


def _new_file(file: Path) -> TextIO:
    # Nobody else on this machine is to read it.
    file.touch(mode=0o600, exist_ok=False)
    return file.open("w", encoding="utf-8")


async def _stats() -> str:
    async with reading() as session:
        found = await totals(session)
    lines = (
        ("People", found.people),
        ("Waiting for approval", found.waiting),
        ("Chats", found.chats),
        ("Questions", found.questions),
    )
    return "\n".join(f"{label + ':':<22}{number:>12,}" for label, number in lines)


async def _person(email: str) -> User:
    address = _address(email)
    async with reading() as session:
        user = await repository.user_by_email(session, address)
    if user is None:
        raise Impossible(f"Nobody has the e-mail {address}.")
    return user


def _address(email: str) -> str:
    try:
        return normalise(email)
    except ValueError:
        raise Impossible(f"{email} is not an e-mail address.") from None
