"""Pictures of agents: made small and plain, and seen by those who see their agent."""

import asyncio
from datetime import timedelta
from functools import cache
from io import BytesIO
from uuid import UUID

from chatapp.agents import repository
from chatapp.database import now, reading, transaction

TYPE = "image/webp"
"""What is kept, whatever was given."""

FORMATS = ("PNG", "JPEG", "WEBP")

LARGEST = 1_000_000
"""The most bytes of a picture that is taken."""

MOST_PIXELS = 6_000_000
"""The most that one may have, so that little bytes do not become much memory."""

SIDE = 192
"""The pixels of a side of what is kept."""

LOOSE = timedelta(days=1)
"""How long a picture waits for its agent to be saved."""

NOT_ONE = "This is no picture that can be read: PNG, JPEG and WebP are."
TOO_WIDE = f"The picture has too many pixels: {MOST_PIXELS // 1_000_000} million are possible."


class Unfit(Exception):
    """A picture that is not taken. ``str()`` of it says why, in plain words."""


async def keep(user_id: UUID, raw: bytes) -> UUID:
    """Keep a picture for an agent that a person is about to save. Its id.

    Raises:
        Unfit: it is no picture, or too large a one.
    """
    # One at a time: each takes its time and its memory.
    async with _one():
        data = await asyncio.to_thread(portrait, raw)
    async with transaction() as session:
        return await repository.add_picture(session, user_id, data)


async def read(user_id: UUID, picture_id: UUID) -> bytes | None:
    """A picture that a person may see; None: there is none."""
    async with reading() as session:
        return await repository.picture(session, user_id, picture_id)


async def purge() -> None:
    """Remove pictures whose agents were never saved."""
    async with transaction() as session:
        await repository.purge_pictures(session, now() - LOOSE)


def portrait(raw: bytes) -> bytes:
    """The middle of a picture as a small square, with nothing in it but what is seen.

    Raises:
        Unfit: it is no picture, or too large a one.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(BytesIO(raw), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Unfit(TOO_WIDE)
            image.draft("RGB", (2 * SIDE, 2 * SIDE))
            upright = ImageOps.exif_transpose(image)
            small = ImageOps.fit(upright.convert("RGBA"), (SIDE, SIDE))
        # Where it was taken, and with what, is nobody's business.
        small.info.clear()
        kept = BytesIO()
        small.save(kept, "WEBP", quality=85)
    except Unfit:
        raise
    except Exception:
        # What a broken file raises is the decoder's own affair, and of many kinds.
        raise Unfit(NOT_ONE) from None
    return kept.getvalue()


@cache
def _one() -> asyncio.Semaphore:
    return asyncio.Semaphore(1)
