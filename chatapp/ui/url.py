"""What the URL in the browser says, from the moment on when it changes."""

import reflex as rx
from reflex.utils.imports import ImportVar
from reflex.vars import VarData


def url_parameter(name: str) -> rx.Var[str]:
    """A parameter of the URL; the empty text without it."""
    return rx.Var(
        _js_expr=f"(query.get('{name}') ?? '')",
        _var_type=str,
        _var_data=VarData(
            hooks={"const [query] = useSearchParams()": None},
            imports={"react-router": ImportVar(tag="useSearchParams")},
        ),
    )
