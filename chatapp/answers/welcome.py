"""What the empty screen says: a greeting, and questions to begin with."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from chatapp.controls import Control

LONGEST_GREETING = 80
LONGEST_TITLE = 24
LONGEST_QUESTION = 200
MOST = 4

_Text = StringConstraints(strip_whitespace=True, min_length=1)


class Suggestion(BaseModel):
    """A question to begin with."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_TITLE)] = ""
    """A word above it, if there is one."""
    text: Annotated[str, _Text, Field(max_length=LONGEST_QUESTION)]


class Welcome(BaseModel):
    """What the empty screen says."""

    greeting: Annotated[str, _Text, Field(max_length=LONGEST_GREETING)]
    suggestions: Annotated[list[Suggestion], Field(max_length=MOST)]


WELCOME = Control(
    "answers.welcome",
    Welcome,
    Welcome(
        greeting="What would you like to know?",
        suggestions=[
            Suggestion(
                title="Explain",
                text="Explain how a hash table works, with a small example in Python.",
            ),
            Suggestion(
                title="Compare",
                text="Compare PostgreSQL and SQLite in a table, and say when to use which.",
            ),
            Suggestion(
                title="Plan", text="Plan three days in Lisbon for a family with a ten-year-old."
            ),
            Suggestion(
                title="Derive",
                text="Derive the formula for the roots of a quadratic equation, step by step.",
            ),
        ],
    ),
    "What the empty screen says: the greeting, and up to four questions to begin with.",
)
