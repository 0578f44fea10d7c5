"""The audit as a file for a spreadsheet."""

import csv
import io
from collections.abc import AsyncIterator, Mapping
from urllib.parse import parse_qsl

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
from chatapp.database import now, reading

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
    filters = Asked.of("", parameters, sort="", filters=repository.FILTERS).filters
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
    yield _line(HEADS)
    last: AuditNote | None = None
    while True:
        async with reading() as session:
            query = await repository.notes(session, filters)
            if last is not None:
                same = (col(AuditNote.at) == last.at) & (col(AuditNote.id) < last.id)
                query = query.where((col(AuditNote.at) < last.at) | same)
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


def _line(cells: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([_cell(cell) for cell in cells])
    return text.getvalue()


def _cell(text: str) -> str:
    """A cell that no spreadsheet computes: what would begin a formula is quoted."""
    return f"'{text}" if text.startswith(_FORMULA) else text


routes: list[Route] = [Route(urls.AUDIT_EXPORT, export, methods=["GET"])]
