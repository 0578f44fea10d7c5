"""What the settings page shows of one's own keys: never a key."""

from typing import TypedDict

import reflex as rx

from chatapp.accounts import own_keys
from chatapp.accounts.guard import current_user
from chatapp.pool.own import offers
from chatapp.ui.store import push


class KeyView(TypedDict):
    """A key, as its owner knows it."""

    id: str
    title: str
    ending: str
    use: str
    refused: bool


class OfferView(TypedDict):
    """A provider at which a key can be had."""

    name: str
    title: str


class OwnKeyState(rx.State):
    """The section of own keys. It holds nothing."""

    @rx.event
    async def load(self) -> None:
        """Show which keys there are, and where there may be more."""
        known = offers()
        keys: list[KeyView] = [
            {
                "id": str(key.id),
                "title": known[key.provider].title if key.provider in known else key.provider,
                "ending": key.ending,
                "use": str(key.use),
                "refused": key.refused_at is not None,
            }
            for key in await own_keys.keys(current_user().id)
        ]
        places: list[OfferView] = [
            {"name": offer.name, "title": offer.title} for offer in known.values()
        ]
        await push({"own:keys": keys, "own:offers": places})
