"""The handler of the page about the audit."""

import reflex as rx

from chatapp import routes
from chatapp.accounts.guard import admin_only
from chatapp.admin import paging
from chatapp.admin.audit import repository
from chatapp.admin.audit.words import NoteView, action_words, names_in, view_of
from chatapp.admin.paging import Asked, Page
from chatapp.audit import repository as notes
from chatapp.audit.models import AuditNote
from chatapp.database import reading
from chatapp.limits.state import zone_here
from chatapp.ui.store import push
from chatapp.zones import zone_of

SORTS = {"at": AuditNote.at}


class AuditState(rx.State):
    """What admins see of the audit."""

    @admin_only
    @rx.event
    async def load(self) -> None:
        """Show the notes that the URL asks for."""
        parameters = self.router.url.query_parameters
        asked = Asked.of(routes.ADMIN_AUDIT, parameters, sort="-at", filters=repository.FILTERS)
        await paging.show("admin:audit", asked, _found(asked), list(SORTS))
        filters = {**asked.filters, "zone": zone_here()}
        export = asked.link(path=routes.AUDIT_EXPORT, sort="", page=0, filters=filters)
        await push({"admin:audit:export": export})


async def _found(asked: Asked) -> Page[NoteView]:
    async with reading() as session:
        kinds = [[each, action_words(each)] for each in await notes.actions(session)]
        await push({"admin:audit:actions": kinds})
        query = await repository.notes(session, asked.filters, zone_of(zone_here()))
        page = await paging.page_of(session, query, asked, SORTS, AuditNote.id)
        names = await names_in(session, page.rows)
    return Page([view_of(note, names) for note in page.rows], page.count)
