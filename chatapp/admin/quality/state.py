"""The handlers of the page about quality. What is shown is in the browser's store."""

from datetime import datetime
from typing import TypedDict

import reflex as rx

from chatapp import controls
from chatapp.accounts.guard import admin_only, current_user
from chatapp.answers import thumb_repository
from chatapp.database import reading
from chatapp.history import quality
from chatapp.history.quality import Quality
from chatapp.pool.changes import FEEDS
from chatapp.ui.store import push

WORDS = 50
"""How many of the last words are shown."""


class MemberQualityView(TypedDict):
    """One member, in words."""

    label: str
    name: str
    cells: list[list[str]]
    """Pairs of a name and a value."""


class WordsView(TypedDict):
    """What somebody said of an answer; nobody is named."""

    at: str
    label: str
    up: bool
    words: str


class QualityView(TypedDict):
    """All that the page shows."""

    days: int
    feeds: bool
    members: list[MemberQualityView]
    words: list[WordsView]


class QualityState(rx.State):
    """What admins do with quality."""

    @admin_only
    @rx.event
    async def load(self) -> None:
        """Show how good each member is."""
        await _show()

    @admin_only
    @rx.event
    async def feed(self, on: bool) -> None:
        """Let quality feed weights, or not."""
        await controls.change(FEEDS, on, current_user().id)
        await quality.feed()
        await _show()


async def _show() -> None:
    members = await quality.by_member()
    async with reading() as session:
        said = await thumb_repository.thumb_words(session, quality.since(), WORDS)
    view: QualityView = {
        "days": quality.DAYS,
        "feeds": FEEDS.value,
        "members": [_member(each) for each in members],
        "words": [_words(*each) for each in said],
    }
    await push({"admin:quality": view})


def _member(found: Quality) -> MemberQualityView:
    ok = found.outcomes.get("ok", 0)
    thumbs = found.up + found.down
    return {
        "label": found.label,
        "name": found.name,
        "cells": [
            ["Asked", f"{found.asked:,}"],
            ["Answered", f"{ok / found.asked:.1%}" if found.asked else "none yet"],
            ["At its limit", f"{found.outcomes.get('rate', 0):,}"],
            ["Failed", f"{found.outcomes.get('fail', 0) + found.outcomes.get('auth', 0):,}"],
            ["First word, p50", _seconds(found.first_word(0.5))],
            ["First word, p95", _seconds(found.first_word(0.95))],
            ["Thumbs", f"{found.up:,} up, {found.down:,} down" if thumbs else "none yet"],
            ["Liked", f"{found.up / thumbs:.0%}" if thumbs else "none yet"],
            ["Weight times", f"{found.factor:g}"],
        ],
    }


def _words(at: datetime, label: str, thumb: int, words: str) -> WordsView:
    return {
        "at": at.isoformat(timespec="seconds"),
        "label": label,
        "up": thumb > 0,
        "words": words,
    }


def _seconds(value: float | None) -> str:
    return "none yet" if value is None else f"{value:,.2f} s"
