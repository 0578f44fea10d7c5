"""The arguments of an event: only what the handler's annotations allow reaches the handler.

Reflex passes on a value that does not fit its annotation as it is. Here such an event is refused.
What fits arrives as what the annotation says: a ``UUID`` or an enum member, not its text.
"""

import inspect
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import PydanticUserError, TypeAdapter, ValidationError
from reflex.event import EventHandler
from reflex_base.utils.form import transform_form_data


class Misfit(ValueError):
    """Arguments that a handler does not take. Says the argument's name, never its value."""


@lru_cache(maxsize=2048)
def _parameters(function: Any) -> dict[str, tuple[Any, TypeAdapter[Any], bool]]:
    """Per argument its annotation, how it is checked, and whether it must be there."""
    hints = inspect.get_annotations(function, eval_str=True)
    taken: dict[str, tuple[Any, TypeAdapter[Any], bool]] = {}
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        name = parameter.name
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise Misfit(f"{name}: a handler names its arguments one by one")
        if name not in hints:
            raise Misfit(f"{name}: has no annotation")
        try:
            adapter = TypeAdapter(hints[name])
        except PydanticUserError as error:
            raise Misfit(f"{name}: its annotation cannot be checked") from error
        taken[name] = (hints[name], adapter, parameter.default is parameter.empty)
    return taken


def _mended(value: Any) -> Any:
    """A value whose half characters (lone surrogates, which cannot be stored) are replaced."""
    if isinstance(value, str):
        if value.isascii():
            return value
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if type(value) is list:
        return [_mended(item) for item in value]
    if type(value) is dict:
        return {_mended(key): _mended(item) for key, item in value.items()}
    return value


def _fit(annotation: Any, adapter: TypeAdapter[Any], value: Any) -> Any:
    value = transform_form_data(_mended(value), annotation)
    try:
        return adapter.validate_python(value, strict=True)
    except ValidationError:
        # From a browser everything is JSON: a UUID is a string, a tuple is a list.
        return adapter.validate_json(json.dumps(value), strict=True)


def fitted(handler: EventHandler, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as the handler's annotations say.

    Raises:
        Misfit: an argument is unknown, missing or of another type.
    """
    parameters = _parameters(handler.fn)
    if unknown := payload.keys() - parameters.keys():
        raise Misfit(f"{len(unknown)} unknown")
    result = {}
    for name, (annotation, adapter, needed) in parameters.items():
        if name not in payload:
            if needed:
                raise Misfit(f"{name}: missing")
            continue
        try:
            result[name] = _fit(annotation, adapter, payload[name])
        except (ValueError, TypeError, RecursionError) as error:
            raise Misfit(f"{name}: is of another type") from error
    return result
