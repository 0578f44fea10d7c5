"""What admins change while it runs: kept in the database, known to all processes in a moment.

Each domain declares its own at module level, with the value that holds until somebody changes it::

    scope = Control("cache.scope", CacheScope, CacheScope.SHARED, "Who may be given an answer ...")

``scope.value`` is this process's copy and costs nothing to read. Settings (:mod:`chatapp.settings`)
are what the operator says before the start; controls are what an admin says on a page.
"""

from chatapp.controls.service import (
    Control,
    Outdated,
    change,
    every,
    following,
    load,
    version_of,
)

__all__ = ["Control", "Outdated", "change", "every", "following", "load", "version_of"]
