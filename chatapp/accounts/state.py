"""What the pages know of the account: a few words, no secret and no id."""

from urllib.parse import quote

import reflex as rx
from reflex_base.event.context import EventContext

from chatapp import routes
from chatapp.accounts import flash, links, service
from chatapp.accounts.forms import local_path
from chatapp.accounts.guard import SignedOut, current_user, public
from chatapp.settings import settings
from chatapp.ui.store import push

FLASH_HEADER = "x-chatapp-flash"
"""The header that the socket gate puts in place of the cookie with the word for this page."""


class AccountState(rx.State):
    """The person of this tab and the word for this page."""

    email: str = ""
    name: str = ""
    is_admin: bool = False

    said: str = ""
    """What went wrong or was done, in plain words."""
    said_is_error: bool = False
    typed_email: str = ""
    onward: str = ""
    """Where to go after signing in, when it is not home."""
    onward_query: str = ""
    """The same as the query of a link between the pages for signing in and up."""
    may_sign_up: bool = True
    is_first: bool = False
    """Whether the next account is the first, which is the administrator's."""

    @rx.event
    def load_account(self) -> None:
        """Show whose account this is, and the word for this page. For pages of signed-in people."""
        user = current_user()
        self.email, self.name, self.is_admin = user.email, user.name, user.is_admin
        self._say()

    @public
    @rx.event
    async def load_sign_in(self) -> rx.event.EventSpec | None:
        """Prepare the pages for signing in and up; who is signed in goes home."""
        try:
            current_user()
        except SignedOut:
            pass
        else:
            return rx.redirect(routes.HOME, replace=True)
        self.is_first = not await service.has_users()
        invite = self.router.url.query_parameters.get("invite", "")[:100]
        invited = bool(invite) and await links.is_invited(invite)
        self.may_sign_up = self.is_first or invited or settings().signup != "closed"
        await push(
            {"account:invite": invite if invited else "", "account:stale": invite and not invited}
        )
        onward = local_path(self.router.url.query_parameters.get("next"))
        self.onward = "" if onward == routes.HOME else onward
        self.onward_query = f"?next={quote(self.onward, safe='/')}" if self.onward else ""
        self._say()
        return None

    @public
    @rx.event
    async def load_reset(self) -> None:
        """Prepare the page for a new password: whether its link works."""
        link = self.router.url.query_parameters.get("link", "")[:100]
        works = bool(link) and await links.whose_reset(link) is not None
        await push({"account:link": link if works else "", "account:link-known": True})
        self._say()

    def _say(self) -> None:
        router_data = EventContext.get().router_data
        word = router_data.get("headers", {}).get(FLASH_HEADER, "")
        found = flash.decoded(word, router_data.get("pathname", ""))
        self.said = found.words if found else ""
        self.said_is_error = bool(found and found.is_error)
        self.typed_email = found.email if found else ""
