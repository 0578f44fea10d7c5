"""What goes wrong with a tool, in words that the model and the person may read."""

from langchain_core.tools import ToolException
from pydantic import ValidationError

FAILED = "The tool failed. Go on without it, or try something else."


class ToolProblem(ToolException):
    """A tool could not do what was asked. Its text is a plain sentence, without any secret."""


def in_words(error: BaseException) -> str:
    """A short sentence for whatever a tool has raised: never a trace, never another's words."""
    if isinstance(error, ToolProblem):
        return str(error)
    if isinstance(error, ValidationError):
        return f"The arguments do not fit: {'; '.join(_misfits(error))}."
    return FAILED


def _misfits(error: ValidationError) -> list[str]:
    found = []
    for each in error.errors(include_url=False, include_context=False, include_input=False)[:5]:
        place = ".".join(str(part)[:40] for part in each["loc"])
        message = each["msg"].rstrip(".")
        found.append(f"{place}: {message}" if place else message)
    return found
