"""Noting what was done."""

import hmac
import logging
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.audit.contents import kept
from chatapp.audit.models import AuditNote
from chatapp.database import transaction
from chatapp.secret import key_for
from chatapp.statement import insert_rows, new_row

logger = logging.getLogger(__name__)

_address: ContextVar[str] = ContextVar("audit_address", default="")


def coming_from(address: str) -> None:
    """Let what the rest of this task does have been done from an address."""
    _address.set(address)


async def note(
    session: AsyncSession,
    action: str,
    *,
    by: UUID | None,
    subject: str = "",
    before: Any = None,
    after: Any = None,
    address: str | None = None,
) -> None:
    """Write down what is being done, in the transaction that does it.

    Args:
        session: an open transaction.
        action: what, in parts: ``domain.done``.
        by: who; None for the command line and for who is not signed in.
        subject: to whom or what: a kind and a name, as :func:`of_person` makes it.
        before: what it was; of two mappings only what differs is kept, and no secret.
        after: what it is.
        address: from where; None: from where this task's request comes.
    """
    left, right = kept(before, after)
    where = _address.get() if address is None else address
    said = {"action": action, "by": by, "subject": subject, "address": where}
    await insert_rows(session, new_row(AuditNote, **said, before=left, after=right))


async def record(
    action: str,
    *,
    by: UUID | None,
    subject: str = "",
    before: Any = None,
    after: Any = None,
    address: str | None = None,
) -> None:
    """Write down what changed nothing in the database; when that is away, the log has it."""
    try:
        async with transaction() as session:
            await note(
                session,
                action,
                by=by,
                subject=subject,
                before=before,
                after=after,
                address=address,
            )
    except SQLAlchemyError as error:
        logger.warning("Not in the audit: %s %s (%s)", action, subject, type(error).__name__)


def of_person(user_id: UUID) -> str:
    """The subject that is a person."""
    return f"person:{user_id}"


def account(email: str) -> str:
    """The subject that is the account of an e-mail, whether or not there is one.

    Made with the installation's secret: it leads from an e-mail to the notes, and not back.
    """
    digest = hmac.digest(key_for("audit"), email.encode("utf-8", "replace"), "sha256")
    return f"account:{digest.hex()[:16]}"
