"""How long a backend may take until it has left, by the limits of each of its parts."""

from chatapp.accounts.sockets import LONGEST
from chatapp.answers.runner import CLOSING, DRAIN
from chatapp.history.counting import LAST
from chatapp.leaving import LAST_EVENTS
from chatapp.serve import GRACE
from chatapp.traces import LAST_SPANS

# Answers run on while sockets are sent away; those that come after that are closed then.
DEPARTURE = max(LONGEST + GRACE, DRAIN + CLOSING) + LAST_EVENTS + CLOSING + LAST + LAST_SPANS
"""Seconds from its first SIGTERM on."""
