"""The audit as a file for a spreadsheet. Its times are UTC; its days are those of who asks."""

import csv
import io
from collections.abc import AsyncIterator, Mapping
from urllib.parse import parse_qsl

from sqlalchemy import ColumnElement, literal, tuple_
from sqlmodel import col
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from chatapp import audit
from chatapp import routes as urls
from chatapp.accounts.address import client_address
from chatapp.accounts.endpoints import signed_in
from chatapp.accounts.problems import Refused
from chatapp.admin.audit import repository
from chatapp.admin.audit.words import names_in, view_of
from chatapp.admin.paging import Asked
from chatapp.audit.models import AuditNote
from chatapp.database import Moment, now, reading
from chatapp.zones import zone_of

BATCH = 500
"""How many notes are looked up at once."""

HEADS = ("at (UTC)", "action", "by", "subject", "address", "what", "before", "after")

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


async def export(request: Request) -> Response:
    """The notes that the URL asks for; for others than admins there is no such address."""
    try:
        user = await signed_in(request)
    except Refused:
        user = None
    if user is None or not user.is_admin:
        return PlainTextResponse("There is no such page.", 404)
    parameters = dict(parse_qsl(request.url.query, max_num_fields=20))
    asked = Asked.of("", parameters, sort="", filters=(*repository.FILTERS, "zone"))
    filters = asked.filters
    audit.coming_from(client_address(request.scope))
    await audit.record("audit.exported", by=user.id, after=dict(filters))
    return StreamingResponse(
        _lines(filters),
        media_type="text/csv; charset=utf-8",
        headers={
            "content-disposition": f'attachment; filename="audit-{now():%Y-%m-%d}.csv"',
            "cache-control": "no-store",
        },
    )


async def _lines(filters: Mapping[str, str]) -> AsyncIterator[str]:
    zone = zone_of(filters.get("zone", ""))
    yield _line(HEADS)
    last: AuditNote | None = None
    while True:
        async with reading() as session:
            query = await repository.notes(session, filters, zone)
            if last is not None:
                query = query.where(_older_than(last))
            order = (col(AuditNote.at).desc(), col(AuditNote.id).desc())
            found = (await session.exec(query.order_by(*order).limit(BATCH))).all()
            names = await names_in(session, found)
        for note in found:
            view = view_of(note, names)
            for what, before, after in view["changes"] or [["", "", ""]]:
                who = (view["by"], view["subject"], view["address"])
                yield _line((view["at"], note.action, *who, what, before, after))
        if len(found) < BATCH:
            return
        last = found[-1]


def _older_than(note: AuditNote) -> ColumnElement[bool]:
    # As one comparison, which the index answers however far back it is.
    here = literal(note.at, Moment()), literal(note.id)
    return tuple_(col(AuditNote.at), col(AuditNote.id)) < tuple_(*here)


def _line(cells: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([_cell(cell) for cell in cells])
    return text.getvalue()


def _cell(text: str) -> str:
    """A cell that no spreadsheet computes: what would begin a formula is quoted."""
    return f"'{text}" if text.startswith(_FORMULA) else text


routes: list[Route] = [Route(urls.AUDIT_EXPORT, export, methods=["GET"])]
