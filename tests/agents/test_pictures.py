"""Pictures of agents: small and plain, seen by those who see the agent, gone when it is gone."""

from base64 import b64decode
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from sqlmodel import select

from chatapp.accounts.models import Role, User
from chatapp.agents import belongings, editing, pictures, repository
from chatapp.agents.editing import ALL, AgentRefused, Draft
from chatapp.agents.models import AgentPicture
from chatapp.agents.pictures import SIDE, Unfit, portrait
from chatapp.database import now, reading, transaction


def drawn(kind: str = "PNG", size: tuple[int, int] = (300, 200), **options: Any) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, *size))
    made = BytesIO()
    image.save(made, kind, **options)
    return made.getvalue()


def turned() -> bytes:
    """A photograph that is to be turned by 180°, with a place in its notes."""
    notes = Image.Exif()
    notes[0x0112] = 3
    notes[0x010E] = "48.1 N, 11.6 E"
    return drawn("JPEG", exif=notes)


def colour(data: bytes, x: int) -> tuple[int, ...]:
    with Image.open(BytesIO(data)) as image:
        pixel = image.convert("RGB").getpixel((x, SIDE // 2))
    assert isinstance(pixel, tuple)
    return tuple(round(part / 255) for part in pixel)


RED, BLUE = (1, 0, 0), (0, 0, 1)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_whatever_is_given_becomes_a_small_square(kind: str) -> None:
    made = portrait(drawn(kind, (900, 500)))
    with Image.open(BytesIO(made)) as image:
        assert (image.format, image.size) == ("WEBP", (SIDE, SIDE))
    assert (colour(made, 10), colour(made, SIDE - 10)) == (RED, BLUE)
    assert len(made) < 10_000


def test_a_photograph_stands_upright_and_does_not_tell_where_it_was_taken() -> None:
    made = portrait(turned())
    assert (colour(made, 10), colour(made, SIDE - 10)) == (BLUE, RED)
    assert b"11.6 E" in turned()
    assert b"11.6 E" not in made
    with Image.open(BytesIO(made)) as image:
        assert not image.getexif()


BROKEN = {
    "nothing": b"",
    "words": b"<html><script>alert(1)</script>",
    "a drawing": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "another kind": drawn("GIF"),
    "one that ends too early": drawn()[:100],
    "one that claims to be one": b"\x89PNG\r\n\x1a\n" + b"<script>alert(1)</script>" * 9,
    "one with too many pixels": drawn("PNG", (5_000, 5_000)),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_no_picture_or_too_large_is_refused_in_words(what: str) -> None:
    with pytest.raises(Unfit) as refused:
        portrait(BROKEN[what])
    assert str(refused.value).endswith(".")


async def saved(user_id: UUID, name: str = "Poet", audience: str = editing.ME) -> tuple[UUID, UUID]:
    picture = await pictures.keep(user_id, drawn())
    return await editing.create(user_id, Draft(name, picture=picture), audience), picture


async def kept() -> int:
    async with reading() as session:
        return len((await session.exec(select(AgentPicture.id))).all())


async def test_it_is_seen_by_those_who_see_its_agent_and_by_nobody_else(
    ada: UUID, eve: UUID
) -> None:
    loose = await pictures.keep(ada, drawn())
    _, own = await saved(ada)
    for picture in (loose, own):
        assert await pictures.read(ada, picture)
        assert await pictures.read(eve, picture) is None
        with pytest.raises(AgentRefused, match="no longer there"):
            await editing.create(eve, Draft("Thief", picture=picture))
    async with transaction() as session:
        (await session.get_one(User, ada)).role = Role.ADMIN
    shared, picture = await saved(ada, "House style", ALL)
    assert await pictures.read(eve, picture)
    with pytest.raises(AgentRefused, match="no longer there"):
        await editing.create(eve, Draft("Thief", picture=picture))
    copy = await editing.duplicate(eve, shared)
    await editing.delete(ada, shared)
    assert await pictures.read(eve, picture) is None
    async with reading() as session:
        found = await repository.agent(session, eve, copy)
    assert found
    assert found.picture
    assert found.picture != picture
    assert await pictures.read(eve, found.picture)
    await editing.restore(ada, shared)
    assert await pictures.read(eve, picture)


async def test_none_is_left_of_what_was_replaced_removed_or_never_saved(ada: UUID) -> None:
    agent_id, first = await saved(ada)
    await editing.change(ada, agent_id, Draft("Poet", picture=first, description="Rhymes."))
    assert await pictures.read(ada, first)
    second = await pictures.keep(ada, drawn())
    await editing.change(ada, agent_id, Draft("Poet", picture=second))
    assert await pictures.read(ada, first) is None
    assert await kept() == 1
    await editing.change(ada, agent_id, Draft("Poet"))
    assert await kept() == 0
    await pictures.keep(ada, drawn())
    await pictures.purge()
    assert await kept() == 1
    async with transaction() as session:
        await repository.purge_pictures(session, now())
    assert await kept() == 0


async def test_who_leaves_takes_theirs_along_and_has_a_copy_of_them(ada: UUID, eve: UUID) -> None:
    await saved(eve)
    await pictures.keep(ada, drawn())
    _, picture = await saved(ada)
    data = await pictures.read(ada, picture)
    async with reading() as session:
        copy = await belongings.export(session, ada)
    kind, _, encoded = copy["agents"][0]["picture"].partition(";base64,")
    assert (kind, b64decode(encoded)) == ("data:image/webp", data)
    async with transaction() as session:
        await belongings.forget(session, ada)
    assert await kept() == 1
