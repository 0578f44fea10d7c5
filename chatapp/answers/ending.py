"""What the end of an answer tells the tabs that have read its words: they need not look it up."""

from typing import Any

from chatapp.answers.repository import Outcome
from chatapp.answers.views import made_view
from chatapp.ui.blocks import is_one


def shown(outcome: Outcome, *, unseen: bool) -> dict[str, Any]:
    """Of an outcome that is in the database.

    ``length`` of the text in characters: who has read as many has read it all; ``whole``, when the
    text must be rendered anew as one; ``unseen``, when the chat was marked as holding something
    new; ``made``, as :class:`chatapp.answers.views.MadeView`.
    """
    return {
        "length": len(outcome.text),
        "whole": is_one(outcome.text),
        "unseen": unseen,
        "made": made_view(outcome),
    }
